//! What a search through the gateway finds, compared with a plain scan of all texts.
//!
//! `INKSTACK_TEST_POSTS` names another folder of posts than the example, and
//! `INKSTACK_TEST_SUBSTRINGS` says how many substrings are asked for.

#![expect(clippy::disallowed_methods, reason = "a test may be told what to read")]

use crate::support::{Blog, example};
use domain::Post;
use std::collections::{BTreeSet, HashMap};
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;
use test_kit::Lot;
use unicode_normalization::UnicodeNormalization;

const SUBSTRINGS: usize = 300;
/// Another folder may be large.
const BUILD_DEADLINE: Duration = Duration::from_mins(10);
/// The search's own table: each line is a traditional character and a simplified one.
const TRADITIONAL: &str = include_str!("../../../crates/search/src/fold/traditional.txt");

#[tokio::test]
async fn a_search_finds_what_a_scan_finds_and_little_else() {
    let content = std::env::var("INKSTACK_TEST_POSTS").map_or_else(|_| example(), PathBuf::from);
    let count = std::env::var("INKSTACK_TEST_SUBSTRINGS").map(|count| count.parse().unwrap());
    let blog = Blog::serve_within(BUILD_DEADLINE, &content).await;
    let posts = built_posts(blog.folder.path());
    let scan = Scan::of(&posts);

    let mut words = Score::default();
    for word in title_words(&posts) {
        words.note(&word, &scan.find(&word), &found(&blog, &word).await);
    }
    let mut substrings = Score::default();
    let mut lot = Lot::new(20_261_125);
    while substrings.asked < count.clone().unwrap_or(SUBSTRINGS) {
        let post = &posts[lot.below(posts.len())];
        let text = if lot.below(4) == 0 { &post.summary.title } else { &post.text };
        let length = 2 + lot.below(7);
        let part = lot.piece(text, length);
        if scan.fold(&part).chars().count() >= 2 {
            substrings.note(&part, &scan.find(&part), &found(&blog, &part).await);
        }
    }

    println!("{} posts; title words: {words}; substrings: {substrings}", posts.len());
    for score in [words, substrings] {
        assert!(score.missed.is_empty(), "{score}: {:#?}", score.missed);
        assert!(score.precision() >= 0.99, "{score}: {:#?}", score.wrong);
    }
}

/// The posts of the release that was built below `folder`, as the API is given them.
fn built_posts(folder: &Path) -> Vec<Post> {
    let files = walkdir::WalkDir::new(folder).into_iter().map(Result::unwrap);
    let mut files = files.filter(|file| file.file_name() == "posts.ndjson");
    let lines = fs::read_to_string(files.next().unwrap().path()).unwrap();
    lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// What stands between spaces in titles, and the words in it.
fn title_words(posts: &[Post]) -> BTreeSet<String> {
    let titles = posts.iter().flat_map(|post| post.summary.title.split_whitespace());
    let and_inner = |word| {
        let inner = str::split(word, |char: char| !char.is_alphanumeric());
        std::iter::once(word).chain(inner)
    };
    let words = titles.flat_map(and_inner).filter(|word| !word.is_empty());
    words.map(str::to_owned).collect()
}

/// The posts that contain `part` as one phrase, from all pages.
async fn found(blog: &Blog, part: &str) -> BTreeSet<String> {
    let phrase = format!("\"{}\"", part.replace('\\', r"\\").replace('"', "\\\""));
    let mut found = BTreeSet::new();
    let mut after = "0".to_owned();
    loop {
        let query = [("q", phrase.clone()), ("limit", "50".into()), ("after", after.clone())];
        let url = format!("{}/api/v1/search", blog.url);
        let answer = blog.client.get(url).query(&query).send().await.unwrap();
        assert_eq!(answer.status(), 200, "{part:?}");
        let page: serde_json::Value = answer.json().await.unwrap();
        for hit in page["hits"].as_array().unwrap() {
            let is_new = found.insert(hit["post"]["path"].as_str().unwrap().to_owned());
            assert!(is_new, "{hit} comes twice for {part:?}");
        }
        let Some(next) = page["next"].as_str() else {
            assert_eq!(page["total"], found.len(), "{part:?}");
            return found;
        };
        next.clone_into(&mut after);
    }
}

/// All texts, folded as the search says that it folds.
struct Scan {
    simplified: HashMap<char, char>,
    /// Each post's path and its fields.
    posts: Vec<(String, Vec<String>)>,
}

impl Scan {
    fn of(posts: &[Post]) -> Self {
        let pair = |line: &str| (line.chars().next().unwrap(), line.chars().nth(1).unwrap());
        let simplified = TRADITIONAL.lines().map(pair).collect();
        let mut scan = Self { simplified, posts: Vec::new() };
        for post in posts {
            let summary = &post.summary;
            let mut fields: Vec<&str> = vec![&summary.title, &summary.brev, &post.text];
            fields.extend(summary.tags.iter().map(domain::Tag::as_str));
            fields.extend(post.detail.outline.iter().map(|heading| heading.text.as_str()));
            let fields = fields.into_iter().map(|field| scan.fold(field)).collect();
            scan.posts.push((summary.path.to_string(), fields));
        }
        scan
    }

    /// Without case, width, accents, invisible characters and the difference of traditional and
    /// simplified ones; white space is one space.
    fn fold(&self, text: &str) -> String {
        let words: Vec<_> = text.split_whitespace().map(|word| self.fold_word(word)).collect();
        words.join(" ").split_whitespace().collect::<Vec<_>>().join(" ")
    }

    fn fold_word(&self, word: &str) -> String {
        let is_hangul = |char: &char| ('\u{AC00}'..='\u{D7A3}').contains(char);
        let is_shown = |char: &char| {
            !char.is_control()
                && !matches!(*char, '\u{300}'..='\u{36F}' | '\u{FE00}'..='\u{FE0F}' | '\u{AD}')
                && !matches!(*char, '\u{200B}'..='\u{200F}' | '\u{2060}' | '\u{FEFF}')
        };
        let mut folded = String::new();
        for char in word.chars() {
            if is_hangul(&char) {
                folded.push(char);
                continue;
            }
            let lower: String = char.to_string().nfkd().flat_map(char::to_lowercase).collect();
            for char in lower.nfkd().filter(is_shown) {
                let char = if char == 'ς' { 'σ' } else { char };
                folded.push(*self.simplified.get(&char).unwrap_or(&char));
            }
        }
        folded
    }

    fn find(&self, part: &str) -> BTreeSet<String> {
        let part = self.fold(part);
        let contains = |fields: &[String]| fields.iter().any(|field| field.contains(&part));
        let posts = self.posts.iter().filter(|(_, fields)| contains(fields));
        posts.map(|(path, _)| path.clone()).collect()
    }
}

/// How many posts were found, should have been and should not.
#[derive(Default)]
struct Score {
    asked: usize,
    wanted: usize,
    given: usize,
    missed: Vec<(String, String)>,
    wrong: Vec<(String, String)>,
}

impl Score {
    fn note(&mut self, part: &str, wanted: &BTreeSet<String>, given: &BTreeSet<String>) {
        let named = |path: &String| (part.to_owned(), path.clone());
        self.asked += 1;
        self.wanted += wanted.len();
        self.given += given.len();
        self.missed.extend(wanted.difference(given).map(named));
        self.wrong.extend(given.difference(wanted).map(named));
    }

    #[expect(clippy::cast_precision_loss, reason = "a share of few")]
    fn recall(&self) -> f64 {
        1.0 - self.missed.len() as f64 / self.wanted as f64
    }

    #[expect(clippy::cast_precision_loss, reason = "a share of few")]
    fn precision(&self) -> f64 {
        1.0 - self.wrong.len() as f64 / self.given as f64
    }
}

impl std::fmt::Display for Score {
    fn fmt(&self, formatter: &mut std::fmt::Formatter) -> std::fmt::Result {
        let (recall, precision) = (self.recall(), self.precision());
        let (asked, given) = (self.asked, self.given);
        write!(
            formatter,
            "{asked} asked, {given} found, recall {recall:.4}, precision {precision:.4}"
        )
    }
}
