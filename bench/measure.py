"""Runs one program and says what it took; and describes the machine. For the scripts here."""

import os
import platform
import statistics
import sys
import time
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Taken:
    """What one run took."""

    wall: float  # seconds
    cpu: float  # seconds, user and system, all threads
    memory: float  # peak resident set in MiB


def run(command, cwd=None):
    """Runs `command` with its output thrown away. Ends this script if it fails."""
    started = time.monotonic()
    process = os.fork()
    if process == 0:
        if cwd:
            os.chdir(cwd)
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, 1)
        os.dup2(nowhere, 2)
        try:
            os.execvp(str(command[0]), [str(part) for part in command])
        except OSError:
            os._exit(127)
    _, status, usage = os.wait4(process, 0)
    wall = time.monotonic() - started
    if status != 0:
        sys.exit(f"failed: {' '.join(map(str, command))}")
    # Linux counts in KiB, macOS in bytes.
    unit = 1024 * 1024 if sys.platform == "darwin" else 1024
    return Taken(wall, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / unit)


def median(taken):
    """The median of each figure by itself."""
    figures = ("wall", "cpu", "memory")
    return Taken(*(statistics.median(getattr(one, name) for one in taken) for name in figures))


def machine():
    """One line on the machine."""
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
        model = next(line.split(":")[1].strip() for line in lines if "model name" in line)
    except (OSError, StopIteration):
        model = platform.processor() or platform.machine()
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    system = f"{platform.system()} {platform.release()}"
    return f"{model}, {os.cpu_count()} cores, {memory:.0f} GiB, {system}"
