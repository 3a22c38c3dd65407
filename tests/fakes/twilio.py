"""A carrier of our own that speaks Twilio's REST API on the loopback and remembers what it really sent.

It refuses what Twilio refuses, loses answers when told to, and makes the signed calls that Twilio would make. In tests:
`with Twilio() as carrier:`; as a process of its own for crash tests and benchmarks:

    python -m tests.fakes.twilio --port 8070 --latency-ms 50 --shares mixed --reports-to http://127.0.0.1:8000

GET /truth gives what was sent, GET /count how many; POST /weather takes {"script": [...], "shares": {...},
"latency_ms": 0, "mute": true, ...}. One loop and no thread a connection: it takes several thousand requests a second on
one core.
"""

from __future__ import annotations

import argparse
import asyncio
import base64
import json
import threading
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qsl

from tests.fakes.calls import Caller
from tests.fakes.carrier import ACCOUNT, HOME, LATE, MIXED, ROUGH, TOKEN, WAYS, Answer, Carrier, Message, refusal

HANDS = 12  # that bring reports; while we are down each waits with its own


class Twilio(Carrier):
    """The carrier behind a port of the loopback: `with Twilio() as carrier: … carrier.url`."""

    def __init__(self, port: int = 0, reports_to: str = "", order: str = "straight", **options: Any) -> None:
        """Listen when entered; with `reports_to` each SMS is reported there by itself, signed for its own address."""
        super().__init__(**options)
        self.port = port
        self.latency_ms = 0.0
        self.order = order
        self.late_seconds = 3.0
        self.caller = Caller(reports_to, HANDS) if reports_to else None
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)

    @property
    def url(self) -> str:
        """The base address."""
        return f"http://127.0.0.1:{self.port}"

    def __enter__(self) -> Twilio:
        self._thread.start()
        asyncio.run_coroutine_threadsafe(self._listen(), self._loop).result(10)
        return self

    def __exit__(self, *_error: object) -> None:
        asyncio.run_coroutine_threadsafe(self._stop(), self._loop).result(10)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)
        self._loop.close()
        if self.caller:
            self.caller.close()

    async def _listen(self) -> None:
        self._wires: set[asyncio.Transport] = set()
        self._server = await self._loop.create_server(lambda: _Wire(self, self._wires), "127.0.0.1", self.port)
        self.port = self._server.sockets[0].getsockname()[1]

    async def _stop(self) -> None:
        self._server.close()
        for wire in list(self._wires):
            wire.abort()
        await asyncio.sleep(0)

    def answer(self, method: str, target: str, headers: dict[str, str], body: bytes) -> tuple[str, Answer]:
        """What one request meets ("ok" or a trouble), and its answer."""
        path, _, query = target.partition("?")
        if path in ("/truth", "/count", "/weather"):
            return "ok", self._steer(path, body)
        expected = "Basic " + base64.b64encode(f"{ACCOUNT}:{TOKEN}".encode()).decode()
        if headers.get("authorization") != expected:
            return "ok", refusal(401, 20003, "Authenticate")
        if (method, path) == ("POST", f"{HOME}/Messages.json"):
            return self._post(dict(parse_qsl(body.decode(), keep_blank_values=True)))
        return "ok", self._get(path, dict(parse_qsl(query, keep_blank_values=True)))

    def _post(self, form: dict[str, str]) -> tuple[str, Answer]:
        word = self.trouble(form)
        if word == LATE:
            self._loop.call_later(self.late_seconds, self._take, form)
            return word, (200, {})
        if word != "ok" and not word.endswith("-sent"):
            return word, refusal(int(word), 20429 if word == "429" else 20500, word) if word.isdigit() else (200, {})
        answer = self._take(form)
        if word[:3].isdigit():
            return word, refusal(int(word[:3]), int(f"20{word[:3]}"), "trouble")
        return word, answer

    def _get(self, path: str, query: dict[str, str]) -> Answer:
        if path == f"{HOME}/Messages.json":
            return self.listing(query)
        if path == f"{HOME}.json":
            return 200, {"sid": ACCOUNT, "status": self.status, "type": "Full"}
        if path == f"{HOME}/Balance.json":
            return 200, {"account_sid": ACCOUNT, "balance": self.balance, "currency": "USD"}
        return self.show(path.removeprefix(f"{HOME}/Messages/").removesuffix(".json"))

    def _take(self, form: dict[str, str]) -> Answer:
        answer = self.send(form)
        if answer[0] == 201 and self.caller:
            self._report_on(self.messages[-1], self.caller)
        return answer

    def _report_on(self, message: Message, caller: Caller) -> None:
        """Make the calls on one SMS; two lists are brought at the same time, by two hands."""
        way = self.way(message) if self.order == "mixed" else self.order
        calls = self.reports(message, "sent", "delivered")
        if way == "late":
            self._loop.call_later(self.late_seconds, caller.put, calls)
        elif way == "reversed":
            caller.put(calls[::-1])
        elif way != "never":
            caller.put(calls)
        if way == "doubled":
            caller.put(calls)

    def _steer(self, path: str, body: bytes) -> Answer:
        if path == "/truth":
            return 200, {"messages": [one.told() for one in self.messages], "calls": self.calls}
        if path == "/count":
            return 200, {"messages": len(self.messages), "calls": self.calls}
        wish = json.loads(body)
        self.script.extend(wish.get("script", ()))
        self.shares = wish.get("shares", self.shares)
        self.refused = wish.get("refused", self.refused)
        self.latency_ms = wish.get("latency_ms", self.latency_ms)
        self.mute = wish.get("mute", self.mute)
        self.list_lag = timedelta(seconds=wish.get("list_lag_seconds", self.list_lag.total_seconds()))
        return 200, {}


class _Wire(asyncio.Protocol):
    """One keep-alive connection; a client sends its next request only after the answer."""

    def __init__(self, carrier: Twilio, wires: set[asyncio.Transport]) -> None:
        self.carrier = carrier
        self.wires = wires
        self.buffer = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport
        self.wires.add(transport)

    def connection_lost(self, _error: Exception | None) -> None:
        self.wires.discard(self.transport)

    def data_received(self, data: bytes) -> None:
        self.buffer += data
        head, end, body = self.buffer.partition(b"\r\n\r\n")
        if not end:
            return
        first, *lines = head.decode("latin-1").split("\r\n")
        headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
        if len(body) < int(headers.get("content-length", 0)):
            return
        self.buffer = b""
        method, target, _ = first.split(" ", 2)
        word, answer = self.carrier.answer(method, target, headers, body)
        loop, wait = self.carrier._loop, self.carrier.latency_ms / 1000
        if wait:
            loop.call_later(wait, self.write, word, answer)
        else:
            self.write(word, answer)

    def write(self, word: str, answer: Answer) -> None:
        if word.startswith("hang") or self.transport.is_closing():
            return
        if word.startswith("cut"):
            self.transport.abort()
            return
        status, body = answer
        content = b"<html>not what you expect" if word.startswith("garbage") else json.dumps(body).encode()
        retry = "Retry-After: 2\r\n" if status == 429 else ""
        head = (
            f"HTTP/1.1 {status} X\r\nContent-Type: application/json;charset=utf-8\r\n"
            f"Content-Length: {len(content)}\r\nTwilio-Request-Id: RQ{self.carrier.calls:032d}\r\n{retry}\r\n"
        )
        self.transport.write(head.encode() + content)


def main() -> None:
    """Run until killed; the first line tells the address."""
    parser = argparse.ArgumentParser(prog="python -m tests.fakes.twilio")
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--latency-ms", type=float, default=0)
    parser.add_argument("--list-lag-seconds", type=float, default=0)
    parser.add_argument("--shares", default="{}", help="mixed: 8 %% of trouble; rough: more; or a JSON object")
    parser.add_argument("--seed", default="0")
    parser.add_argument("--reports-to", default="", help="base address whose webhooks are told")
    parser.add_argument("--order", choices=(*WAYS, "mixed"), default="straight", help="how reports come")
    parser.add_argument("--late-seconds", type=float, default=3, help="of late reports and of SMS that go out late")
    parser.add_argument("--mute", action="store_true", help="it cannot be asked: its lists are refused")
    args = parser.parse_args()
    shares = {"mixed": MIXED, "rough": ROUGH}.get(args.shares) or json.loads(args.shares)
    lag = timedelta(seconds=args.list_lag_seconds)
    with Twilio(
        args.port, args.reports_to, args.order, seed=args.seed, shares=shares, list_lag=lag, mute=args.mute
    ) as carrier:
        carrier.latency_ms = args.latency_ms
        carrier.late_seconds = args.late_seconds
        print(f"ready {carrier.url}", flush=True)
        threading.Event().wait()


if __name__ == "__main__":
    main()
