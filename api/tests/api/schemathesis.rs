//! What the API's own document promises, asked by schemathesis: thousands of requests, most of them
//! wrong.

use crate::support::{TOKEN, spawn_set};
use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use store::{MemoryTally, MongoSettings, StoreSettings};
use test_kit::{find_program, post, posts};

/// Requests for each operation and phase, from one seed: the same each time.
const EXAMPLES: &str = "15";
/// It takes half a minute; a hanging answer must not take for ever.
const SECONDS: &str = "300";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_api_answers_as_its_document_says() {
    let Some(schemathesis) = find_program("st") else { return };
    let folder = tempfile::tempdir().unwrap();
    // The store makes no difference to what is asked.
    let store = match test_kit::mongod() {
        Some(server) => StoreSettings::Mongo(MongoSettings {
            uri: server.uri().into(),
            database: server.database(),
        }),
        None => StoreSettings::Sqlite(folder.path().join("blog.sqlite")),
    };
    let set = [
        ("API_WRITES_PER_MINUTE", "100000"),
        ("API_COMMENTS", "open"),
        ("API_ADMIN_TOKEN", TOKEN),
        ("API_COMMENT_BITS", "0"),
    ];
    let app = spawn_set(&store, Vec::new(), Arc::new(MemoryTally::default()), folder, set).await;
    let mut all = posts(30, 1);
    // The document's examples are there.
    let mut example = post("2019/191014-Redis缓存", "2019-10-14", &["redis"], 1);
    example.summary.series = Some("数据库笔记".into());
    example.summary.updated = Some(example.summary.published_at);
    all.push(example);
    app.register(1, &all).await;
    let url = format!("{}/api/v1/openapi.json", app.url);
    let config = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tools/schemathesis.toml");
    let folder = tempfile::tempdir().unwrap();
    let mut command = Command::new("timeout");
    command.arg(SECONDS).arg(&schemathesis).arg("--no-color").arg("--config-file").arg(config);
    command.args(["run", &url, "--seed", "1", "--max-examples", EXAMPLES]);
    command.args(["-H", &format!("Authorization: Bearer {TOKEN}")]);
    command.arg("--continue-on-failure").current_dir(folder.path());

    let output = tokio::task::spawn_blocking(move || command.output().unwrap()).await.unwrap();

    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{said}\n{}", String::from_utf8_lossy(&output.stderr));
    assert!(said.contains("Coverage") && !said.contains("Tested: 0"), "{said}");
}
