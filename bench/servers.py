"""Programs that listen on loopback: their ports, their answers, their memory. For the scripts here."""

import http.client
import os
import socket
import time
from pathlib import Path

DEADLINE = 30


def free_port():
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        return bound.getsockname()[1]


def get(port, path):
    """Status and body, or nothing if nobody answers."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    try:
        connection.request("GET", path)
        answer = connection.getresponse()
        return answer.status, answer.read()
    except OSError:
        return None, b""
    finally:
        connection.close()


def resident(process):
    """MiB."""
    pages = int(Path(f"/proc/{process.pid}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 2**20


def proportional(process):
    """MiB of a process and its children, what they share counted once."""
    total = 0.0
    for pid in (process.pid, *children(process.pid)):
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
        total += next(int(line.split()[1]) for line in lines if line.startswith("Pss:")) / 1024
    return total


def children(pid):
    listed = Path(f"/proc/{pid}/task/{pid}/children").read_text()
    return [int(child) for child in listed.split()]


def wait_until_answers(port, path, status, process):
    """Waits for an answer with this status. Ends this script if the program ends or none comes."""
    started = time.monotonic()
    while get(port, path)[0] != status:
        if time.monotonic() - started > DEADLINE or process.poll() is not None:
            raise SystemExit(f"{process.args[0]} does not answer {path} with {status}")
        time.sleep(0.01)
