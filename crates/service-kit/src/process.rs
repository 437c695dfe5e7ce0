//! What the system says of this process. It is Linux that is asked; elsewhere nothing is said but
//! when it began.

use crate::Metrics;
use std::fs;
use std::time::{SystemTime, UNIX_EPOCH};

/// Where a container's limit is: control groups of version 2, then of version 1.
const LIMITS: [&str; 2] =
    ["/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes"];

/// Adds memory, files and start to `metrics`, under the names that Prometheus' own clients use.
pub(crate) fn register(metrics: &Metrics) {
    let began = SystemTime::now().duration_since(UNIX_EPOCH).ok().map(|since| since.as_secs_f64());
    let help = "When this service began, in seconds since 1970";
    metrics.ask("process_start_time_seconds", help, move || began);
    let help = "Memory in use, in bytes";
    metrics.ask("process_resident_memory_bytes", help, || {
        bytes(&fs::read_to_string("/proc/self/status").ok()?, "VmRSS:")
    });
    let help = "Memory that may be used, in bytes: the container's limit, or all of the machine's";
    metrics.ask("process_memory_limit_bytes", help, memory_limit);
    metrics.ask("process_open_fds", "Open files and connections", open_files);
    metrics.ask("process_max_fds", "Files and connections that may be open", || {
        max_files(&fs::read_to_string("/proc/self/limits").ok()?)
    });
}

/// The field `name` of a file such as `/proc/self/status`, which is in kibibytes.
fn bytes(text: &str, name: &str) -> Option<f64> {
    let line = text.lines().find_map(|line| line.strip_prefix(name))?;
    let kibibytes: f64 = line.trim().strip_suffix(" kB")?.parse().ok()?;
    Some(kibibytes * 1024.0)
}

fn memory_limit() -> Option<f64> {
    let machine = bytes(&fs::read_to_string("/proc/meminfo").ok()?, "MemTotal:")?;
    let limits = LIMITS.iter().filter_map(|path| fs::read_to_string(path).ok());
    Some(least(machine, limits))
}

/// The least of `machine` and those of `limits` that are numbers; no limit is written `max`, or as
/// a number that no machine has.
fn least(machine: f64, limits: impl Iterator<Item = String>) -> f64 {
    limits.filter_map(|limit| limit.trim().parse().ok()).fold(machine, f64::min)
}

fn open_files() -> Option<f64> {
    let open = fs::read_dir("/proc/self/fd").ok()?.count();
    // One of them is the folder that is being read.
    u32::try_from(open.saturating_sub(1)).ok().map(f64::from)
}

/// The soft limit in `/proc/self/limits`.
fn max_files(limits: &str) -> Option<f64> {
    let line = limits.lines().find_map(|line| line.strip_prefix("Max open files"))?;
    // `unlimited` is infinite.
    let soft = line.split_whitespace().next()?;
    if soft == "unlimited" { Some(f64::INFINITY) } else { soft.parse().ok() }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The value of `name` in `text`.
    fn value(text: &str, name: &str) -> f64 {
        let mut lines = text.lines();
        let line = lines.find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
        line.unwrap_or_else(|| panic!("{name} is not in\n{text}")).parse().unwrap()
    }

    #[test]
    fn this_process_is_described() {
        let metrics = Metrics::new("0");
        let folder = tempfile::tempdir().unwrap();

        let before = metrics.text();
        let files: Vec<_> = (0..50)
            .map(|index| fs::File::create(folder.path().join(index.to_string())).unwrap())
            .collect();
        let after = metrics.text();

        let files = f64::from(u32::try_from(files.len()).unwrap());
        let open = |text: &str| value(text, "process_open_fds");
        // Other tests of this process open and close files meanwhile.
        assert!(open(&after) - open(&before) > files - 20.0, "{before}\n{after}");
        assert!(open(&after) < value(&after, "process_max_fds"));
        let memory = value(&after, "process_resident_memory_bytes");
        assert!(memory > 500_000.0 && memory < value(&after, "process_memory_limit_bytes"));
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs_f64();
        let began = value(&after, "process_start_time_seconds");
        assert!(began <= now && now - began < 60.0, "{began} {now}");
    }

    #[test]
    fn the_least_limit_counts() {
        let limits =
            |text: &[&str]| least(1000.0, text.iter().map(|limit| (*limit).to_owned())).to_string();

        assert_eq!(limits(&[]), "1000");
        assert_eq!(limits(&["max\n", "300\n"]), "300");
        assert_eq!(limits(&["9223372036854771712\n"]), "1000");
    }

    #[test]
    fn fields_are_found_as_the_system_writes_them() {
        let status = "Name:\tapi\nVmHWM:\t    900 kB\nVmRSS:\t    128 kB\n";
        assert_eq!(bytes(status, "VmRSS:"), Some(131_072.0));
        assert_eq!(bytes(status, "VmSwap:"), None);
        let limits = "Limit  Soft  Hard  Units\nMax open files            1024   4096   files\n";
        assert_eq!(max_files(limits), Some(1024.0));
        assert_eq!(max_files("Max open files  unlimited  unlimited  files"), Some(f64::INFINITY));
    }
}
