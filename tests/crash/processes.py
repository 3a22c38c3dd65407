"""The two processes of a crash run: the judge, which outlives every kill, and ours, which does not."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import requests

from tests.crash.place import Place

ROOT = Path(__file__).parents[2]
JEKULU = Path(sys.executable).parent / "jekulu"
START = 60.0  # seconds within which a process must answer, on a busy machine


class StartError(Exception):
    """Our process did not start again by itself."""


def free_port() -> int:
    """A port of the loopback that nobody uses."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


class Judge:
    """The fake Twilio as a process of its own: `with Judge(options) as judge`."""

    def __init__(self, options: Sequence[str]) -> None:
        """`options` of `python -m tests.fakes.twilio`."""
        self._command = [sys.executable, "-m", "tests.fakes.twilio", *options]
        self._session = requests.Session()
        self._session.trust_env = False
        self.url = ""

    def __enter__(self) -> Judge:
        self._running = subprocess.Popen(self._command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
        assert self._running.stdout is not None
        self.url = self._running.stdout.readline().removeprefix("ready ").strip()
        return self

    def __exit__(self, *_error: object) -> None:
        self._session.close()
        self._running.kill()
        self._running.wait()
        if self._running.stdout:
            self._running.stdout.close()

    def calls(self) -> int:
        """How often it was asked to send, whatever came of it."""
        return int(self._get("count")["calls"])

    def sent(self) -> list[dict[str, str]]:
        """What it really sent: each with `to` and `body`."""
        return list(self._get("truth")["messages"])

    def _get(self, what: str) -> dict[str, Any]:
        found: dict[str, Any] = self._session.get(f"{self.url}/{what}", timeout=30).json()
        return found


class Ours:
    """One life of `jekulu run`, or of the same that dies at a named point; its output is added to `run.log`."""

    def __init__(self, place: Place, command: Sequence[str] = ()) -> None:
        """Start it; the command is the same each time, and nothing is repaired before."""
        self._place = place
        self.log = Path(place.environ["JEKULU_DATA"]) / "run.log"
        command = command or [str(JEKULU), "run"]
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(command, cwd=ROOT, env=place.environ, stdout=log, stderr=log)

    def ready(self) -> None:
        """Wait until it answers.

        Raises:
            StartError: it ended, or does not answer.
        """
        until = time.monotonic() + START
        while time.monotonic() < until:
            self.check()
            with contextlib.suppress(requests.RequestException), requests.Session() as session:
                session.trust_env = False
                if session.get(f"{self._place.address}/health", timeout=2).ok:
                    return
            time.sleep(0.05)
        raise StartError(f"no answer within {START:.0f} s:\n{self.tail()}")

    def check(self) -> None:
        """Raise StartError when it has ended by itself."""
        code = self.process.poll()
        if code is not None:
            raise StartError(f"it ended with {code}:\n{self.tail()}")

    def kill(self) -> None:
        """As a power cut would."""
        self.check()
        os.kill(self.process.pid, signal.SIGKILL)
        self.process.wait()

    def dies(self, within: float) -> bool:
        """Wait for the death that it was told to die; False when it is still alive."""
        try:
            code = self.process.wait(within)
        except subprocess.TimeoutExpired:
            return False
        if code != -signal.SIGKILL:
            raise StartError(f"it ended with {code}:\n{self.tail()}")
        return True

    def end(self) -> None:
        """Stop it, however it fares."""
        self.process.kill()
        self.process.wait()

    def tail(self) -> str:
        """The last lines of its output."""
        return "\n".join(self.log.read_text("utf-8", "replace").splitlines()[-30:])
