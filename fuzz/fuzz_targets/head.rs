//! Any bytes as a request's head: what passes means one thing to a second parser, and no path that
//! passes leads anywhere else when it is decoded.

#![no_main]

use gateway::{Route, accepted, route};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let Some(head) = accepted(bytes) else { return };
    assert_eq!(accepted(&head).as_deref(), Some(&*head), "it is in its last form");
    let mut headers = [httparse::EMPTY_HEADER; 128];
    let mut request = httparse::Request::new(&mut headers);
    let parsed = request.parse(&head).expect("a second parser takes it");
    assert!(parsed.is_complete());
    let count = |name: &str| {
        request.headers.iter().filter(|header| header.name.eq_ignore_ascii_case(name)).count()
    };
    assert!(count("host") <= 1);
    assert!(count("content-length") + count("transfer-encoding") <= 1);
    let target = request.path.expect("it is complete");
    assert!(target.starts_with('/') || target == "*", "{target}");
    let path = target.split('?').next().unwrap_or_default();
    if let Ok(led) = route(path) {
        let decoded = path.replace("%2e", ".").replace("%2E", ".");
        assert!(!decoded.split('/').any(|segment| segment == "." || segment == ".."), "{path}");
        let hidden = path.starts_with("/_") || path.to_lowercase().starts_with("/%5f");
        assert_eq!(led == Route::Hidden, hidden, "{path}");
    }
});
