//! Certificates from an authority: a double that checks what a real one checks.

use crate::support::{Behaviour, Replica, TestApp, spawn_with};
use crate::tls::{ask, connect, connector, in_folder};
use gateway::{AcmeSettings, Challenge, Settings};
use rcgen::{CertificateParams, KeyPair, date_time_ymd};
use rustls::crypto::ring;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;
use rustls::{ClientConfig, RootCertStore};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use test_kit::Authority;
use tokio_rustls::TlsConnector;

const LONG: Duration = Duration::from_hours(1);
/// A gateway looks twice in this time.
const LOOKS: Duration = Duration::from_secs(5);
const DAY: Duration = Duration::from_hours(24);

/// Settings of a gateway that keeps certificates of `authority` for `hosts` in `folder`.
fn keeping(
    authority: &Authority,
    folder: &Path,
    hosts: &[&str],
    retry: Duration,
) -> impl Fn(&mut Settings) {
    let acme = AcmeSettings {
        hosts: hosts.iter().map(|host| host.parse().unwrap()).collect(),
        directory: authority.directory(),
        challenge: Challenge::Http01,
        contact: Some("someone@blog.example".into()),
        roots: Some(authority.roots()),
        retry,
    };
    let folder = folder.to_owned();
    move |settings| {
        in_folder(settings, &folder);
        settings.tls.as_mut().unwrap().acme = Some(acme.clone());
    }
}

/// A client that believes `authority` alone.
fn believing(authority: &Authority) -> TlsConnector {
    let mut roots = RootCertStore::empty();
    for root in CertificateDer::pem_file_iter(authority.roots()).unwrap() {
        roots.add(root.unwrap()).unwrap();
    }
    let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    TlsConnector::from(Arc::new(config))
}

/// The certificate that `app` shows, and whether a page comes with it.
async fn shown(app: &TestApp, connector: &TlsConnector, host: &'static str) -> Option<Vec<u8>> {
    let mut stream = connect(app, connector, host).await.ok()?;
    let certificate = stream.get_ref().1.peer_certificates().unwrap()[0].to_vec();
    assert!(ask(&mut stream).await.starts_with("http/1.1 200 "));
    Some(certificate)
}

async fn until<T>(what: &str, mut look: impl AsyncFnMut() -> Option<T>) -> T {
    for _ in 0..600 {
        if let Some(found) = look().await {
            return found;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("{what} does not come");
}

/// A certificate of 90 days for `host`, of which so many are left, signed by nobody.
fn write_old(folder: &Path, host: &str, days_left: u32) -> Vec<u8> {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    let mut params = CertificateParams::new(vec![host.to_owned()]).unwrap();
    params.not_after = date_time_ymd(1970, 1, 1) + now + DAY * days_left;
    params.not_before = params.not_after - DAY * 90;
    let key = KeyPair::generate().unwrap();
    let made = params.self_signed(&key).unwrap();
    std::fs::write(folder.join(format!("{host}.key")), key.serialize_pem()).unwrap();
    std::fs::write(folder.join(format!("{host}.crt")), made.pem()).unwrap();
    made.der().to_vec()
}

#[tokio::test]
async fn a_host_gets_a_certificate_and_a_restart_asks_for_no_other() {
    let (authority, folder) = (Authority::start().await, tempfile::tempdir().unwrap());
    let pages = Replica::start(Behaviour::Echo("pages")).await;
    let settings = keeping(&authority, folder.path(), &["blog.example"], LONG);
    authority.refuse_nonces(2);

    let app = spawn_with(&[], &[&pages], &settings);
    authority.ask_at(&[app.addr]);
    assert_eq!(app.get("/", &[]).await.status(), 200, "nobody is sent to what is not there yet");
    let connector = believing(&authority);
    let first = until("a certificate", async || shown(&app, &connector, "blog.example").await);
    let first = first.await;

    assert_eq!(app.get("/", &[]).await.status(), 308);
    app.until_metric("acme_orders_total{outcome=\"issued\"} 1\n").await;
    app.until_metric("tls_certificate_expiry_timestamp_seconds{host=\"blog.example\"}").await;
    assert_eq!(authority.refused_nonces(), 2, "and each was tried again");
    let again = spawn_with(&[], &[&pages], &settings);
    assert_eq!(shown(&again, &connector, "blog.example").await, Some(first));
    tokio::time::sleep(LOOKS).await;
    assert_eq!((authority.accounts(), authority.orders(), authority.issued()), (1, 1, 1));
}

#[tokio::test]
async fn a_third_of_its_life_before_its_end_a_certificate_is_replaced_without_a_gap() {
    let (authority, folder) = (Authority::start().await, tempfile::tempdir().unwrap());
    let pages = Replica::start(Behaviour::Echo("pages")).await;
    let young = write_old(folder.path(), "young.example", 31);
    let old = write_old(folder.path(), "old.example", 29);
    let hosts = ["young.example", "old.example"];

    let app = spawn_with(&[], &[&pages], keeping(&authority, folder.path(), &hosts, LONG));
    authority.ask_at(&[app.addr]);
    let new = until("a new certificate", async || {
        // One that has been here resumes its session, and is shown nothing.
        let shown = shown(&app, &connector(&[]), "old.example").await;
        shown.expect("there is one all the time").ne(&old).then_some(())
    });
    new.await;

    assert_eq!(shown(&app, &connector(&[]), "young.example").await, Some(young));
    assert!(shown(&app, &believing(&authority), "old.example").await.is_some());
    tokio::time::sleep(LOOKS).await;
    assert_eq!((authority.orders(), authority.issued()), (1, 1));
}

#[tokio::test]
async fn while_the_authority_is_down_the_old_certificate_serves_and_it_is_left_alone() {
    let (authority, folder) = (Authority::start().await, tempfile::tempdir().unwrap());
    let pages = Replica::start(Behaviour::Echo("pages")).await;
    let old = write_old(folder.path(), "blog.example", 9);
    let hosts = ["blog.example"];
    authority.be_down(true);

    let app = spawn_with(&[], &[&pages], keeping(&authority, folder.path(), &hosts, LONG));
    app.until_metric("acme_orders_total{outcome=\"failed\"} 1\n").await;
    let contacts = authority.contacts();
    // A gateway that is started anew knows of the failure.
    let again = spawn_with(&[], &[&pages], keeping(&authority, folder.path(), &hosts, LONG));
    tokio::time::sleep(LOOKS).await;
    assert!(contacts >= 1);
    assert_eq!(authority.contacts(), contacts);
    assert_eq!(shown(&app, &connector(&[]), "blog.example").await, Some(old.clone()));
    assert_eq!(shown(&again, &connector(&[]), "blog.example").await, Some(old));

    // The pause is over.
    std::fs::remove_dir_all(folder.path().join(".acme")).unwrap();
    std::fs::create_dir(folder.path().join(".acme")).unwrap();
    authority.be_down(false);
    authority.ask_at(&[app.addr, again.addr]);
    let connector = believing(&authority);
    for app in [&app, &again] {
        until("a new one", async || shown(app, &connector, "blog.example").await).await;
    }
    assert_eq!(authority.issued(), 1);
}

#[tokio::test]
async fn gateways_that_share_a_folder_ask_once_and_each_can_answer() {
    let (authority, folder) = (Authority::start().await, tempfile::tempdir().unwrap());
    let pages = Replica::start(Behaviour::Echo("pages")).await;
    let hosts = ["blog.example", "www.blog.example"];
    let settings = keeping(&authority, folder.path(), &hosts, LONG);

    let apps: Vec<TestApp> = (0..3).map(|_| spawn_with(&[], &[&pages], &settings)).collect();
    // The authority asks all of them for the proof.
    authority.ask_at(&apps.iter().map(|app| app.addr).collect::<Vec<_>>());
    let connector = believing(&authority);
    for host in hosts {
        let mut all = Vec::new();
        for app in &apps {
            all.push(until("a certificate", async || shown(app, &connector, host).await).await);
        }
        assert!(all.iter().all(|one| *one == all[0]), "all have the same");
    }

    tokio::time::sleep(LOOKS).await;
    assert_eq!((authority.accounts(), authority.orders(), authority.issued()), (1, 2, 2));
}

#[tokio::test]
async fn gateways_that_share_a_folder_answer_in_a_handshake() {
    let (authority, folder) = (Authority::start().await, tempfile::tempdir().unwrap());
    let pages = Replica::start(Behaviour::Echo("pages")).await;
    let settings = keeping(&authority, folder.path(), &["blog.example"], LONG);
    let spawn = || {
        spawn_with(&[], &[&pages], |all| {
            settings(all);
            all.tls.as_mut().unwrap().acme.as_mut().unwrap().challenge = Challenge::TlsAlpn01;
        })
    };

    let apps = [spawn(), spawn()];
    // Nobody has to answer without TLS.
    authority.ask_at(&apps.each_ref().map(|app| app.tls.unwrap()));
    let believer = believing(&authority);
    for app in &apps {
        until("a certificate", async || shown(app, &believer, "blog.example").await).await;
    }

    assert_eq!((authority.orders(), authority.issued()), (1, 1));
    // Whoever else asks like an authority is shown nothing, and everybody else is served.
    let curious = connect(&apps[0], &connector(&["acme-tls/1"]), "blog.example").await;
    assert!(curious.is_err(), "no question is open");
    assert!(shown(&apps[0], &connector(&["http/1.1"]), "blog.example").await.is_some());
}

#[tokio::test]
async fn a_proof_that_one_gateway_cannot_give_fails_the_order_and_the_next_try_is_later() {
    let (authority, folder) = (Authority::start().await, tempfile::tempdir().unwrap());
    let stranger = Replica::start(Behaviour::Status(404, "no proof")).await;
    let settings = keeping(&authority, folder.path(), &["blog.example"], LONG);

    let app = spawn_with(&[], &[], settings);
    authority.ask_at(&[app.addr, stranger.addr]);
    app.until_metric("acme_orders_total{outcome=\"failed\"} 1\n").await;

    tokio::time::sleep(LOOKS).await;
    assert_eq!((authority.orders(), authority.issued()), (1, 0));
    assert_eq!(stranger.requests(), 1);
}

#[tokio::test]
async fn an_account_that_the_authority_has_forgotten_is_made_anew() {
    let (authority, folder) = (Authority::start().await, tempfile::tempdir().unwrap());
    let pages = Replica::start(Behaviour::Echo("pages")).await;
    let soon = Duration::from_millis(1);
    let settings = keeping(&authority, folder.path(), &["one.example"], soon);
    let app = spawn_with(&[], &[&pages], settings);
    authority.ask_at(&[app.addr]);
    app.until_metric("acme_orders_total{outcome=\"issued\"} 1\n").await;
    authority.forget_accounts();

    let settings = keeping(&authority, folder.path(), &["other.example"], soon);
    let app = spawn_with(&[], &[&pages], settings);
    authority.ask_at(&[app.addr]);

    let connector = believing(&authority);
    until("a certificate", async || shown(&app, &connector, "other.example").await).await;
    assert_eq!(authority.accounts(), 1);
}

#[tokio::test]
async fn from_staging_to_production_is_one_setting() {
    let (staging, production) = (Authority::start().await, Authority::start().await);
    let (folder, pages) =
        (tempfile::tempdir().unwrap(), Replica::start(Behaviour::Echo("p")).await);
    for authority in [&staging, &production] {
        let settings = keeping(authority, folder.path(), &["blog.example"], LONG);
        let app = spawn_with(&[], &[&pages], settings);
        authority.ask_at(&[app.addr]);

        let connector = believing(authority);
        until("a certificate", async || shown(&app, &connector, "blog.example").await).await;
    }

    let files = std::fs::read_dir(folder.path()).unwrap();
    let paths = files.map(|file| file.unwrap().path());
    let is_certificate = |path: &PathBuf| path.extension().is_some_and(|end| end == "crt");
    assert_eq!(paths.filter(is_certificate).count(), 1, "the other is gone");
}

#[tokio::test]
async fn an_authority_that_cannot_be_believed_is_told_nothing() {
    let (authority, impostor) = (Authority::start().await, Authority::start().await);
    let folder = tempfile::tempdir().unwrap();
    let settings = keeping(&authority, folder.path(), &["blog.example"], LONG);

    let app = spawn_with(&[], &[], |all| {
        settings(all);
        all.tls.as_mut().unwrap().acme.as_mut().unwrap().directory = impostor.directory();
    });
    app.until_metric("acme_orders_total{outcome=\"failed\"} 1\n").await;

    assert!(impostor.contacts() >= 1);
    assert_eq!((impostor.accounts(), impostor.orders()), (0, 0));
}

#[test]
fn check_names_the_setting_that_cannot_be_used() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("file");
    std::fs::write(&file, "no certificate").unwrap();
    let check = |vars: &[(&str, &Path)]| {
        let output = Command::new(env!("CARGO_BIN_EXE_gateway"))
            .arg("check")
            .env_clear()
            .env("GATEWAY_TLS_LISTEN", "127.0.0.1:0")
            .env("GATEWAY_TLS_FOLDER", folder.path())
            .env("GATEWAY_ACME_HOSTS", "blog.example")
            .envs(vars.iter().copied())
            .output()
            .unwrap();
        let said = [output.stdout, output.stderr].concat();
        (output.status.code(), String::from_utf8_lossy(&said).into_owned())
    };

    assert_eq!(check(&[]).0, Some(0));
    for (name, value) in [
        ("GATEWAY_TLS_FOLDER", &*file),
        ("GATEWAY_ACME_ROOTS", &folder.path().join("missing")),
        ("GATEWAY_ACME_HOSTS", Path::new("*.blog.example")),
        ("GATEWAY_ACME_DIRECTORY", Path::new("http://ca.example/")),
        ("GATEWAY_ACME_CHALLENGE", Path::new("dns-01")),
    ] {
        let (code, said) = check(&[(name, value)]);
        assert!(code == Some(64) && said.contains(name), "{name}: {code:?} {said}");
    }
}
