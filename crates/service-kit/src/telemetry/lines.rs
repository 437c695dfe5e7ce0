//! Where lines go. While there are many, they leave together: to write one takes the kernel longer than
//! to make it, and threads that write to one file wait for each other.

use std::fs::File;
use std::io::{self, Write};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};
use std::thread::Thread;
use std::time::Duration;
use tracing::Metadata;
use tracing_subscriber::fmt::MakeWriter;

/// The target of lines that may wait: one for each request.
const ACCESS: &str = "access";
/// No line waits longer.
const WAIT: Duration = Duration::from_millis(20);
/// So many bytes wait for nothing.
const ENOUGH: usize = 32 * 1024;
/// Threads seldom share one of so many: one that was interrupted would make the others wait.
const SHARDS: usize = 16;

/// Writes the lines of each thread in their order. The first after a pause goes out at once, and so do all
/// that are not of the access log, after what waits.
#[derive(Debug)]
pub(super) struct Lines {
    /// A pipe takes 4 KiB whole, and cuts what is longer if two write (POSIX, `write`).
    to: Mutex<File>,
    shards: [Mutex<Shard>; SHARDS],
    follower: OnceLock<Thread>,
}

#[derive(Debug, Default)]
struct Shard {
    waiting: Vec<u8>,
    /// Whether a line came within [`WAIT`].
    is_busy: bool,
}

impl Lines {
    pub(super) fn new(to: File) -> Self {
        Self { to: Mutex::new(to), shards: Default::default(), follower: OnceLock::new() }
    }

    /// Writes what waits.
    pub(super) fn flush(&self) {
        for shard in &self.shards {
            // There is nobody to tell.
            let _ = self.write(&mut locked(shard));
        }
    }

    fn now(&self, line: &[u8]) -> io::Result<()> {
        let mut own = self.own();
        own.waiting.extend_from_slice(line);
        self.write(&mut own)
    }

    fn soon(&'static self, line: &[u8]) -> io::Result<()> {
        let mut own = self.own();
        own.waiting.extend_from_slice(line);
        if !std::mem::replace(&mut own.is_busy, true) {
            self.follower.get_or_init(|| self.follow()).unpark();
        } else if own.waiting.len() < ENOUGH {
            return Ok(());
        }
        self.write(&mut own)
    }

    /// Sees to it that what waits leaves in time.
    fn follow(&'static self) -> Thread {
        let follow = || {
            loop {
                std::thread::park();
                let mut is_any_busy = true;
                while is_any_busy {
                    std::thread::sleep(WAIT);
                    is_any_busy = false;
                    for shard in &self.shards {
                        let mut shard = locked(shard);
                        shard.is_busy = !shard.waiting.is_empty();
                        is_any_busy |= shard.is_busy;
                        let _ = self.write(&mut shard);
                    }
                }
            }
        };
        let started = std::thread::Builder::new().name("log".into()).spawn(follow);
        started.expect("a process that can start no thread serves nobody").thread().clone()
    }

    fn write(&self, shard: &mut Shard) -> io::Result<()> {
        if shard.waiting.is_empty() {
            return Ok(());
        }
        let written = locked(&self.to).write_all(&shard.waiting);
        shard.waiting.clear();
        written
    }

    /// The shard of this thread.
    fn own(&self) -> MutexGuard<'_, Shard> {
        static THREADS: AtomicUsize = AtomicUsize::new(0);
        thread_local! {
            static OWN: usize = THREADS.fetch_add(1, Ordering::Relaxed) % SHARDS;
        }
        locked(&self.shards[OWN.with(|own| *own)])
    }
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl MakeWriter<'_> for &'static Lines {
    type Writer = LineWriter;

    fn make_writer(&self) -> LineWriter {
        LineWriter { lines: self, may_wait: false }
    }

    fn make_writer_for(&self, line: &Metadata<'_>) -> LineWriter {
        LineWriter { lines: self, may_wait: line.target() == ACCESS }
    }
}

/// Takes one line.
#[derive(Debug)]
pub(super) struct LineWriter {
    lines: &'static Lines,
    may_wait: bool,
}

impl Write for LineWriter {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        let written = if self.may_wait { self.lines.soon(line) } else { self.lines.now(line) };
        written.map(|()| line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Read;
    use std::time::Instant;

    fn lines() -> (&'static Lines, io::PipeReader) {
        let (read, write) = io::pipe().unwrap();
        (Box::leak(Box::new(Lines::new(std::os::fd::OwnedFd::from(write).into()))), read)
    }

    fn read(from: &mut io::PipeReader, bytes: usize) -> String {
        let mut text = vec![0; bytes];
        from.read_exact(&mut text).unwrap();
        String::from_utf8(text).unwrap()
    }

    #[test]
    fn a_line_after_a_pause_goes_out_at_once_and_those_that_follow_soon_in_their_order() {
        let (lines, mut out) = lines();

        lines.soon(b"1\n").unwrap();
        assert!(lines.own().waiting.is_empty(), "the first is written");
        lines.soon(b"2\n").unwrap();
        lines.soon(b"3\n").unwrap();

        assert_eq!(read(&mut out, 6), "1\n2\n3\n");
        let start = Instant::now();
        while lines.own().is_busy {
            assert!(start.elapsed() < Duration::from_secs(10), "it never rests");
            std::thread::sleep(WAIT);
        }
        lines.soon(b"4\n").unwrap();
        assert!(lines.own().waiting.is_empty(), "after a pause, the next is written at once");
        assert_eq!(read(&mut out, 2), "4\n");
    }

    #[test]
    fn what_cannot_wait_takes_along_what_does() {
        let (lines, mut out) = lines();
        lines.soon(b"first\n").unwrap();
        lines.soon(b"request\n").unwrap();

        lines.now(b"error\n").unwrap();

        assert!(lines.own().waiting.is_empty());
        assert_eq!(read(&mut out, 20), "first\nrequest\nerror\n");
    }

    #[test]
    fn what_waits_is_written_before_a_program_ends() {
        let (lines, mut out) = lines();
        std::thread::spawn(|| {
            lines.own().is_busy = true;
            lines.soon(b"last\n").unwrap();
        })
        .join()
        .unwrap();

        lines.flush();

        assert_eq!(read(&mut out, 5), "last\n");
    }

    #[test]
    fn nothing_is_lost_between_threads_and_no_line_is_cut() {
        let (lines, mut out) = lines();
        let threads: Vec<_> = (0..4)
            .map(|thread| {
                std::thread::spawn(move || {
                    for line in 0..5_000 {
                        lines.soon(format!("{thread} {line:04}\n").as_bytes()).unwrap();
                    }
                })
            })
            .collect();

        let text = read(&mut out, 4 * 5_000 * 7);

        for thread in threads {
            thread.join().unwrap();
        }
        for thread in 0..4 {
            let own = text.lines().filter_map(|line| line.strip_prefix(&format!("{thread} ")));
            assert!(own.map(|line| line.parse::<u32>().unwrap()).eq(0..5_000), "{thread}");
        }
    }
}
