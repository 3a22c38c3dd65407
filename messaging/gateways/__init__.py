"""How we call each kind of gateway, one file a kind; how they call us is the business of webhooks."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from threading import Lock
from urllib.parse import urlsplit

from messaging.clock import utc_now
from messaging.errors import SettingError
from messaging.gateways import exchanges
from messaging.gateways.pool import Pool
from messaging.gateways.protocol import Adapter
from messaging.gateways.simulator import Book, Simulator
from messaging.models import Gateway
from messaging.phones import Keys
from messaging.settings import Settings

LOOPBACK = ("127.0.0.1", "localhost", "::1")
Facts = tuple[str, str, str | None, tuple[int, ...]]  # of a row: what its adapter is opened with


def is_loopback(address: str) -> bool:
    """True for a base address that a test carrier on this machine answers."""
    return urlsplit(address).hostname in LOOPBACK


def _facts(gateway: Gateway) -> Facts:
    return gateway.adapter, gateway.sender, gateway.device, tuple(gateway.sims or ())


class Adapters:
    """The opened gateways of one process, each opened when it is first asked for."""

    def __init__(self, settings: Settings, keys: Keys, clock: Callable[[], datetime] = utc_now) -> None:
        """Nothing is opened yet; the simulator's book lies in the data folder."""
        self.settings = settings
        self.keys = keys
        self.clock = clock
        self.exchanges = exchanges.Log(settings.data, clock=lambda: self.clock())
        self.pool = Pool(settings.workers)
        self._opened: dict[int, tuple[Facts | None, Adapter]] = {}
        self._lock = Lock()
        self._book: Book | None = None

    @property
    def book(self) -> Book:
        """What the simulator really sent and what its people wrote."""
        if self._book is None:
            self._book = Book(self.settings.data / "simulator.sqlite", self.keys)
        return self._book

    def get(self, gateway: Gateway) -> Adapter:
        """The adapter of a gateway row.

        Raises:
            SettingError: there is no such kind of gateway, or its secrets are not set.
        """
        facts = _facts(gateway)
        with self._lock:
            opened_with, adapter = self._opened.get(gateway.id, (facts, None))
            if adapter is None or (opened_with is not None and opened_with != facts):  # its row was changed since
                adapter = self._open(gateway)
                self._opened[gateway.id] = facts, adapter
            return adapter

    def put(self, gateway: Gateway, adapter: Adapter) -> None:
        """Use this adapter for a gateway; for tests and time-lapse runs."""
        self._opened[gateway.id] = None, adapter

    def drop(self, gateway: Gateway) -> None:
        """Forget a gateway's adapter: the next call opens its own again."""
        self._opened.pop(gateway.id, None)

    def close(self) -> None:
        """Let go of all connections."""
        self.pool.close()
        for _, adapter in self._opened.values():
            adapter.close()
        self._opened.clear()
        if self._book is not None:
            self._book.close()
            self._book = None
        self.exchanges.close()

    def _open(self, gateway: Gateway) -> Adapter:
        if gateway.adapter == "simulator":
            return Simulator(self.book, clock=lambda: self.clock())
        if gateway.adapter == "twilio":
            from messaging.gateways.twilio import Twilio  # 62 ms and 27 MB that only its users pay

            return Twilio(self.settings, gateway.sender, name=gateway.name, note=self.exchanges.note)
        if gateway.adapter == "android":
            from messaging.gateways.android import Android

            note = self.exchanges.note
            return Android(self.settings, gateway.device, gateway.sims or (), name=gateway.name, note=note)
        if gateway.adapter == "kannel":
            from messaging.gateways.kannel import Kannel

            return Kannel(self.settings, gateway.sender, name=gateway.name, note=self.exchanges.note)
        raise SettingError(f"Gateway « {gateway.name} »: there is no adapter « {gateway.adapter} ».")
