//! Any text as `Cache-Control`: what forbids forbids wherever it stands, and nothing that is added
//! makes an answer fresh for longer.

#![no_main]

use gateway::CacheControl;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|header: &str| {
    let fresh = |header: &str| CacheControl::read(header).freshness();
    assert_eq!(fresh(&format!("no-store, {header}")), None);
    let Some(alone) = fresh(header) else { return };
    assert!(alone.fresh.as_secs() <= 1 << 31);
    if let Some(more) = fresh(&format!("max-age=1, s-maxage=1, {header}")) {
        assert!(more.fresh <= alone.fresh);
    }
});
