//! TLS, HTTP/2, and how readers come to it.

mod http2;
mod running;

use crate::support::{Behaviour, Page, Replica, TestApp, header, spawn_with};
use bytes::Bytes;
use futures_util::future::join_all;
use gateway::{Application, CertificateSource, ProxyProtocol, Settings, TlsSettings};
use h2::client::SendRequest;
use rustls::HandshakeKind;
use rustls::pki_types::CertificateDer;
use std::net::SocketAddr;
use std::path::Path;
use std::time::Duration;
pub(crate) use test_kit::tls_connector as connector;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::task::JoinHandle;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

const REQUEST: &[u8] = b"GET /a HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";

/// A client of HTTP/2, and its connection, which ends when that does.
type Http2 = (SendRequest<Bytes>, JoinHandle<Result<(), h2::Error>>);

async fn http2(app: SocketAddr, name: &'static str) -> Http2 {
    let tcp = TcpStream::connect(app).await.unwrap();
    let stream = connector(&["h2"]).connect(name.try_into().unwrap(), tcp).await.unwrap();
    let (client, connection) = h2::client::handshake(stream).await.unwrap();
    (client, tokio::spawn(connection))
}

pub(crate) async fn connect(
    app: &TestApp,
    connector: &TlsConnector,
    name: &'static str,
) -> std::io::Result<TlsStream<TcpStream>> {
    let tcp = TcpStream::connect(app.tls.unwrap()).await?;
    connector.connect(name.try_into().unwrap(), tcp).await
}

pub(crate) async fn ask(stream: &mut TlsStream<TcpStream>) -> String {
    stream.write_all(REQUEST).await.unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await.unwrap();
    String::from_utf8_lossy(&answer).to_lowercase()
}

pub(crate) fn self_signed(settings: &mut Settings) {
    settings.tls = Some(TlsSettings {
        listen: ([127, 0, 0, 1], 0).into(),
        certificates: CertificateSource::SelfSigned(vec!["localhost".into()]),
        acme: None,
        public_port: 8443,
        only: true,
        hsts: Duration::from_hours(1),
    });
}

pub(crate) fn in_folder(settings: &mut Settings, folder: &Path) {
    self_signed(settings);
    let tls = settings.tls.as_mut().unwrap();
    tls.certificates = CertificateSource::Folder(folder.to_owned());
}

pub(crate) fn write_certificate(folder: &Path, file: &str, name: &str) -> CertificateDer<'static> {
    let made = rcgen::generate_simple_self_signed(vec![name.to_owned()]).unwrap();
    std::fs::write(folder.join(format!("{file}.crt")), made.cert.pem()).unwrap();
    std::fs::write(folder.join(format!("{file}.key")), made.signing_key.serialize_pem()).unwrap();
    made.cert.der().clone()
}

#[tokio::test]
async fn a_page_is_read_over_tls_and_the_service_is_told() {
    let pages = Replica::start(Behaviour::Echo("pages")).await;
    let app = spawn_with(&[], &[&pages], self_signed);

    let answer = ask(&mut connect(&app, &connector(&[]), "localhost").await.unwrap()).await;

    assert!(answer.starts_with("http/1.1 200 "), "{answer}");
    assert!(answer.contains("x-forwarded-proto: https\r\n"), "{answer}");
    let promise = "a self-signed certificate is no promise";
    assert!(!answer.contains("strict-transport-security"), "{promise}: {answer}");
}

#[tokio::test]
async fn whoever_comes_without_tls_is_sent_on_and_a_challenge_is_not() {
    let pages = Replica::start(Behaviour::Echo("pages")).await;
    let app = spawn_with(&[], &[&pages], self_signed);

    let sent = app.get("/blog/%E5%A2%A8?x=1", &[]).await;
    assert_eq!(sent.status(), 308);
    assert_eq!(header(&sent, "location"), "https://127.0.0.1:8443/blog/%E5%A2%A8?x=1");
    assert_eq!(app.get("/.well-known/acme-challenge/x", &[]).await.status(), 200);
    assert_eq!(pages.requests(), 1);

    let both = spawn_with(&[], &[&pages], |settings| {
        self_signed(settings);
        settings.tls.as_mut().unwrap().only = false;
    });
    assert_eq!(both.get("/", &[]).await.status(), 200);
}

#[tokio::test]
async fn each_host_has_its_certificate_and_readers_are_told_to_come_back_with_tls() {
    let folder = tempfile::tempdir().unwrap();
    let one = write_certificate(folder.path(), "one", "one.example");
    let other = write_certificate(folder.path(), "other", "other.example");
    let page = Page::new(200, "Cache-Control: max-age=60\r\n", "page");
    let pages = Replica::start(Behaviour::Page(page)).await;
    let app = spawn_with(&[], &[&pages], |settings| in_folder(settings, folder.path()));
    let connector = connector(&[]);

    for (name, certificate) in [("one.example", &one), ("other.example", &other)] {
        let mut stream = connect(&app, &connector, name).await.unwrap();
        assert_eq!(stream.get_ref().1.peer_certificates().unwrap().first(), Some(certificate));
        let answer = ask(&mut stream).await;
        assert!(answer.contains("strict-transport-security: max-age=3600\r\n"), "{answer}");
    }
    assert_eq!(pages.requests(), 1, "the second answer came from memory");
    assert!(connect(&app, &connector, "stranger.example").await.is_err());
}

#[tokio::test]
async fn a_session_is_resumed() {
    let pages = Replica::start(Behaviour::Echo("pages")).await;
    let app = spawn_with(&[], &[&pages], self_signed);
    let connector = connector(&[]);

    let mut kinds = Vec::new();
    for _ in 0..2 {
        let mut stream = connect(&app, &connector, "localhost").await.unwrap();
        ask(&mut stream).await;
        kinds.push(stream.get_ref().1.handshake_kind().unwrap());
    }

    assert_eq!(kinds, [HandshakeKind::Full, HandshakeKind::Resumed]);
}

#[tokio::test]
async fn many_requests_share_a_connection_of_http_2() {
    let page = Page::new(200, "Cache-Control: max-age=60\r\n", &"page".repeat(40_000));
    page.change(|page| page.pause = Duration::from_millis(50));
    let pages = Replica::start(Behaviour::Page(page.clone())).await;
    let mut app = spawn_with(&[], &[&pages], self_signed);
    let stream = connect(&app, &connector(&["h2", "http/1.1"]), "localhost").await.unwrap();
    assert_eq!(stream.get_ref().1.alpn_protocol(), Some(b"h2".as_slice()));
    drop(stream);
    let (mut client, connection) = http2(app.tls.unwrap(), "localhost").await;

    let mut answers = Vec::new();
    for _ in 0..10 {
        let request = http::Request::get("https://localhost/a").body(()).unwrap();
        client = client.ready().await.unwrap();
        answers.push(client.send_request(request, true).unwrap().0);
    }
    let read = async |answer: h2::client::ResponseFuture| {
        let answer = answer.await.unwrap();
        assert_eq!(answer.status(), 200);
        assert!(answer.headers().contains_key("x-request-id"));
        let mut body = answer.into_body();
        let mut length = 0;
        while let Some(piece) = body.data().await {
            let piece = piece.unwrap();
            length += piece.len();
            body.flow_control().release_capacity(piece.len()).unwrap();
        }
        length
    };
    let lengths = join_all(answers.into_iter().map(read)).await;
    assert_eq!(lengths, [160_000; 10]);
    assert_eq!(pages.requests(), 1);

    // The client is told in time that the connection ends.
    app.stop.take().unwrap().send(()).unwrap();
    connection.await.unwrap().unwrap();
    app.stopped.await.unwrap().unwrap();
}

#[tokio::test]
async fn the_proxy_header_comes_before_tls() {
    let pages = Replica::start(Behaviour::Echo("pages")).await;
    let app = spawn_with(&[], &[&pages], |settings| {
        self_signed(settings);
        settings.proxy_protocol = ProxyProtocol::Required;
    });
    let mut tcp = TcpStream::connect(app.tls.unwrap()).await.unwrap();
    tcp.write_all(b"PROXY TCP4 203.0.113.9 10.0.0.1 40000 443\r\n").await.unwrap();

    let name = "localhost".try_into().unwrap();
    let mut stream = connector(&[]).connect(name, tcp).await.unwrap();

    let answer = ask(&mut stream).await;
    assert!(answer.contains("x-forwarded-for: 203.0.113.9\r\n"), "{answer}");
}

#[tokio::test]
async fn a_handshake_that_never_ends_is_cut_off() {
    let app = spawn_with(&[], &[], |settings| {
        self_signed(settings);
        settings.header_timeout = Duration::from_millis(300);
    });
    let mut tcp = TcpStream::connect(app.tls.unwrap()).await.unwrap();
    tcp.write_all(b"\x16\x03\x01").await.unwrap();

    let end = tokio::time::timeout(Duration::from_secs(10), tcp.read(&mut [0; 8])).await;

    assert!(matches!(end, Ok(Ok(0) | Err(_))), "{end:?}");
}

#[tokio::test]
async fn a_missing_certificate_names_its_setting() {
    let folder = tempfile::tempdir().unwrap();
    let mut settings = Settings::default();
    settings.listen.set_port(0);
    settings.admin_listen.set_port(0);
    in_folder(&mut settings, folder.path());

    let Err(error) = Application::bind(&settings) else { panic!("there is no certificate") };

    assert!(error.to_string().contains("GATEWAY_TLS_FOLDER"), "{error}");
}

#[tokio::test]
async fn a_client_that_speaks_plain_http_to_the_port_of_https_is_told_so() {
    let app = spawn_with(&[], &[], self_signed);
    let mut tcp = TcpStream::connect(app.tls.unwrap()).await.unwrap();
    tcp.write_all(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n").await.unwrap();

    let mut answer = String::new();
    tcp.read_to_string(&mut answer).await.unwrap();

    assert!(answer.starts_with("HTTP/1.1 400 ") && answer.contains("https://"), "{answer}");
    app.until_metric("tls_handshake_failures_total{reason=\"Plain\"} 1\n").await;
}

#[tokio::test]
async fn tls_1_1_is_refused_with_an_alert_and_counted() {
    // A ClientHello of TLS 1.1 (RFC 4346 §7.4.1.2) that offers TLS_RSA_WITH_AES_128_CBC_SHA.
    let body = [&[3, 2][..], &[7; 32], &[0], &[0, 2, 0, 0x2f], &[1, 0]].concat();
    let length = u8::try_from(body.len()).unwrap();
    let hello = [&[22, 3, 1, 0, length + 4, 1, 0, 0, length][..], &body].concat();
    let app = spawn_with(&[], &[], self_signed);
    let mut tcp = TcpStream::connect(app.tls.unwrap()).await.unwrap();
    tcp.write_all(&hello).await.unwrap();

    let mut answer = Vec::new();
    tcp.read_to_end(&mut answer).await.unwrap();

    let (alert, fatal) = (21, 2);
    assert_eq!((answer[0], answer[5]), (alert, fatal), "{answer:?}");
    app.until_metric("tls_handshake_failures_total{reason=\"Protocol\"} 1\n").await;
}

#[tokio::test]
async fn the_metrics_say_when_each_certificate_ends() {
    let folder = tempfile::tempdir().unwrap();
    let mut params = rcgen::CertificateParams::new(vec!["one.example".to_owned()]).unwrap();
    params.not_after = rcgen::date_time_ymd(2131, 1, 2);
    let key = rcgen::KeyPair::generate().unwrap();
    std::fs::write(folder.path().join("one.crt"), params.self_signed(&key).unwrap().pem()).unwrap();
    std::fs::write(folder.path().join("one.key"), key.serialize_pem()).unwrap();

    let app = spawn_with(&[], &[], |settings| in_folder(settings, folder.path()));

    let name = "tls_certificate_expiry_timestamp_seconds";
    app.until_metric(&format!("{name}{{host=\"one.example\"}} 5080752000\n")).await;
}
