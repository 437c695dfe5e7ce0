//! Real posts, where they are present: a folder `../shared/corpus` beside the repository. They
//! are not part of the project, so a checkout without them says that it skipped.

#![expect(
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a test may stop, and says what it skips"
)]

use jiff::tz::TimeZone;
use render::{Header, Manner, Rendered, Resolved, Resolver, Severity, Source};
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

const MANNER: Manner<'_> = Manner { language: "zh", math: false };

/// Knows what files there are, and nothing else.
struct Files {
    below: PathBuf,
}

impl Files {
    fn resolved(&self, target: &str) -> Resolved {
        if self.below.join(target).exists() {
            Resolved::Page { url: format!("/{target}") }
        } else {
            Resolved::Missing { suggestion: None }
        }
    }
}

impl Resolver for Files {
    fn link(&self, target: &str) -> Resolved {
        self.resolved(target)
    }

    fn picture(&self, target: &str) -> Resolved {
        self.resolved(target)
    }
}

fn folder(name: &str) -> Option<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared").join(name);
    if !folder.is_dir() {
        println!("skipped: no real posts at {}", folder.display());
        return None;
    }
    Some(folder)
}

/// The headers and bodies of every post of the years below `folder`.
fn posts(folder: &Path) -> BTreeMap<String, (Header, Rendered, Vec<render::Diagnostic>)> {
    let shanghai = TimeZone::get("Asia/Shanghai").unwrap();
    let mut posts = BTreeMap::new();
    for year in ["2019", "2020", "2021", "2022"].map(|year| folder.join(year)) {
        let Ok(files) = fs::read_dir(&year) else { continue };
        for path in files.map(|file| file.unwrap().path()) {
            let name = path.strip_prefix(folder).unwrap().to_str().unwrap().to_owned();
            let bytes = fs::read(&path).unwrap();
            let reading = render::read(Source { file: &name, bytes: &bytes }, &shanghai);
            assert!(reading.is_post, "{name}");
            let rendered = render::render(&name, &reading, MANNER, &Files { below: year.clone() });
            let header = reading.header.unwrap_or_else(|| panic!("{:#?}", reading.diagnostics));
            posts.insert(name, (header, rendered, reading.diagnostics));
        }
    }
    posts
}

#[test]
fn every_real_post_is_read_and_rendered() {
    let Some(folder) = folder("corpus") else { return };

    let posts = posts(&folder);

    assert_eq!(posts.len(), 287);
    let found: Vec<_> = posts
        .values()
        .flat_map(|(_, body, header)| header.iter().chain(&body.diagnostics))
        .collect();
    assert!(found.iter().all(|d| d.severity == Severity::Warning));
    let mut counts = BTreeMap::new();
    for diagnostic in &found {
        *counts.entry(diagnostic.code.as_ref()).or_insert(0) += 1;
    }
    println!("{counts:#?}");
    assert_eq!(counts["date-file-name"], 8);
    for code in ["missing-picture", "broken-link", "link-without-scheme", "empty-brev", "empty-alt"]
    {
        assert!(counts.contains_key(code), "{code}");
    }
}

#[test]
fn json_headers_say_the_same_as_their_yaml_twins() {
    let (Some(yaml), Some(json)) = (folder("corpus"), folder("corpus-json")) else { return };
    let (yaml, json) = (posts(&yaml), posts(&json));

    assert_eq!(json.len(), 39);
    for (name, (header, ..)) in &json {
        let mut twin = yaml[name].0.clone();
        // The older form wrote the address out that the newer one takes from the file's name.
        assert_eq!(header.path.as_ref().unwrap().as_str(), format!("blog/{name}"));
        twin.path.clone_from(&header.path);
        if name.contains("/191013-") {
            assert_ne!(header.tags, twin.tags);
            twin.tags.clone_from(&header.tags);
        }
        assert_eq!(header, &twin, "{name}");
    }
}
