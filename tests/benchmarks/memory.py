"""The memory of the one process with the two programmes loaded, while it sends, answers and shows pages."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
import tempfile
import time
from contextlib import suppress
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

from tests.benchmarks.figure import figure

MOST_MB = 200
DAYS = 7  # of simulated past
WATCHED = 60  # seconds of its life, with a page a second


def run() -> None:
    """Print what the process holds at most, as the system counts it (VmHWM: its largest resident set)."""
    if not Path("/proc/self/status").exists():
        sys.stderr.write("memory: this system does not tell what a process holds\n")
        return
    with tempfile.TemporaryDirectory() as folder:
        command = [str(Path(sys.executable).with_name("jekulu")), "demo", "--days", str(DAYS)]
        port = free_port()
        given = {**os.environ, "JEKULU_DATA": folder, "PORT": str(port)}
        subprocess.run([*command, "--no-start"], env=given, check=True, stdout=subprocess.DEVNULL)
        with subprocess.Popen(command, env=given, stdout=subprocess.DEVNULL) as process:
            live(port)
            most = peak_mb(process.pid)
            process.send_signal(signal.SIGTERM)
            process.wait(60)
    figure("memory of the one process, two programmes loaded: MB", most, MOST_MB, most / MOST_MB, most <= MOST_MB)


def live(port: int) -> None:
    """Ask it for pages until it has lived for a while."""
    until, seen = time.monotonic() + 120, 0
    while seen < WATCHED:
        assert time.monotonic() < until + WATCHED, "it did not start"
        with suppress(URLError, OSError), urlopen(f"http://127.0.0.1:{port}/admin/", timeout=10) as page:
            page.read()
            seen += 1
        time.sleep(1)


def peak_mb(pid: int) -> float:
    found = re.search(r"VmHWM:\s+(\d+) kB", Path(f"/proc/{pid}/status").read_text())
    assert found
    return int(found[1]) / 1024


def free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])
