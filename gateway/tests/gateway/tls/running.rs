//! Certificates change and the gateway stops, and no client notices.

use super::{ask, connect, connector, http2, in_folder, write_certificate};
use crate::support::{Behaviour, Page, Replica, spawn_with};
use bytes::Bytes;
use h2::Reason;
use h2::client::SendRequest;
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Command, Output};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

/// Asks one thing and reads the answer to its end.
async fn ask_once(client: &mut SendRequest<Bytes>) -> Result<(), h2::Error> {
    let request = http::Request::get("https://one.example/a").body(()).unwrap();
    let (answer, _) = client.send_request(request, true)?;
    let answer = answer.await?;
    assert_eq!(answer.status(), 200);
    let mut body = answer.into_body();
    while let Some(piece) = body.data().await {
        let piece = piece.expect("an answer that begins also ends");
        body.flow_control().release_capacity(piece.len()).unwrap();
    }
    Ok(())
}

/// Asks one thing after another over HTTP/2 until it is told to stop; how many answers it had. What it
/// was about to ask then, it asks the gateway `elsewhere`, as a browser would.
async fn ask_over_http_2(app: SocketAddr, elsewhere: SocketAddr, answers: Arc<AtomicUsize>) {
    let (mut client, connection) = http2(app, "one.example").await;
    // It is not ready any more when it was told that the connection ends.
    while let Ok(ready) = client.ready().await {
        client = ready;
        match ask_once(&mut client).await {
            // The request crossed the farewell, whose number says that nobody has looked at it (RFC 9113
            // §6.8), or was never sent.
            Err(error) if error.is_go_away() && error.reason() == Some(Reason::NO_ERROR) => {
                let (other, _connection) = http2(elsewhere, "one.example").await;
                let mut other = other.ready().await.unwrap();
                ask_once(&mut other)
                    .await
                    .expect("a request that was not heard is answered elsewhere");
            }
            answered => answered.expect("a request that was heard is answered"),
        }
        answers.fetch_add(1, Ordering::SeqCst);
    }
    // All is answered; the client's own farewell may find nobody.
    let _ = connection.await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn stopping_loses_no_request_over_http_2() {
    const CLIENTS: usize = 16;
    let folder = tempfile::tempdir().unwrap();
    write_certificate(folder.path(), "one", "one.example");
    let pages = Replica::start(Behaviour::Status(200, "the page")).await;
    let next = spawn_with(&[], &[&pages], |settings| in_folder(settings, folder.path()));
    let mut asked = 0;

    for _ in 0..10 {
        let mut app = spawn_with(&[], &[&pages], |settings| in_folder(settings, folder.path()));
        let answers = Arc::new(AtomicUsize::new(0));
        let clients: Vec<_> = (0..CLIENTS)
            .map(|_| ask_over_http_2(app.tls.unwrap(), next.tls.unwrap(), answers.clone()))
            .map(tokio::spawn)
            .collect();
        while answers.load(Ordering::SeqCst) < CLIENTS * 3 {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }

        app.stop.take().unwrap().send(()).unwrap();

        for client in clients {
            client.await.unwrap();
        }
        app.stopped.await.unwrap().unwrap();
        asked += answers.load(Ordering::SeqCst);
        assert_eq!(pages.requests(), asked, "nothing was looked at and not answered");
    }
}

#[tokio::test]
async fn a_client_of_http_2_that_is_gone_without_a_word_does_not_hold_it() {
    let folder = tempfile::tempdir().unwrap();
    write_certificate(folder.path(), "one", "one.example");
    let pages = Replica::start(Behaviour::Status(200, "the page")).await;
    let mut app = spawn_with(&[], &[&pages], |settings| in_folder(settings, folder.path()));
    let stream = connect(&app, &connector(&["h2"]), "one.example").await.unwrap();
    let (mut client, mut connection) = h2::client::handshake(stream).await.unwrap();
    let request = http::Request::get("https://one.example/a").body(()).unwrap();
    let (answer, _) = client.send_request(request, true).unwrap();
    tokio::select! {
        answer = answer => assert_eq!(answer.unwrap().status(), 200),
        ended = &mut connection => panic!("{ended:?}"),
    }

    // From now on nobody reads what the gateway says.
    let began = Instant::now();
    app.stop.take().unwrap().send(()).unwrap();
    app.stopped.await.unwrap().unwrap();

    assert!(began.elapsed() < Duration::from_secs(6), "{:?}", began.elapsed());
    drop(connection);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_new_certificate_is_taken_under_load_without_a_failed_request() {
    let folder = tempfile::tempdir().unwrap();
    write_certificate(folder.path(), "one", "one.example");
    let page = Page::new(200, "Cache-Control: max-age=60\r\n", "page");
    let pages = Replica::start(Behaviour::Page(page)).await;
    let mut app = spawn_with(&[], &[&pages], |settings| in_folder(settings, folder.path()));
    let answers = Arc::new(AtomicUsize::new(0));
    let next = spawn_with(&[], &[&pages], |settings| in_folder(settings, folder.path()));
    let asking = ask_over_http_2(app.tls.unwrap(), next.tls.unwrap(), answers.clone());
    let kept = tokio::spawn(asking);
    // As long as the first look at the folder is not over, a change may not be seen as one.
    app.until_metric("tls_certificate_expiry_timestamp_seconds{host=\"one.example\"}").await;

    let new = write_certificate(folder.path(), "one", "one.example");
    let began = Instant::now();
    let mut fresh = 0;
    loop {
        let mut stream = connect(&app, &connector(&[]), "one.example").await.unwrap();
        let is_new = stream.get_ref().1.peer_certificates().unwrap()[0] == new;
        assert!(ask(&mut stream).await.starts_with("http/1.1 200 "));
        fresh += 1;
        if is_new {
            break;
        }
        assert!(began.elapsed() < Duration::from_mins(1), "the certificate is not taken");
    }

    assert!(fresh > 1 && answers.load(Ordering::SeqCst) > 0);
    app.stop.take().unwrap().send(()).unwrap();
    kept.await.unwrap();
    app.stopped.await.unwrap().unwrap();
}

/// Runs the program itself with a folder of certificates.
fn program(command: &str, folder: &Path) -> Output {
    Command::new(env!("CARGO_BIN_EXE_gateway"))
        .arg(command)
        .env_clear()
        .env("GATEWAY_TLS_LISTEN", "127.0.0.1:0")
        .env("GATEWAY_TLS_FOLDER", folder)
        .env("GATEWAY_ADMIN_LISTEN", "127.0.0.1:9")
        .output()
        .unwrap()
}

#[test]
fn a_bad_certificate_stops_a_start_with_its_name_and_says_nothing_of_a_gateway_that_runs() {
    let folder = tempfile::tempdir().unwrap();
    write_certificate(folder.path(), "one", "one.example");
    assert_eq!(program("check", folder.path()).status.code(), Some(0));

    std::fs::write(folder.path().join("one.key"), "nonsense").unwrap();
    let output = program("check", folder.path());
    let said = String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned();
    assert_eq!(output.status.code(), Some(64), "{said}");
    assert!(said.contains("GATEWAY_TLS_FOLDER") && said.contains("one.key"), "{said}");

    // Nobody listens there: the question was asked, and the certificates were not looked at.
    assert_eq!(program("healthcheck", folder.path()).status.code(), Some(1));
}
