//! Names the program that renders: the cache of another one is not believed.
//!
//! A version number is not enough, because it stays while the renderer is being changed.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::{Path, PathBuf};
use std::{fs, io};

/// All that decides what a cache holds and means.
const SOURCES: [&str; 5] =
    ["../domain/src", "../render/src", "build.rs", "src", "../../Cargo.lock"];

fn main() -> io::Result<()> {
    let mut hasher = DefaultHasher::new();
    for source in SOURCES {
        println!("cargo::rerun-if-changed={source}");
        for path in files(Path::new(source))? {
            (path.to_string_lossy(), fs::read(&path)?).hash(&mut hasher);
        }
    }
    println!("cargo::rustc-env=SITE_PROGRAM={:016x}", hasher.finish());
    Ok(())
}

/// The file `path`, or every file below it, in one order.
fn files(path: &Path) -> io::Result<Vec<PathBuf>> {
    if !path.is_dir() {
        return Ok(if path.exists() { vec![path.to_owned()] } else { Vec::new() });
    }
    let mut files = Vec::new();
    for entry in fs::read_dir(path)? {
        files.extend(self::files(&entry?.path())?);
    }
    files.sort();
    Ok(files)
}
