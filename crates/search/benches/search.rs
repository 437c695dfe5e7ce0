//! How long an index takes to build, to update and to ask, and how much memory it holds:
//!
//! ```sh
//! cargo bench -p search -- FOLDER 10000 [100000 …]
//! ```
//!
//! FOLDER holds Markdown posts, which are repeated with changed words until there are as many as
//! wanted. Queries are substrings of 2 to 8 characters, no two alike, asked by one thread, ten hits
//! each. Memory is what the system says that this process holds, less what the posts themselves took.

#![expect(
    clippy::cast_possible_truncation,
    clippy::cast_precision_loss,
    clippy::cast_sign_loss,
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "figures for people"
)]

use domain::{ContentHash, Post, VisiblePost};
use search::Index;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

const BATCH: usize = 256;
const QUERIES: usize = 5000;

fn texts(folder: &Path, texts: &mut Vec<String>) {
    for path in fs::read_dir(folder).unwrap().map(|file| file.unwrap().path()) {
        if path.is_dir() {
            self::texts(&path, texts);
        } else if path.extension().is_some_and(|extension| extension == "md") {
            texts.push(fs::read_to_string(path).unwrap());
        }
    }
}

/// Post `number`: one of the texts, in which every seventh line is another, so that words and
/// neighbours differ from copy to copy.
fn post(texts: &[String], number: usize) -> Post {
    let (copy, text) = (number / texts.len(), &texts[number % texts.len()]);
    let day = format!("20{:02}-{:02}-{:02}", number % 26, 1 + number % 12, 1 + number % 28);
    let mut post = test_kit::post(&format!("p{number}"), &day, &["ops", "go"], 1);
    let mut hash = [0; 32];
    hash[..8].copy_from_slice(&number.to_le_bytes());
    post.hash = ContentHash::new(hash);
    let lines = text.lines().enumerate().map(|(index, line)| {
        if copy > 0 && index % 7 == copy % 7 {
            let shift = copy % (line.chars().count() + 1);
            let turned: String = line.chars().skip(shift).chain(line.chars().take(shift)).collect();
            format!("{turned} word{copy}x{index}")
        } else {
            line.to_owned()
        }
    });
    post.text = lines.collect::<Vec<_>>().join("\n");
    post
}

/// MiB that this process holds.
fn resident() -> f64 {
    let statm = fs::read_to_string("/proc/self/statm").unwrap();
    let pages: f64 = statm.split(' ').nth(1).unwrap().parse().unwrap();
    pages * 4096.0 / f64::from(1 << 20)
}

fn built(texts: &[String], count: usize) -> (Index, Vec<VisiblePost>, Duration) {
    let visible = |number| {
        let post = post(texts, number);
        VisiblePost { path: post.summary.path, hash: post.hash }
    };
    let wanted: Vec<_> = (0..count).map(visible).collect();
    let mut took = Duration::ZERO;
    let mut update = Index::default().update(&wanted);
    for first in (0..count).step_by(BATCH) {
        let batch: Vec<_> =
            (first..count.min(first + BATCH)).map(|number| post(texts, number)).collect();
        let started = Instant::now();
        update.add(batch);
        took += started.elapsed();
    }
    let started = Instant::now();
    let index = update.finish();
    (index, wanted, took + started.elapsed())
}

fn measure(texts: &[String], count: usize) {
    let before = resident();
    let (index, mut wanted, build) = built(texts, count);
    let memory = resident() - before;
    let bytes: usize = (0..count).map(|number| post(texts, number).text.len()).sum();

    let started = Instant::now();
    wanted[count / 2].hash = ContentHash::new([7; 32]);
    let mut update = index.update(&wanted);
    let mut changed = post(texts, count / 2);
    changed.hash = ContentHash::new([7; 32]);
    update.add(vec![changed]);
    let index = update.finish();
    let updated = started.elapsed();

    let mut took: Vec<Duration> = Vec::new();
    for number in 0..QUERIES {
        let text: Vec<char> = post(texts, number * 7919 % count).text.chars().collect();
        let length = 2 + number % 7;
        let start = number * 104_729 % (text.len() - length);
        let query: String = text[start..start + length].iter().collect();
        let started = Instant::now();
        std::hint::black_box(index.search(&query, None, 0, 10));
        took.push(started.elapsed());
    }
    let mean = took.iter().sum::<Duration>().as_secs_f64() * 1e6 / QUERIES as f64;
    took.sort_unstable();
    let at = |part: f64| took[(part * (QUERIES - 1) as f64) as usize].as_secs_f64() * 1e6;
    println!(
        "| {count} | {:.0} | {:.1} | {memory:.0} | {:.0} | {mean:.0} | {:.0} | {:.0} | {:.0} |",
        bytes as f64 / f64::from(1 << 20),
        build.as_secs_f64(),
        updated.as_secs_f64() * 1000.0,
        at(0.5),
        at(0.99),
        at(1.0),
    );
}

fn main() {
    let mut arguments = std::env::args().skip(1).filter(|argument| argument != "--bench");
    // `cargo test --benches` gives nothing to measure.
    let Some(folder) = arguments.next().map(PathBuf::from) else { return };
    let mut all = Vec::new();
    texts(&folder, &mut all);
    all.sort();
    println!(
        "| posts | text, MiB | build, s | memory, MiB | update, ms | mean, µs | p50 | p99 | max |"
    );
    println!("| ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |");
    for count in arguments {
        measure(&all, count.parse().unwrap());
    }
}
