//! A real Prometheus with the project's own configuration, but for where the services are.

use super::files;
use super::running::Running;
use serde_json::Value;
use std::path::Path;
use test_kit::{Process, find_program, free_port, wait_for_port};

/// A Prometheus. It ends when this is dropped.
pub(super) struct Prometheus {
    url: String,
    _process: Process,
}

impl Prometheus {
    /// Starts one that watches `stack`, or `None` if this machine has none.
    pub(super) fn start(stack: &Running) -> Option<Self> {
        let program = find_program("prometheus")?;
        let folder = stack.folder.path();
        let config = folder.join("prometheus.yml");
        std::fs::write(&config, configuration(stack)).unwrap();
        std::fs::create_dir(folder.join("rules")).unwrap();
        let rules = files::read("rules/blog.yml");
        std::fs::write(folder.join("rules/blog.yml"), rules).unwrap();
        let port = free_port();
        let process = start(&program, folder, port);
        assert!(wait_for_port(port), "prometheus does not start:\n{}", process.log());
        Some(Self { url: format!("http://127.0.0.1:{port}/api/v1"), _process: process })
    }

    /// What it answers to `expression` now; nothing as long as it starts.
    pub(super) async fn query(&self, stack: &Running, expression: &str) -> Vec<Value> {
        let asked = stack.client.get(format!("{}/query", self.url)).query(&[("query", expression)]);
        let answer = asked.send().await.unwrap();
        if answer.status() == 503 {
            return Vec::new();
        }
        let answer: Value = answer.json().await.unwrap();
        assert_eq!(answer["status"], "success", "{expression}: {answer}");
        answer["data"]["result"].as_array().unwrap().clone()
    }

    /// Its rules, as it read them.
    pub(super) async fn rules(&self, stack: &Running) -> Vec<Value> {
        let asked = stack.client.get(format!("{}/rules", self.url)).send().await.unwrap();
        let answer: Value = asked.json().await.unwrap();
        let groups = answer["data"]["groups"].as_array().unwrap().iter();
        groups.flat_map(|group| group["rules"].as_array().unwrap()).cloned().collect()
    }
}

fn start(program: &Path, folder: &Path, port: u16) -> Process {
    let arguments = [
        format!("--config.file={}", folder.join("prometheus.yml").display()),
        format!("--storage.tsdb.path={}", folder.join("tsdb").display()),
        format!("--web.listen-address=127.0.0.1:{port}"),
    ];
    Process::start(program, &arguments, &[], &folder.join("prometheus.log"))
}

/// The project's configuration with each job's address in place of its name, and without its
/// patience.
fn configuration(stack: &Running) -> String {
    let mut text = files::read("prometheus.yml");
    for (patient, hasty) in [
        ("scrape_interval: 10s", "scrape_interval: 1s"),
        ("scrape_timeout: 5s", "scrape_timeout: 1s"),
        ("evaluation_interval: 10s", "evaluation_interval: 1s"),
    ] {
        assert!(text.contains(patient), "{patient}");
        text = text.replace(patient, hasty);
    }
    for job in files::jobs() {
        let named = format!(
            "    dns_sd_configs:\n      - names: [{}]\n        type: A\n        port: {}\n        \
             refresh_interval: 5s\n",
            job.dns, job.port
        );
        assert!(text.contains(&named), "{named}");
        let port = stack.admins[job.name.as_str()];
        let fixed = format!("    static_configs:\n      - targets: [\"127.0.0.1:{port}\"]\n");
        text = text.replace(&named, &fixed);
    }
    text
}
