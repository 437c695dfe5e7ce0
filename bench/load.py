"""Asks a server for many addresses with wrk. For the scripts here."""

import re
import subprocess
from dataclasses import dataclass

# wrk's own way to more than one URL, and to exact figures.
SCRIPT = """
local paths, at = {{ {paths} }}, 0
request = function() at = at % #paths + 1; return wrk.format("GET", paths[at]) end
done = function(summary, latency, requests)
    local errors = summary.errors
    io.write(string.format("FIGURES %d %d %d %d %d\\n", summary.requests, summary.duration,
        latency:percentile(50), latency:percentile(99),
        errors.connect + errors.read + errors.write + errors.status + errors.timeout))
end
"""


@dataclass(frozen=True)
class Asked:
    """What one run of wrk saw."""

    requests: int
    rate: float  # requests per second
    median: float  # microseconds
    p99: float  # microseconds


def wrk_script(file, paths):
    """Writes to `file` what makes wrk ask for `paths` in turn; returns it."""
    file.write_text(SCRIPT.format(paths=", ".join(f'"{path}"' for path in paths)))
    return file


def wrk(port, script, seconds, connections):
    """Ends the program if any answer was not good."""
    command = ["wrk", "--threads", "1", "--connections", connections, "--duration", f"{seconds}s",
               "--script", script, f"http://127.0.0.1:{port}"]
    done = subprocess.run([str(part) for part in command], capture_output=True, text=True, timeout=seconds + 30)
    figures = re.search(r"^FIGURES (\d+) (\d+) (\d+) (\d+) (\d+)$", done.stdout, re.MULTILINE)
    if not figures:
        raise SystemExit(f"wrk said: {done.stdout}{done.stderr}")
    requests, microseconds, median, p99, errors = map(int, figures.groups())
    if errors or not requests:
        raise SystemExit(f"port {port}: {errors} of {requests} requests failed")
    return Asked(requests, requests / microseconds * 1e6, median, p99)
