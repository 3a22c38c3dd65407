"""A small HTTP proxy that writes down what passes: in front of sendsms and in front of our door, it is the witness.

It can lose answers on purpose, or not pass a request on at all.
"""

from __future__ import annotations

import http.client
import re
import threading
from collections.abc import Callable
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

KEY = re.compile(r"/r/([A-Za-z0-9_-]+)\.")


@dataclass(frozen=True)
class Pass:
    """One request and its answer; a status of 0: there was none."""

    method: str
    path: str
    to: str
    key: str  # of the attempt, where one is named
    ident: str  # Kannel's id of an inbound SMS
    status: int
    headers: dict[str, str]


class Tap:
    """A proxy from a port of its own to another port of the loopback."""

    def __init__(self, target: int, port: int = 0) -> None:
        """Listen when entered; `lose` and `drop` decide by the number of a request, from 1, whether its answer is
        lost, or it is not passed on at all.
        """
        self.target = target
        self.passes: list[Pass] = []
        self.lose: Callable[[int], bool] = lambda _number: False
        self.drop: Callable[[int], bool] = lambda _number: False
        self.answer: int | None = None  # answer so instead of passing on
        self._lock = threading.Lock()
        self._count = 0
        self._server = _Server(("127.0.0.1", port), _handler(self))
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)

    @property
    def port(self) -> int:
        """Where it listens."""
        return int(self._server.server_address[1])

    @property
    def url(self) -> str:
        """Its base address."""
        return f"http://127.0.0.1:{self.port}"

    def __enter__(self) -> Tap:
        self._thread.start()
        return self

    def __exit__(self, *_error: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(10)

    def number(self) -> int:
        """The number of a request, from 1."""
        with self._lock:
            self._count += 1
            return self._count

    def answered(self, part: str) -> list[Pass]:
        """The requests to a part of our door that were answered with 200."""
        return [one for one in self.passes if part in one.path and one.status == 200]


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 512

    def handle_error(self, *_what: object) -> None:
        """Whoever was killed hung up."""


def _handler(tap: Tap) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        timeout = 30

        def do_GET(self) -> None:
            number = tap.number()
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            try:
                if tap.drop(number):
                    raise ConnectionError
                status, headers, answer = self._passed_on(body)
            except (OSError, http.client.HTTPException):
                self._note(0)
                self._cut()
                return
            self._note(status)
            if tap.lose(number):
                self._cut()
                return
            self.send_response_only(status)
            for name, value in headers:
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        do_POST = do_GET

        def _passed_on(self, body: bytes) -> tuple[int, list[tuple[str, str]], bytes]:
            if tap.answer is not None:
                return tap.answer, [], b""
            connection = http.client.HTTPConnection("127.0.0.1", tap.target, timeout=20)
            try:
                headers = {name: value for name, value in self.headers.items() if name.lower() != "connection"}
                connection.request(self.command, self.path, body or None, headers)
                reply = connection.getresponse()
                kept = [(name, value) for name, value in reply.getheaders() if name.lower() == "content-type"]
                return reply.status, kept, reply.read()
            finally:
                connection.close()

        def _note(self, status: int) -> None:
            headers = {name.lower(): value for name, value in self.headers.items()}
            told = headers.get("x-kannel-dlr-url", "") or self.path
            found = KEY.search(told)
            ident = parse_qs(urlsplit(self.path).query).get("id", [""])[0]
            to = headers.get("x-kannel-to", "")
            tap.passes.append(Pass(self.command, self.path, to, found[1] if found else "", ident, status, headers))

        def _cut(self) -> None:
            self.close_connection = True

        def log_message(self, *_words: object) -> None:
            return

    return Handler
