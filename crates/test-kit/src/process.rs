//! Programs that a test starts, and that end with it.

use std::ffi::OsStr;
use std::fs;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

/// Starts the program and prints its process id, and when it ends its status. Kills it when this
/// end of the pipe is gone: even a test that is itself killed leaves nothing behind.
const SUPERVISOR: &str = r#"log=$1; shift
exec 3<&0
"$@" </dev/null >"$log" 2>&1 3<&- &
pid=$!
{ cat <&3; kill -9 "$pid"; } >/dev/null 2>&1 &
watcher=$!
echo "$pid"
wait "$pid"; status=$?
kill "$watcher" 2>/dev/null
echo "$status"
"#;

/// How long a program may take to end when it was asked to.
const DEADLINE: Duration = Duration::from_secs(30);

/// A running program. Dropping it kills the program.
#[derive(Debug)]
pub struct Process {
    pid: u32,
    supervisor: Child,
    stdin: Option<ChildStdin>,
    stdout: BufReader<ChildStdout>,
    log: PathBuf,
}

impl Process {
    /// Starts `program` with what it writes in the file `log`. `vars` are added to its environment.
    ///
    /// # Panics
    ///
    /// If there is no shell.
    #[must_use]
    pub fn start<S: AsRef<OsStr>>(
        program: &Path,
        arguments: &[S],
        vars: &[(&str, &str)],
        log: &Path,
    ) -> Self {
        let mut supervisor = Command::new("sh")
            .args(["-c", SUPERVISOR, "sh"])
            .arg(log)
            .arg(program)
            .args(arguments)
            .envs(vars.iter().copied())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            // The program's own goes to the log; this is only the shell's word on killed jobs.
            .stderr(Stdio::null())
            .spawn()
            .expect("`sh` is everywhere");
        let stdin = supervisor.stdin.take();
        let mut stdout = BufReader::new(supervisor.stdout.take().expect("stdout is piped"));
        let pid = number(&mut stdout).expect("the supervisor prints a process id first");
        Self { pid, supervisor, stdin, stdout, log: log.to_owned() }
    }

    /// The program's process id.
    #[must_use]
    pub fn pid(&self) -> u32 {
        self.pid
    }

    /// Sends it `signal`, for instance `TERM`, `STOP` or `CONT`.
    ///
    /// # Panics
    ///
    /// If there is no `kill`.
    pub fn signal(&self, signal: &str) {
        let mut kill = Command::new("kill");
        kill.args([format!("-{signal}"), self.pid.to_string()]).stderr(Stdio::null());
        // It may be gone already.
        let _ = kill.status().expect("`kill` is everywhere");
    }

    /// Whether it still runs.
    #[must_use]
    pub fn is_running(&self) -> bool {
        let state = fs::read_to_string(format!("/proc/{}/stat", self.pid));
        // The state stands after the name, which is in parentheses; `Z` has ended.
        state.is_ok_and(|stat| stat.rsplit(')').next().is_some_and(|rest| !rest.starts_with(" Z")))
    }

    /// What it has written so far.
    #[must_use]
    pub fn log(&self) -> String {
        fs::read_to_string(&self.log).unwrap_or_default()
    }

    /// Waits until it has ended, and returns its exit status.
    ///
    /// # Panics
    ///
    /// If it does not end.
    #[must_use]
    pub fn wait(mut self) -> u32 {
        let started = Instant::now();
        while self.is_running() {
            assert!(started.elapsed() < DEADLINE, "it does not end:\n{}", self.log());
            thread::sleep(Duration::from_millis(5));
        }
        number(&mut self.stdout).expect("the supervisor prints the status last")
    }

    /// Kills it at once and waits until it is gone.
    pub fn kill(self) {}
}

fn number(stdout: &mut BufReader<ChildStdout>) -> Option<u32> {
    let mut line = String::new();
    stdout.read_line(&mut line).ok()?;
    line.trim().parse().ok()
}

impl Drop for Process {
    fn drop(&mut self) {
        self.stdin.take();
        let _ = self.supervisor.wait();
    }
}
