//! A new gateway on the ports of the one that runs.

use crate::support::{Behaviour, Replica, TestApp, spawn_app, spawn_with};
use crate::tls::{ask, connect, connector, in_folder, write_certificate};
use gateway::{Application, Settings};
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;
use test_kit::Process;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

/// Asks again and again, on one connection for as long as it goes on, until it is told to stop; every
/// question is answered, or its connection had ended before.
async fn ask_without_pause(addr: SocketAddr, answers: Arc<AtomicUsize>, enough: Arc<AtomicBool>) {
    const REQUEST: &[u8] = b"GET /page HTTP/1.1\r\nHost: a\r\n\r\n";
    while !enough.load(Ordering::SeqCst) {
        let mut stream = TcpStream::connect(addr).await.unwrap();
        loop {
            stream.write_all(REQUEST).await.unwrap();
            let mut answer = Vec::new();
            while !answer.ends_with(b"the page") {
                let read = stream.read_buf(&mut answer).await.unwrap();
                assert!(read > 0, "no answer but {:?}", String::from_utf8_lossy(&answer));
            }
            answers.fetch_add(1, Ordering::SeqCst);
            let answer = String::from_utf8_lossy(&answer).to_lowercase();
            assert!(answer.starts_with("http/1.1 200 "), "{answer}");
            if answer.contains("\r\nconnection: close\r\n") || enough.load(Ordering::SeqCst) {
                break;
            }
        }
    }
}

/// Waits until somebody is at `path`.
async fn until_post(path: &Path) {
    while !path.exists() {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

/// On the ports of `app`, or on free ones.
fn at(path: &Path, app: Option<&TestApp>) -> impl Fn(&mut Settings) {
    let ports = app.map(|app| (app.addr, app.admin, app.tls));
    let path = path.to_owned();
    move |settings| {
        settings.handover = Some(path.clone());
        if let Some((addr, admin, secure)) = ports {
            (settings.listen, settings.admin_listen) = (addr, admin);
            if let Some((tls, secure)) = settings.tls.as_mut().zip(secure) {
                tls.listen = secure;
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_after_another_takes_the_ports_and_no_request_fails() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("gateway.sock");
    write_certificate(folder.path(), "one", "one.example");
    let pages = Replica::start(Behaviour::Status(200, "the page")).await;
    let spawn = |before: Option<&TestApp>| {
        spawn_with(&[], &[&pages], |settings| {
            in_folder(settings, folder.path());
            settings.tls.as_mut().unwrap().only = false;
            at(&path, before)(settings);
        })
    };
    let first = spawn(None);
    first.until_metric("upstream_replicas{upstream=\"blog-static\",state=\"healthy\"} 1\n").await;
    until_post(&path).await;
    let (answers, enough) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicBool::new(false)));
    let clients: Vec<_> = (0..16)
        .map(|_| tokio::spawn(ask_without_pause(first.addr, answers.clone(), enough.clone())))
        .collect();

    let mut running = first;
    for _ in 0..5 {
        let next = spawn(Some(&running));
        assert_eq!((next.addr, next.admin, next.tls), (running.addr, running.admin, running.tls));
        running.stopped.await.unwrap().unwrap();
        let before = answers.load(Ordering::SeqCst);
        while answers.load(Ordering::SeqCst) < before + 100 {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        let mut stream = connect(&next, &connector(&[]), "one.example").await.unwrap();
        assert!(ask(&mut stream).await.starts_with("http/1.1 200 "));
        running = next;
    }

    enough.store(true, Ordering::SeqCst);
    for client in clients {
        client.await.unwrap();
    }
    assert_eq!(running.get("/page", &[]).await.status(), 200);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_successor_that_never_serves_changes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("gateway.sock");
    let pages = Replica::start(Behaviour::Status(200, "the page")).await;
    let ill = Replica::ill(Behaviour::Status(200, "not this")).await;
    let first = spawn_with(&[], &[&pages], at(&path, None));
    until_post(&path).await;
    let broken = spawn_with(&[], &[&ill], at(&path, Some(&first)));
    // One at a time.
    let mut settings = Settings::default();
    at(&path, Some(&first))(&mut settings);
    let third = tokio::task::spawn_blocking(move || Application::bind(&settings).map(drop));
    let error = third.await.unwrap().unwrap_err();
    assert!(error.to_string().contains("GATEWAY_HANDOVER"), "{error}");

    for _ in 0..20 {
        assert_eq!(first.get("/page", &[]).await.text().await.unwrap(), "the page");
    }
    broken.stopped.abort();

    assert_eq!(first.get("/page", &[]).await.text().await.unwrap(), "the page");
    let next = spawn_with(&[], &[&pages], at(&path, Some(&first)));
    first.stopped.await.unwrap().unwrap();
    assert_eq!(next.get("/page", &[]).await.text().await.unwrap(), "the page");
}

#[tokio::test]
async fn the_program_that_was_relieved_ends_well_with_a_line_for_each_request() {
    let folder = tempfile::tempdir().unwrap();
    let pages = Replica::start(Behaviour::Status(200, "the page")).await;
    // Ports that were free a moment ago.
    let (addr, admin) = {
        let app = spawn_app(&[], &[]);
        app.stopped.abort();
        let _ = app.stopped.await;
        (app.addr.to_string(), app.admin.to_string())
    };
    let (socket, origin) = (folder.path().join("gateway.sock"), pages.origin().to_string());
    let start = |name: &str| {
        let vars = [
            ("GATEWAY_LISTEN", &*addr),
            ("GATEWAY_ADMIN_LISTEN", &*admin),
            ("GATEWAY_BLOG_STATIC", &*origin),
            ("GATEWAY_HANDOVER", socket.to_str().unwrap()),
        ];
        let program = Path::new(env!("CARGO_BIN_EXE_gateway"));
        Process::start::<&str>(program, &[], &vars, &folder.path().join(name))
    };
    let page = async || {
        for _ in 0..600 {
            match reqwest::get(format!("http://{addr}/page")).await {
                Ok(answer) => return answer.text().await.unwrap(),
                Err(_) => tokio::time::sleep(Duration::from_millis(50)).await,
            }
        }
        panic!("nobody serves")
    };

    let first = start("first");
    for _ in 0..300 {
        assert_eq!(page().await, "the page");
    }
    let _second = start("second");

    let status = tokio::task::spawn_blocking(move || first.wait());
    assert_eq!(status.await.unwrap(), 0);
    let log = std::fs::read_to_string(folder.path().join("first")).unwrap();
    let lines = log.lines().filter(|line| line.contains("GET /page 200 "));
    assert_eq!(lines.count(), 300, "{log}");
    assert_eq!(page().await, "the page");
}
