"""Programs that listen on loopback: their ports, their answers, their memory. For the scripts here."""

import http.client
import os
import socket
import time
from pathlib import Path

DEADLINE = 30
TICKS = os.sysconf("SC_CLK_TCK")


def free_port():
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        return bound.getsockname()[1]


def get(port, path, headers=None, timeout=5):
    """Status, headers and body, or nothing if nobody answers."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=timeout)
    try:
        connection.request("GET", path, headers=headers or {})
        answer = connection.getresponse()
        return answer.status, answer.headers, answer.read()
    except (OSError, http.client.HTTPException):
        return None, None, b""
    finally:
        connection.close()


def resident(process):
    """MiB."""
    pages = int(Path(f"/proc/{process.pid}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 2**20


def proportional(pid):
    """MiB of a process and its children, what they share counted once."""
    total = 0
    for one in (pid, *children(pid)):
        try:
            lines = Path(f"/proc/{one}/smaps_rollup").read_text().splitlines()
        except OSError:
            continue
        total += next(int(line.split()[1]) for line in lines if line.startswith("Pss:"))
    return total / 1024


def cpu_seconds(pid):
    """User and system time of a process and its children that are alive."""
    total = 0
    for one in (pid, *children(pid)):
        try:
            fields = Path(f"/proc/{one}/stat").read_text().rsplit(")", 1)[1].split()
        except OSError:
            continue
        total += int(fields[11]) + int(fields[12])
    return total / TICKS


def children(pid):
    try:
        return Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    except OSError:
        return []


def wait_until_answers(port, path, status, process, seconds=DEADLINE):
    """Waits for an answer with this status. Ends this script if the program ends or none comes."""
    started = time.monotonic()
    while get(port, path)[0] != status:
        if time.monotonic() - started > seconds or process.poll() is not None:
            raise SystemExit(f"{process.args[0]} does not answer {path} with {status}")
        time.sleep(0.01)
