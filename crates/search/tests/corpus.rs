//! Real posts, where they are present: the folder that `INKSTACK_TEST_CORPUS` names, or
//! `../shared/corpus` beside the repository. They are not part of the project, so a checkout
//! without them says that it skipped. What is found is compared with a plain scan.

#![expect(
    clippy::disallowed_methods,
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a test may stop, and says what it skips"
)]

use domain::Post;
use search::Index;
use std::collections::BTreeSet;
use std::fs;
use std::path::PathBuf;
use test_kit::Lot;
use unicode_normalization::UnicodeNormalization;

const SUBSTRINGS: usize = 1000;

/// The posts' Markdown as their texts, without their headers.
fn posts() -> Option<Vec<Post>> {
    let folder = std::env::var("INKSTACK_TEST_CORPUS").map_or_else(
        |_| PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared/corpus"),
        PathBuf::from,
    );
    let mut posts = Vec::new();
    for year in ["2019", "2020", "2021", "2022"] {
        let Ok(files) = fs::read_dir(folder.join(year)) else { continue };
        for path in files.map(|file| file.unwrap().path()) {
            let markdown = fs::read_to_string(&path).unwrap();
            let header = markdown.split("```").nth(1).unwrap();
            let title = header.lines().find_map(|line| line.trim_start().strip_prefix("title:"));
            let name = path.file_stem().unwrap().to_str().unwrap();
            let mut post = test_kit::post(name, &format!("{year}-01-01"), &[], 1);
            title.unwrap().trim().trim_matches('"').clone_into(&mut post.summary.title);
            markdown.splitn(3, "```").nth(2).unwrap().clone_into(&mut post.text);
            post.detail.outline.clear();
            posts.push(post);
        }
    }
    if posts.is_empty() {
        println!("skipped: no real posts at {}", folder.display());
        return None;
    }
    posts.sort_by(|one, other| one.summary.newest_first(&other.summary));
    Some(posts)
}

fn found(index: &Index, query: &str) -> BTreeSet<String> {
    let hits = index.search(query, None, 0, usize::MAX);
    assert_eq!(hits.total, hits.hits.len());
    hits.hits.into_iter().map(|hit| hit.post.path.to_string()).collect()
}

#[test]
fn every_substring_of_a_real_post_is_found_and_little_else() {
    let Some(posts) = posts() else { return };
    let index = Index::build(posts.clone());
    let plain = |text: &str| text.nfkc().collect::<String>().to_lowercase();
    let scanned: Vec<_> = posts
        .iter()
        .map(|post| {
            let all = [&post.summary.title, &post.summary.brev, &post.text].map(String::as_str);
            (post.summary.path.to_string(), all.join("\n"), plain(&all.join("\n")))
        })
        .collect();
    let mut lot = Lot::new(20_261_124);
    let (mut asked, mut given, mut right) = (0, 0, 0);
    while asked < SUBSTRINGS {
        let text: Vec<char> = posts[lot.below(posts.len())].text.chars().collect();
        let length = 2 + lot.below(7);
        let start = lot.below(text.len() - length);
        let part: String = text[start..start + length].iter().collect();
        if part.contains(|char: char| char.is_whitespace() || char.is_control()) {
            continue;
        }
        asked += 1;

        let found = found(&index, &search::phrase(&part));

        for (path, raw, folded) in &scanned {
            assert!(
                !raw.contains(&part) || found.contains(path),
                "`{part}` is not found in {path}"
            );
            right += usize::from(found.contains(path) && folded.contains(&plain(&part)));
        }
        given += found.len();
    }
    println!("{asked} substrings, {given} posts found, {right} by a scan too; recall 1");
    assert!(right * 100 >= given * 99, "{right} of {given}");
}

#[test]
fn every_word_of_a_title_finds_its_post_before_others() {
    let Some(posts) = posts() else { return };
    let index = Index::build(posts.clone());

    for post in &posts {
        let (path, title) = (post.summary.path.to_string(), &post.summary.title);
        for word in title.split_whitespace() {
            assert!(found(&index, &search::phrase(word)).contains(&path), "{word}: {path}");
        }
        let best = index.search(&search::phrase(title), None, 0, 5).hits;
        assert!(best.iter().any(|hit| hit.post.path.to_string() == path), "{title}");
    }
}
