//! One gateway at a time, on whatever node: a lease that ends by itself.
//!
//! Leases are numbered files, and the highest number counts. Whoever finds it free or run out makes
//! the next number, which a file system lets only one do (`O_EXCL`, on NFS since version 3). Lower
//! numbers are removed only after a higher one is there, so whoever comes late with a number that
//! was removed finds a higher one, and steps back.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

/// Held by the one. Dropping it gives it back; a process that dies keeps the others waiting until
/// it has run out.
#[derive(Debug)]
pub(super) struct Lease(PathBuf);

/// In a lease that was given back.
const FREE: &str = "free";

impl Lease {
    /// Takes the lease in `folder` for `time`; nothing if somebody else has it.
    ///
    /// Nodes whose clocks differ by more than is left of a lease may both have it. Then both ask,
    /// and nothing else is lost.
    pub(super) fn take(folder: &Path, time: Duration) -> io::Result<Option<Self>> {
        let highest = numbers(folder)?.into_iter().max().unwrap_or(0);
        if highest > 0 && !is_over(&path(folder, highest), time)? {
            return Ok(None);
        }
        let ours = highest + 1;
        let mut options = OpenOptions::new();
        let made = options.write(true).create_new(true).mode(0o600).open(path(folder, ours));
        match made {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => return Ok(None),
            made => drop(made?),
        }
        let lease = Self(path(folder, ours));
        let numbers = numbers(folder)?;
        if numbers.iter().any(|number| *number > ours) {
            return Ok(None);
        }
        for number in numbers.into_iter().filter(|number| *number < ours) {
            // Somebody may have removed it already.
            let _ = fs::remove_file(path(folder, number));
        }
        Ok(Some(lease))
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        // Not `create`: a lease that has run out may have been removed.
        let file = OpenOptions::new().write(true).open(&self.0);
        // If this fails, it runs out.
        let _ = file.and_then(|mut file| file.write_all(FREE.as_bytes()));
    }
}

fn path(folder: &Path, number: u64) -> PathBuf {
    folder.join(format!("lease-{number}"))
}

fn numbers(folder: &Path) -> io::Result<Vec<u64>> {
    let mut numbers = Vec::new();
    for entry in fs::read_dir(folder)? {
        let name = entry?.file_name();
        let number = name.to_str().and_then(|name| name.strip_prefix("lease-"));
        numbers.extend(number.and_then(|number| number.parse::<u64>().ok()));
    }
    Ok(numbers)
}

/// Whether the lease at `path` was given back, or is older than `time`.
fn is_over(path: &Path, time: Duration) -> io::Result<bool> {
    let read = || -> io::Result<bool> {
        if fs::read_to_string(path)? == FREE {
            return Ok(true);
        }
        let made = File::open(path)?.metadata()?.modified()?;
        // One from the future is from a clock that goes ahead.
        Ok(SystemTime::now().duration_since(made).is_ok_and(|age| age > time))
    };
    match read() {
        // There is a higher number now, which somebody has.
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
        read => read,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Barrier;
    use std::thread;

    const LONG: Duration = Duration::from_hours(1);

    #[test]
    fn one_has_it_until_it_is_given_back_or_runs_out() {
        let folder = tempfile::tempdir().unwrap();
        let take = |time| Lease::take(folder.path(), time).unwrap();

        let first = take(LONG).unwrap();
        assert!(take(LONG).is_none());
        drop(first);
        let second = take(LONG).unwrap();
        assert!(take(LONG).is_none());
        // As a process that was killed.
        std::mem::forget(second);
        thread::sleep(Duration::from_millis(20));
        let third = take(Duration::from_millis(10)).unwrap();

        assert!(take(LONG).is_none());
        drop(third);
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1, "old ones are removed");
    }

    #[test]
    fn of_many_who_try_at_once_one_gets_it() {
        const MANY: usize = 8;
        let folder = tempfile::tempdir().unwrap();
        for _ in 0..50 {
            let start = Barrier::new(MANY);
            let try_once = || {
                start.wait();
                Lease::take(folder.path(), LONG).unwrap()
            };

            let held: Vec<Lease> = thread::scope(|scope| {
                let all: Vec<_> = (0..MANY).map(|_| scope.spawn(try_once)).collect();
                all.into_iter().filter_map(|one| one.join().unwrap()).collect()
            });

            assert_eq!(held.len(), 1);
        }
    }
}
