"""Kannel's two boxes as Debian packs them, started with the very configuration that we ship, on free ports.

Everything listens on the loopback. Ends only the processes that it started, by their ids.
"""

from __future__ import annotations

import contextlib
import os
import random
import re
import signal
import socket
import sqlite3
import subprocess
import time
import urllib.request
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from messaging.gateways.kannel_status import Status, parse

BEARERBOX, SMSBOX = Path("/usr/sbin/bearerbox"), Path("/usr/sbin/smsbox")
SHIPPED = Path(__file__).parents[2] / "docs" / "kannel"
USER, PASSWORD, ADMIN = "jekulu", "an-invented-password", "an-invented-admin-password"
Changes = Mapping[str, Mapping[str, str | int]]  # of the shipped configuration, by group and key


def free_port() -> int:
    """A port of the loopback that nobody uses now, and that no outgoing connection gets by chance before we do."""
    while True:
        port = random.randrange(20_000, 32_000)
        with socket.socket() as listener, contextlib.suppress(OSError):
            listener.bind(("127.0.0.1", port))
            return port


def wait_for(what: str, is_there: Callable[[], object], seconds: float = 30) -> None:
    """Look again and again, for a while."""
    until = time.monotonic() + seconds
    while not is_there():
        assert time.monotonic() < until, f"waited {seconds:.0f} s for: {what}"
        time.sleep(0.05)


def changed(conf: str, changes: Changes) -> str:
    """A configuration with other values; what is changed must stand in it, a line more must be new."""
    groups = re.split(r"(?m)^(?=group = )", conf)
    for name, values in changes.items():
        (place,) = [place for place, group in enumerate(groups) if group.startswith(f"group = {name}\n")]
        for key, value in values.items():
            line = f"{key} = {value}"
            groups[place], count = re.subn(rf"(?m)^{key} = .*$", lambda _hit, line=line: line, groups[place])  # type: ignore[misc]
            if not count:
                groups[place] = groups[place].rstrip("\n") + f"\n{line}\n\n"
    return "".join(groups)


@dataclass
class Boxes:
    """Both boxes of one Kannel in one folder."""

    folder: Path
    centre_port: int
    post_url: str
    conf: Path = SHIPPED / "kannel.conf"
    more: Changes = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Write the configuration and make the table; nothing runs yet."""
        self.admin_port, self.sendsms_port = free_port(), free_port()
        self._running: dict[str, subprocess.Popen[bytes]] = {}
        self.folder.mkdir(parents=True, exist_ok=True)
        shipped = self.conf.read_text("utf-8")
        self._file = self.folder / "kannel.conf"
        self._file.write_text(
            changed(changed(shipped, self._places("group = sqlite3-connection" in shipped)), self.more)
        )
        with sqlite3.connect(self.folder / "dlr.sqlite") as table:
            table.executescript((SHIPPED / "dlr.sql").read_text("utf-8"))
        table.close()

    def _places(self, is_real: bool) -> Changes:
        """What the shipped configuration leaves to fill in, and shorter waits."""
        boxes = free_port()
        folder = self.folder
        places: dict[str, dict[str, str | int]] = {
            "core": {
                "admin-port": self.admin_port, "admin-password": ADMIN, "smsbox-port": boxes,
                "log-file": f'"{folder}/bearerbox.log"', "store-location": f'"{folder}/store"', "sms-resend-freq": 1,
            },
            "smsc": {"host": "127.0.0.1", "port": self.centre_port, "reconnect-delay": 1, "throughput": 400},
            "smsbox": {
                "sendsms-port": self.sendsms_port, "global-sender": "36200", "log-file": f'"{folder}/smsbox.log"',
                "http-queue-delay": 1,
            },
            "sendsms-user": {"username": USER, "password": PASSWORD},
            "sms-service": {"post-url": f'"{self.post_url}"'},
        }  # fmt: skip
        if is_real:
            places["sqlite3-connection"] = {"database": f'"{folder}/dlr.sqlite"'}
        else:
            places["smsc"] = {"port": self.centre_port}
        return places

    @property
    def api(self) -> str:
        """The base address of sendsms."""
        return f"http://127.0.0.1:{self.sendsms_port}"

    @property
    def admin(self) -> str:
        """The base address of the status page."""
        return f"http://127.0.0.1:{self.admin_port}"

    def __enter__(self) -> Boxes:
        try:
            self.start()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_error: object) -> None:
        for process in self._running.values():  # in order smsbox would wait for connections that a test left open
            process.kill()
            process.wait(10)
        self._running.clear()

    def start(self) -> None:
        """Start what does not run, and wait until smsbox and the link are up."""
        self.start_box("bearerbox")
        self.start_box("smsbox")
        wait_for("smsbox and the link to the centre", self.is_up)

    def start_box(self, name: str) -> None:
        """Start one box, and wait until it answers."""
        if name in self._running and self._running[name].poll() is None:
            return
        with (self.folder / f"{name}.out").open("ab") as out:
            program = BEARERBOX if name == "bearerbox" else SMSBOX
            command = [program, "-v", "4", self._file]
            self._running[name] = subprocess.Popen(command, stdout=out, stderr=out, cwd=self.folder)
        if name == "bearerbox":
            wait_for("the status page of bearerbox", self.page)

    def kill(self, name: str) -> None:
        """As a power cut would. Without bearerbox smsbox ends by itself, and is waited for."""
        self._running[name].send_signal(signal.SIGKILL)
        self._running.pop(name).wait(10)
        if name == "bearerbox" and "smsbox" in self._running:
            self._end("smsbox")

    def stop(self) -> None:
        """End both in order."""
        for name in ("smsbox", "bearerbox"):
            self._end(name)

    def _end(self, name: str) -> None:
        if name not in self._running:
            return
        process = self._running.pop(name)
        if process.poll() is None:
            os.kill(process.pid, signal.SIGTERM)
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait(10)

    def page(self) -> str:
        """The status page; empty while there is none."""
        try:
            with urllib.request.urlopen(f"{self.admin}/status.xml?password={ADMIN}", timeout=2) as answer:
                return str(answer.read().decode())
        except OSError:
            return ""

    def status(self) -> Status | None:
        """The status page, read."""
        return parse(self.page())

    def is_up(self) -> bool:
        """Both boxes and the link are there."""
        status = self.status()
        if status is None or not status.smsboxes or not status.links:
            return False
        return all(up is not None for up in (status.up, *status.smsboxes, *status.links))

    def is_idle(self) -> bool:
        """Nothing waits in Kannel."""
        status = self.status()
        return bool(status and status.waiting == 0)
