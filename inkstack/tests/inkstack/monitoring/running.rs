//! All services of the stack, started as programs, with readers.

use super::exported::Exported;
use crate::support::{client, example, program, until, until_status};
use reqwest::Client;
use std::collections::BTreeMap;
use std::process::Command;
use test_kit::{Process, free_port};

/// The services. They end when this is dropped.
pub(super) struct Running {
    _services: Vec<Process>,
    pub(super) client: Client,
    /// Where each job answers `/metrics`.
    pub(super) admins: BTreeMap<&'static str, u16>,
    pub(super) folder: tempfile::TempDir,
    site: String,
}

impl Running {
    /// Starts all, with a release that is registered. A few requests have failed before.
    pub(super) async fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let inside = |name: &str| folder.path().join(name).display().to_string();
        let at = |port: u16| format!("127.0.0.1:{port}");
        let jobs = ["door", "gateway", "api", "blog-static"];
        let admins: BTreeMap<&str, u16> = jobs.iter().map(|job| (*job, free_port())).collect();
        let ports: BTreeMap<&str, u16> = jobs.iter().map(|job| (*job, free_port())).collect();
        let origin = |job: &str| format!("{}/{}", at(ports[job]), admins[job]);
        let redis = test_kit::redis().map(test_kit::Server::uri).unwrap_or_default();
        let vars = [
            ("DOOR_FORWARD", format!("{}={}", at(ports["door"]), origin("gateway"))),
            ("DOOR_ADMIN_LISTEN", at(admins["door"])),
            ("GATEWAY_LISTEN", at(ports["gateway"])),
            ("GATEWAY_ADMIN_LISTEN", at(admins["gateway"])),
            ("GATEWAY_API", origin("api")),
            ("GATEWAY_BLOG_STATIC", origin("blog-static")),
            ("API_LISTEN", at(ports["api"])),
            ("API_ADMIN_LISTEN", at(admins["api"])),
            ("BLOG_STATIC_LISTEN", at(ports["blog-static"])),
            ("BLOG_STATIC_ADMIN_LISTEN", at(admins["blog-static"])),
            ("BLOG_STATIC_RELEASE", inside("release")),
            ("CONTENT_LOADER_BLOG_STATIC", at(ports["blog-static"])),
            ("SQLITE_PATH", inside("blog.sqlite")),
            ("REDIS_URI", redis),
        ];
        let vars: Vec<(&str, &str)> =
            vars.iter().map(|(name, value)| (*name, value.as_str())).collect();
        let start = |name: &str| {
            let log = folder.path().join(format!("{name}.log"));
            Process::start::<&str>(&program(name), &[], &vars, &log)
        };
        let client = client();
        let site = format!("http://{}", at(ports["gateway"]));

        let mut services: Vec<Process> = ["door", "gateway"].map(start).into();
        for path in ["/", "/api/v1/posts"] {
            until_status(&client, &format!("{site}{path}"), 503).await;
        }
        let built = Command::new(program("inkstack"))
            .args(["build", &example().display().to_string(), "--no-compress", "--out"])
            .arg(inside("release"))
            .output()
            .unwrap();
        assert!(built.status.success(), "{built:?}");
        services.extend(["api", "blog-static"].map(start));
        assert_eq!(start("content-loader").wait(), 0);
        for path in ["/", "/api/v1/posts"] {
            until_status(&client, &format!("{site}{path}"), 200).await;
        }
        Self { client, admins, folder, site, _services: services }
    }

    /// Reads a little of everything, some of it twice.
    pub(super) async fn read(&self) {
        for path in ["/", "/tags", "/api/v1/posts", "/api/v1/tags", "/api/v1/tags", "/nothing"] {
            let answer = self.client.get(format!("{}{path}", self.site)).send().await.unwrap();
            answer.bytes().await.unwrap();
        }
    }

    /// What the services export now.
    pub(super) async fn exported(&self) -> Exported {
        let mut exported = Exported::default();
        for (job, port) in &self.admins {
            exported.add(job, &self.metrics(*port).await);
        }
        exported
    }

    /// Waits until the gateway has checked its replicas, which it does each second.
    pub(super) async fn until_checked(&self) {
        let checked = async || {
            let text = self.metrics(self.admins["gateway"]).await;
            let healthy = text.lines().filter(|line| line.starts_with("upstream_replicas{"));
            let healthy = healthy.filter(|line| line.ends_with("state=\"healthy\"} 1"));
            (healthy.count() == 2).then_some(())
        };
        until("a healthy replica of each", checked).await;
    }

    async fn metrics(&self, port: u16) -> String {
        let asked = self.client.get(format!("http://127.0.0.1:{port}/metrics")).send();
        asked.await.unwrap().text().await.unwrap()
    }
}
