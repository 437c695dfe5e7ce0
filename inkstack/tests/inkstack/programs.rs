//! The four programs with real `MongoDB` and Redis, started in an awkward order.

use crate::support::{client, example, program, status, until, until_status};
use std::path::Path;
use std::process::Command;
use test_kit::{Process, Server, free_port};

#[tokio::test]
async fn each_waits_for_its_neighbours_and_recovers_when_they_come_back() {
    let (Some(mut mongod), Some(mut redis)) = (Server::mongod(), Server::redis()) else { return };
    mongod.kill();
    redis.kill();
    let folder = tempfile::tempdir().unwrap();
    let release = folder.path().join("release").display().to_string();
    let ports = Ports::free();
    let vars = ports.vars(&mongod.uri(), &redis.uri(), &release);
    let vars: Vec<(&str, &str)> =
        vars.iter().map(|(name, value)| (*name, value.as_str())).collect();
    let start = |name: &str| start(name, &vars, folder.path());
    let (client, site) = (client(), format!("http://127.0.0.1:{}", ports.gateway));
    let list = format!("{site}/api/v1/posts");

    // The gateway alone: it is there, and says that nobody is behind it.
    let gateway = start("gateway");
    until_status(&client, &site, 503).await;
    // The loader and the API wait for neighbours that are not there.
    let loader = start("content-loader");
    let api = start("api");
    let nothing = async || {
        let answer = client.get(&list).send().await.ok()?.text().await.ok()?;
        answer.contains("nothing_registered").then_some(())
    };
    until("the API's own answer", nothing).await;
    let blog_static = start("blog-static");
    until_status(&client, &site, 503).await;

    let built = Command::new(program("inkstack"))
        .args(["build", &example().display().to_string(), "--out", &release])
        .output()
        .unwrap();
    assert!(built.status.success(), "{built:?}");
    // Pages come before the database does.
    until_status(&client, &site, 200).await;
    assert_eq!(status(&client, &list).await, 503);
    mongod.resume();
    assert_eq!(loader.wait(), 0);
    until_status(&client, &list, 200).await;
    redis.resume();

    // The API goes: pages stay. It comes back: so do the lists.
    api.kill();
    assert_eq!(status(&client, &site).await, 200);
    assert_eq!(status(&client, &list).await, 503);
    let api = start("api");
    until_status(&client, &list, 200).await;
    // The stores go: what is known stays.
    mongod.kill();
    redis.kill();
    assert_eq!(status(&client, &list).await, 200);
    assert_eq!(status(&client, &site).await, 200);

    for program in [gateway, api, blog_static] {
        program.signal("TERM");
        let log = program.log();
        assert_eq!(program.wait(), 0, "{log}");
    }
}

/// Where each program listens.
pub(crate) struct Ports {
    pub(crate) gateway: u16,
    pub(crate) api: u16,
    api_admin: u16,
    pages: u16,
    pages_admin: u16,
    gateway_admin: u16,
}

impl Ports {
    pub(crate) fn free() -> Self {
        Self {
            gateway: free_port(),
            api: free_port(),
            api_admin: free_port(),
            pages: free_port(),
            pages_admin: free_port(),
            gateway_admin: free_port(),
        }
    }

    fn vars(&self, mongodb: &str, redis: &str, release: &str) -> Vec<(&'static str, String)> {
        let mut vars = self.listeners(release);
        vars.push(("MONGODB_URI", mongodb.to_owned()));
        vars.push(("REDIS_URI", redis.to_owned()));
        vars
    }

    /// The settings of all programs, but for where the API and the loader keep posts.
    pub(crate) fn listeners(&self, release: &str) -> Vec<(&'static str, String)> {
        let at = |port: u16| format!("127.0.0.1:{port}");
        vec![
            ("GATEWAY_LISTEN", at(self.gateway)),
            ("GATEWAY_ADMIN_LISTEN", at(self.gateway_admin)),
            ("GATEWAY_API", format!("localhost:{}/{}", self.api, self.api_admin)),
            ("GATEWAY_BLOG_STATIC", format!("localhost:{}/{}", self.pages, self.pages_admin)),
            ("API_LISTEN", at(self.api)),
            ("API_ADMIN_LISTEN", at(self.api_admin)),
            ("BLOG_STATIC_LISTEN", at(self.pages)),
            ("BLOG_STATIC_ADMIN_LISTEN", at(self.pages_admin)),
            ("BLOG_STATIC_RELEASE", release.to_owned()),
            ("CONTENT_LOADER_BLOG_STATIC", at(self.pages)),
        ]
    }
}

/// Starts the program `name`, which logs to `folder`.
pub(crate) fn start(name: &str, vars: &[(&str, &str)], folder: &Path) -> Process {
    let log = folder.join(format!("{name}.log"));
    Process::start::<&str>(&program(name), &[], vars, &log)
}
