//! Staying, for a preview.

use crate::support::{Served, Source, Target};
use std::path::Path;
use std::time::{Duration, Instant};
use test_kit::{Process, brevs, posts};

async fn until(what: &str, process: &Process, is_so: impl AsyncFn() -> bool) {
    let started = Instant::now();
    while !is_so().await {
        assert!(
            started.elapsed() < Duration::from_mins(1),
            "{what} never comes:\n{}",
            process.log()
        );
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

#[tokio::test]
async fn each_release_that_comes_is_registered_until_it_is_told_to_stop() {
    for target in Target::each() {
        let source = Source::start(Served::new(1, &posts(10, 1)));
        let folder = tempfile::tempdir().unwrap();
        let (addr, vars) = (source.addr.to_string(), target.vars());
        let mut vars: Vec<(&str, &str)> =
            vars.iter().map(|(name, value)| (*name, value.as_str())).collect();
        vars.push(("CONTENT_LOADER_BLOG_STATIC", &addr));
        let program = Path::new(env!("CARGO_BIN_EXE_content-loader"));
        let log = folder.path().join("log");
        let process = Process::start(program, &["--watch"], &vars, &log);
        let shown = async |wanted: Vec<String>| target.listed().await == wanted;
        until("the first", &process, async || shown(brevs(&posts(10, 1))).await).await;

        source.serve(Served::new(2, &posts(4, 2)));
        let refused = async || process.log().contains("--allow-shrink");
        until("the refusal", &process, refused).await;
        assert_eq!(target.listed().await, brevs(&posts(10, 1)));
        source.serve(Served::new(3, &posts(11, 3)));
        until("the third", &process, async || shown(brevs(&posts(11, 3))).await).await;

        process.signal("TERM");
        let said = process.log();
        assert_eq!(process.wait(), 0, "{said}");
        assert_eq!(said.matches("--allow-shrink").count(), 1, "{said}");
        assert!(said.contains("readers see release"), "{said}");
    }
}
