//! Certificates in a folder that changes.

use super::*;

fn write(folder: &Path, file: &str, names: &[&str]) {
    let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
    let made = rcgen::generate_simple_self_signed(names).unwrap();
    std::fs::write(folder.join(format!("{file}.crt")), made.cert.pem()).unwrap();
    std::fs::write(folder.join(format!("{file}.key")), made.signing_key.serialize_pem()).unwrap();
}

#[test]
fn a_certificate_is_found_by_its_names() {
    let folder = tempfile::tempdir().unwrap();
    write(folder.path(), "a", &["blog.example", "www.blog.example"]);
    write(folder.path(), "b", &["*.other.example"]);
    std::fs::write(folder.path().join("lonely.crt"), "no key").unwrap();

    let certificates = Certificates::open(folder.path()).unwrap();

    let find = |name| certificates.find(Some(name)).map(|found| found.cert[0].clone());
    assert!(find("blog.example").is_some());
    assert_eq!(find("blog.example"), find("www.blog.example"));
    assert_ne!(find("blog.example"), find("x.other.example"));
    assert!(find("x.other.example").is_some());
    for stranger in ["other.example", "x.y.other.example", "example", "a.blog.example"] {
        assert_eq!(find(stranger), None, "{stranger}");
    }
    assert!(certificates.find(None).is_some());
}

#[test]
fn a_fault_names_its_file() {
    let folder = tempfile::tempdir().unwrap();
    let fault = || Certificates::open(folder.path()).unwrap_err().to_string();
    assert!(fault().contains("has no"), "{}", fault());

    write(folder.path(), "a", &["a.example"]);
    write(folder.path(), "b", &["b.example"]);
    std::fs::copy(folder.path().join("a.key"), folder.path().join("b.key")).unwrap();
    assert!(fault().contains("b.crt"), "{}", fault());
    std::fs::write(folder.path().join("b.key"), "nonsense").unwrap();
    assert!(fault().contains("b.key"), "{}", fault());
}

#[test]
fn of_two_for_one_host_the_one_that_holds_longer_is_used_and_an_expired_one_is_a_fault() {
    let folder = tempfile::tempdir().unwrap();
    let until = |file: &str, year: i32| {
        let mut params = rcgen::CertificateParams::new(vec!["a.example".to_owned()]).unwrap();
        params.not_after = rcgen::date_time_ymd(year, 1, 1);
        let key = rcgen::KeyPair::generate().unwrap();
        let made = params.self_signed(&key).unwrap();
        std::fs::write(folder.path().join(format!("{file}.crt")), made.pem()).unwrap();
        std::fs::write(folder.path().join(format!("{file}.key")), key.serialize_pem()).unwrap();
        made.der().clone()
    };
    until("a", 2200);
    let longest = until("b", 2300);
    until("c", 2100);

    let certificates = Certificates::open(folder.path()).unwrap();
    assert_eq!(certificates.find(Some("a.example")).unwrap().cert[0], longest);

    until("c", 2020);
    let fault = Certificates::open(folder.path()).unwrap_err().to_string();
    assert!(fault.contains("c.crt") && fault.contains("expired"), "{fault}");
}

#[tokio::test(start_paused = true)]
async fn a_new_certificate_is_taken_and_a_bad_one_is_not() {
    let folder = tempfile::tempdir().unwrap();
    write(folder.path(), "a", &["a.example"]);
    let certificates = Arc::new(Certificates::open(folder.path()).unwrap());
    let following = certificates.clone();
    tokio::spawn(async move { following.follow(&TlsMetrics::default()).await });
    let first = || certificates.find(None).unwrap().cert[0].clone();
    let old = first();
    tokio::time::sleep(LOOK / 2).await;

    write(folder.path(), "a", &["a.example", "longer.example"]);
    tokio::time::sleep(LOOK).await;
    let new = first();
    assert_ne!(new, old);
    std::fs::write(folder.path().join("a.crt"), "nonsense").unwrap();
    write(folder.path(), "b", &["b.example"]);
    tokio::time::sleep(LOOK).await;

    assert_eq!(first(), new);
    assert!(certificates.find(Some("b.example")).is_some(), "the others are read all the same");
    drop(folder);
    tokio::time::sleep(LOOK).await;
    assert_eq!(first(), new);
}
