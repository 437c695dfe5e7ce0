//! What scripts are told.

use crate::support::{Served, Source, Target, all, stdout};
use test_kit::{brevs, posts};

#[tokio::test]
async fn a_release_that_is_not_whole_is_refused_and_nothing_changes() {
    for target in Target::each() {
        let source = Source::start(Served::new(1, &posts(6, 1)));
        target.run(source.addr, &[]);
        let good = Served::new(2, &posts(6, 2));

        let mut short = good.clone();
        short.posts.truncate(short.posts.len() / 2);
        let mut altered = good.clone();
        let at = altered.posts.len() - 90;
        altered.posts[at..at + 4].copy_from_slice(b"0000");
        let mut miscounted = good.clone();
        miscounted.manifest.posts = 7;
        let mut twice = posts(6, 2);
        twice.push(twice[0].clone());
        let mut newer_format = good.clone();
        newer_format.manifest.format = 99;

        for (what, broken) in [
            ("short", short),
            ("altered", altered),
            ("miscounted", miscounted),
            ("twice", Served::new(2, &twice)),
        ] {
            source.serve(broken);
            let refused = target.run(source.addr, &[]);
            assert_eq!(refused.status.code(), Some(65), "{what}: {}", all(&refused));
            assert_eq!(target.listed().await, brevs(&posts(6, 1)), "{what}");
        }
        source.serve(newer_format);
        let mut command = target.command(source.addr, &[]);
        let waited = command.env("CONTENT_LOADER_DEADLINE", "300ms").output().unwrap();
        assert_eq!(waited.status.code(), Some(69), "{}", all(&waited));
        source.serve(good);
        let done = target.run(source.addr, &[]);
        assert!(done.status.success(), "{}", all(&done));
        assert_eq!(target.listed().await, brevs(&posts(6, 2)));
    }
}

#[tokio::test]
async fn a_release_with_far_fewer_posts_needs_to_be_meant() {
    for target in Target::each() {
        let source = Source::start(Served::new(1, &posts(10, 1)));
        target.run(source.addr, &[]);
        source.serve(Served::new(2, &posts(4, 1)));

        let refused = target.run(source.addr, &[]);
        let meant = target.run(source.addr, &["--allow-shrink"]);

        assert_eq!(refused.status.code(), Some(65));
        assert!(all(&refused).contains("--allow-shrink"), "{}", all(&refused));
        assert!(meant.status.success(), "{}", all(&meant));
        assert_eq!(target.listed().await, brevs(&posts(4, 1)));
    }
}

#[tokio::test]
async fn a_neighbour_that_never_comes_is_69() {
    let nobody = ([127, 0, 0, 1], test_kit::free_port()).into();
    for target in Target::each() {
        let mut command = target.command(nobody, &[]);
        let waited = command.env("CONTENT_LOADER_DEADLINE", "300ms").output().unwrap();
        assert_eq!(waited.status.code(), Some(69), "{}", all(&waited));
    }
    let source = Source::start(Served::new(1, &posts(1, 1)));
    let no_database = Target::Mongo {
        uri: format!("mongodb://127.0.0.1:{}", test_kit::free_port()),
        database: "blog".into(),
    };
    let mut command = no_database.command(source.addr, &[]);
    let waited = command.env("CONTENT_LOADER_DEADLINE", "300ms").output().unwrap();
    assert_eq!(waited.status.code(), Some(69), "{}", all(&waited));
}

#[tokio::test]
async fn a_database_that_refuses_is_77_soon_and_the_last_line_says_what_to_mend() {
    let Some(server) = test_kit::Server::mongod_with_users().await else { return };
    server.add_user("api", "s3cret", "read", "blog").await;
    let source = Source::start(Served::new(1, &posts(1, 1)));
    for (password, remedy) in [
        ("guessed", "refuses the user or password in MONGODB_URI"),
        ("s3cret", "grant it `readWrite`"),
    ] {
        let uri = server.uri_of("api", password);
        let target = Target::Mongo { uri, database: "blog".into() };
        let started = std::time::Instant::now();
        let mut command = target.command(source.addr, &[]);
        let refused = command.env("CONTENT_LOADER_DEADLINE", "5m").output().unwrap();

        assert_eq!(refused.status.code(), Some(77), "{}", all(&refused));
        assert!(started.elapsed() < std::time::Duration::from_mins(1), "{:?}", started.elapsed());
        let said = stdout(&refused);
        let last = said.lines().last().unwrap();
        assert!(last.contains("ERROR") && last.contains(remedy), "{said}");
        assert!(!all(&refused).contains(password), "{said}");
    }
}

#[tokio::test]
async fn a_full_disk_is_74() {
    let Some(server) = test_kit::Server::mongod_with_users().await else { return };
    server.add_user("loader", "secret", "readWrite", "blog").await;
    server.fail_with("insert", 14_031).await;
    let source = Source::start(Served::new(1, &posts(1, 1)));
    let uri = server.uri_of("loader", "secret");
    let target = Target::Mongo { uri, database: "blog".into() };

    let full = target.run(source.addr, &[]);

    assert_eq!(full.status.code(), Some(74), "{}", all(&full));
    assert!(stdout(&full).contains("MongoDB has no room left"), "{}", all(&full));
}

#[tokio::test]
async fn a_lease_of_somebody_else_is_75() {
    for target in Target::each() {
        let source = Source::start(Served::new(1, &posts(1, 1)));
        target.run(source.addr, &[]);
        source.serve(Served::new(2, &posts(2, 2)));
        let holder = target.writer().await;
        let long = std::time::Duration::from_mins(5);
        holder.lease("somebody else", long).await.unwrap().unwrap();

        let busy = target.run(source.addr, &[]);

        assert_eq!(busy.status.code(), Some(75), "{}", all(&busy));
        assert_eq!(target.listed().await, brevs(&posts(1, 1)));
    }
}

#[tokio::test]
async fn a_setting_that_cannot_be_used_is_64_and_named() {
    let target = Target::Sqlite(tempfile::tempdir().unwrap());
    let nobody = ([127, 0, 0, 1], 1).into();
    for (name, value) in [
        ("CONTENT_LOADER_LEASE", "soon"),
        ("EXPECTED_RELEASE", "1a2b"),
        ("CONTENT_LOADER_KEEP", "x"),
    ] {
        let refused = target.command(nobody, &[]).env(name, value).output().unwrap();
        assert_eq!(refused.status.code(), Some(64), "{}", all(&refused));
        assert!(all(&refused).contains(name), "{}", all(&refused));
    }
    assert_eq!(target.run(nobody, &["--nonsense"]).status.code(), Some(64));
}
