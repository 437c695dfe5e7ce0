//! Stopping, and ports.

use crate::support::{Behaviour, Replica, spawn_app, spawn_with};
use gateway::{Application, Settings};
use std::time::{Duration, Instant};
use tokio::net::TcpStream;

#[tokio::test]
async fn a_request_in_hand_is_finished_and_idle_connections_are_closed() {
    let slow = Replica::start(Behaviour::Slow(Duration::from_millis(400))).await;
    let mut app = spawn_app(&[&slow], &[]);
    let _idle = TcpStream::connect(app.addr).await.unwrap();
    let (addr, stop) = (app.addr, app.stop.take().unwrap());
    let asked = async {
        let answer = app.get("/api/x", &[]).await;
        (answer.status().as_u16(), answer.text().await.unwrap())
    };
    let stopping = async {
        while slow.requests() == 0 {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        stop.send(()).unwrap();
    };

    let (answer, ()) = tokio::join!(asked, stopping);

    assert_eq!(answer, (200, "slow".into()));
    app.stopped.await.unwrap().unwrap();
    assert!(TcpStream::connect(addr).await.is_err(), "nobody listens any more");
}

#[tokio::test]
async fn a_request_that_takes_too_long_does_not_keep_it() {
    let hangs = Replica::start(Behaviour::Hang).await;
    let mut app = spawn_with(&[&hangs], &[], |settings| {
        settings.upstream.read_timeout = Duration::from_mins(5);
        settings.drain = Duration::from_millis(200);
    });
    let stop = app.stop.take().unwrap();
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    let pending = tokio::spawn(client.get(format!("http://{}/api/x", app.addr)).send());
    while hangs.requests() == 0 {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }

    let started = Instant::now();
    stop.send(()).unwrap();
    app.stopped.await.unwrap().unwrap();

    assert!(started.elapsed() < Duration::from_secs(20), "{:?}", started.elapsed());
    pending.abort();
}

#[tokio::test]
async fn a_port_in_use_names_its_setting() {
    let app = spawn_app(&[], &[]);
    let mut settings = Settings { listen: app.addr, ..Settings::default() };
    settings.admin_listen.set_port(0);

    let Err(error) = Application::bind(&settings) else { panic!("the port is taken") };

    assert!(error.to_string().contains("GATEWAY_LISTEN"), "{error}");
}
