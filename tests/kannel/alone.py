"""Run in a network of its own (`unshare -n`): Kannel with its fake SMSC, our adapter and our door; prints JSON.

    python -m tests.kannel.alone FOLDER        {"out": {...}, "in": {...}}

The fake SMSC listens on every address, so that it must not run in the network of the machine.
"""

from __future__ import annotations

import http.server
import json
import socket
import subprocess
import sys
import threading
import urllib.parse
import urllib.request
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from messaging.gateways.kannel import Kannel
from messaging.gateways.protocol import Outbound, Request
from messaging.letters import measure
from messaging.settings import load
from tests.kannel.boxes import ADMIN, PASSWORD, SHIPPED, USER, Boxes, free_port, wait_for
from webhooks import door, kannel

TO = "+22370000001"
BY_HAND = {  # what goes wrong when nobody says the coding: sendsms by GET, as anybody might
    "french without coding": {"text": "bébé à ç ê œ ’ € [x]"},
    "bambara without coding": {"text": "ɔwɔ kɛnɛya"},
    "bambara, coding 2 and UTF-8": {"text": "ɔwɔ kɛnɛya", "coding": "2", "charset": "UTF-8"},
    "bambara, coding 2 alone": {"text": "ɔwɔ kɛnɛya", "coding": "2"},
}
OURS = {
    "bambara": "ɔwɔ kɛnɛya",
    "french": "bébé à ç ê œ ’ € [x]",
    "GSM-7": "bébé à Ç é ù € [x] ^{}~|\\",
    "emoji": "😜 Ɲɛgɛn",
    "two segments of GSM-7": "a" * 200,
    "two segments of UCS-2": "ɔ" * 100,
    "blanks at both ends": "  ɔ  ",
    "signs of an address": "100% + & = ? # %20 %d",
}
WRITTEN = {  # what the fake SMSC takes: one line an SMS
    "plain": "text QUIZ 2",
    "UCS-2": "ucs2 %02%54%00w%02%54",
    "accents": "ucs2 %00%E9%01%53%D8%3D%DE%1C",
    "empty": "text ",
    "eight bits": "data caf%05",
    "two parts": ("udh-data %05%00%03%2A%02%01 first+part+", "udh-data %05%00%03%2A%02%02 second"),
}


def main(folder: Path) -> None:
    """Play both tables and print what arrived."""
    subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
    fake, came = free_port(), Came()
    post_url = f"http://127.0.0.1:{came.port}/in?id=%I&from=%q&time=%T&smsc=%i"
    boxes = Boxes(folder, fake, post_url, conf=SHIPPED / "essai.conf")
    try:
        boxes.start_box("bearerbox")
        centre = Fake(fake)  # the link is up once somebody plays the operator
        boxes.start()
        json.dump({"out": outgoing(boxes, centre), "in": incoming(centre, came)}, sys.stdout)
    finally:
        boxes.__exit__()


def outgoing(boxes: Boxes, centre: Fake) -> dict[str, Any]:
    """What reached the phone of each text, as (coding, text) a segment."""
    arrived: dict[str, Any] = {}
    for name, said in BY_HAND.items():
        given = urllib.parse.urlencode({"username": USER, "password": PASSWORD, "to": TO, "from": "36200", **said})
        with urllib.request.urlopen(f"{boxes.api}/cgi-bin/sendsms?{given}") as answer:
            assert answer.status == 202
        arrived[name] = centre.take(1)
    given = {
        "JEKULU_KANNEL_API": boxes.api, "JEKULU_KANNEL_ADMIN": boxes.admin, "JEKULU_KANNEL_USER": USER,
        "JEKULU_KANNEL_PASSWORD": PASSWORD, "JEKULU_KANNEL_ADMIN_PASSWORD": ADMIN,
        "JEKULU_PUBLIC_URL": "http://127.0.0.1:9",
    }  # fmt: skip
    adapter = Kannel(load(given), "36200")
    for name, text in OURS.items():
        size = measure(text)
        until = datetime.now(UTC) + timedelta(hours=1)
        outbound = Outbound("key", TO, text, size.encoding, size.segments, None, until, "http://127.0.0.1:9/r/key.mac")
        assert adapter.submit(outbound).outcome == "accepted", name
        arrived[f"ours: {name}"] = centre.take(size.segments)
    assert adapter.health() is None
    adapter.close()
    return arrived


def incoming(centre: Fake, came: Came) -> dict[str, Any]:
    """What our door reads of each SMS that a phone writes."""
    read: dict[str, Any] = {}
    for name, lines in WRITTEN.items():
        for line in (lines,) if isinstance(lines, str) else lines:
            centre.write(f"+22376000001 36200 {line}")
        wait_for(name, lambda: came.requests)
        (arrival,) = kannel.parse_inbound(came.requests.pop())
        read[name] = {
            "from": arrival.sender, "to": arrival.recipient, "text": arrival.text, "key": arrival.dedupe_key,
            "undecodable": arrival.undecodable and arrival.undecodable.hex(), "at": str(arrival.gateway_at),
        }  # fmt: skip
    return read


class Fake:
    """A client of the fake SMSC: reads what leaves, writes what comes in."""

    def __init__(self, port: int) -> None:
        """Connect."""
        wait_for("the port of the fake SMSC", lambda: self._connect(port))
        self._lines = self._socket.makefile("rb")

    def _connect(self, port: int) -> bool:
        try:
            self._socket = socket.create_connection(("127.0.0.1", port), 10)
        except OSError:
            return False
        return True

    def write(self, line: str) -> None:
        """An SMS to Kannel."""
        self._socket.sendall(line.encode() + b"\n")

    def take(self, count: int) -> list[tuple[str, str]]:
        """The next SMS from Kannel: coding and text without its header; of UCS-2 the letters."""
        return [_segment(self._lines.readline().rstrip(b"\n")) for _ in range(count)]


def _segment(line: bytes) -> tuple[str, str]:
    _sender, _to, coding, rest = line.split(b" ", 3)
    if coding == b"udh":  # header, then coding and text
        _header, coding, rest = rest.split(b" ", 2)
    raw = urllib.parse.unquote_to_bytes(rest.replace(b"+", b" "))
    if coding == b"ucs-2":
        return "ucs-2", raw.decode("utf-16-be", "replace")
    return coding.decode(), (rest if coding == b"text" else raw).decode("utf-8", "replace")


class Came:
    """A door that keeps the calls it gets, as the real one would see them."""

    def __init__(self) -> None:
        """Listen."""
        self.requests: list[Request] = []
        self._server = http.server.HTTPServer(("127.0.0.1", 0), _keeping(self.requests))
        self.port = self._server.server_address[1]
        threading.Thread(target=self._server.serve_forever, daemon=True).start()


def _keeping(requests: list[Request]) -> type[http.server.BaseHTTPRequestHandler]:
    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            headers = {name.lower(): value for name, value in self.headers.items()}
            query = door.pairs(self.path.partition("?")[2].encode())
            requests.append(Request("POST", self.path, headers, body, query, (), datetime.now(UTC)))
            self.send_response(200)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_words: object) -> None:
            return

    return Handler


if __name__ == "__main__":
    main(Path(sys.argv[1]))
