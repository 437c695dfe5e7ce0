//! Programs that a test starts, and that end with it.

use std::ffi::OsStr;
use std::io::{BufRead, BufReader, Read};
use std::path::Path;
use std::process::{Child, ChildStdin, Command, Stdio};

/// Starts the program, prints its process id, and kills it when this end of the pipe is gone:
/// even a test that is itself killed leaves nothing behind.
const SUPERVISOR: &str = r#"log=$1; shift
"$@" </dev/null >"$log" 2>&1 &
pid=$!
echo "$pid"
cat >/dev/null
kill -9 "$pid" 2>/dev/null
wait "$pid" 2>/dev/null
"#;

/// A running program. Dropping it kills the program.
#[derive(Debug)]
pub struct Process {
    pid: u32,
    supervisor: Child,
    stdin: Option<ChildStdin>,
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
            .spawn()
            .expect("`sh` is everywhere");
        let stdin = supervisor.stdin.take();
        let stdout = supervisor.stdout.take().expect("stdout is piped");
        let mut line = String::new();
        BufReader::new(stdout).read_line(&mut line).expect("the supervisor speaks first");
        let pid = line.trim().parse().expect("it prints a process id");
        Self { pid, supervisor, stdin }
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
        let state = std::fs::read_to_string(format!("/proc/{}/stat", self.pid));
        // The state stands after the name, which is in parentheses; `Z` has ended.
        state.is_ok_and(|stat| stat.rsplit(')').next().is_some_and(|rest| !rest.starts_with(" Z")))
    }

    /// Kills it at once and waits until it is gone.
    pub fn kill(mut self) {
        self.end();
    }

    fn end(&mut self) {
        self.stdin.take();
        let _ = self.supervisor.wait();
        if let Some(mut rest) = self.supervisor.stdout.take() {
            let _ = rest.read_to_end(&mut Vec::new());
        }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.end();
    }
}
