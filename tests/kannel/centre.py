"""An operator's message centre (SMSC) that speaks SMPP and keeps count: what arrived, letter for letter, and how often.

The last digits of a number choose the fate of an SMS to it, see FATES. What Kannel does not acknowledge, the centre
brings again, as a real one does.

    with Centre(port) as centre:
        centre.write("+22376000001", "QUIZ 2")      a phone writes to the short code
        centre.texts("+22370000001")                what reached a phone
"""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections import Counter
from collections.abc import Coroutine
from dataclasses import dataclass, field
from typing import Any

import smpp34

from messaging.letters import BASIC, EXTENSION, is_gsm7

SHORT_CODE = "36200"
ESCAPE = 0x1B
EXTENDED = {code: char for char, code in EXTENSION.items()}
RECEIPT, WITH_HEADER = 4, 0x40  # of esm_class
UCS2 = 8  # as data_coding; 0 is the GSM alphabet
AT_ONCE = 10  # deliveries to Kannel that wait for its answer at a time


@dataclass(frozen=True)
class Fate:
    """What becomes of an SMS: refused with a status, or taken and reported on after a while."""

    refused: int = 0
    stat: str = "DELIVRD"
    err: str = "000"
    after_seconds: float = 0.2
    is_once: bool = False  # refused the first time alone


FATES = {
    "400": Fate(refused=smpp34.ESME_RINVDSTADR),
    "404": Fate(stat="UNDELIV", err="001"),
    "408": Fate(stat="EXPIRED", err="006"),
    "429": Fate(refused=smpp34.ESME_RTHROTTLED, is_once=True),
    "600": Fate(after_seconds=4.0),
}
GOOD = Fate()


@dataclass(frozen=True)
class Sms:
    """One SMS as it reached a phone."""

    to: str
    sender: str
    text: str
    coding: int
    raw: bytes
    segments: int = 1


@dataclass
class Centre:
    """The centre; a thread of its own from entering to leaving."""

    port: int
    reports: bool = True
    sms: list[Sms] = field(default_factory=list)
    submits: Counter[str] = field(default_factory=Counter)  # segments handed over, by number, the refused ones too
    brought: Counter[str] = field(default_factory=Counter)  # how often an inbound or report was given, by its name
    taken: set[str] = field(default_factory=set)  # of these, what Kannel acknowledged
    binds: int = 0

    def __enter__(self) -> Centre:
        self._parts: dict[tuple[str, int], dict[int, bytes]] = {}
        self._refused: set[str] = set()
        self._count = 1000
        self._ready = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()
        assert self._ready.wait(10), "the message centre does not start"
        return self

    def __exit__(self, *_error: object) -> None:
        self._loop.call_soon_threadsafe(self._done.set)
        self._thread.join(2)  # a link that was killed may hold it; it ends with the run

    # What a test asks

    def texts(self, to: str) -> list[str]:
        """What reached a phone, oldest first."""
        return [sms.text for sms in self.sms if sms.to == to]

    def copies(self) -> Counter[str]:
        """How many SMS reached each phone."""
        return Counter(sms.to for sms in self.sms)

    def forget(self) -> None:
        """Begin to count anew."""
        for kept in (self.sms, self.submits, self.brought, self.taken, self._refused, self._parts):
            kept.clear()

    def write(self, sender: str, text: str, name: str = "") -> None:
        """A phone writes to the short code; `name` tells it apart in `brought` and `taken`."""
        wide = not is_gsm7(text)
        body = text.encode("utf-16-be") if wide else gsm7(text)
        self._soon(
            self._bring(name or f"in:{sender}", sender, SHORT_CODE, body, data_coding=UCS2 if wide else 0, esm_class=0)
        )

    def write_bytes(self, sender: str, body: bytes, coding: int) -> None:
        """A phone sends bytes in a coding of its own."""
        self._soon(self._bring(f"in:{sender}", sender, SHORT_CODE, body, data_coding=coding, esm_class=0))

    # The centre

    def _run(self) -> None:
        asyncio.run(self._work())

    def _soon(self, work: Coroutine[Any, Any, None]) -> None:
        asyncio.run_coroutine_threadsafe(work, self._loop)

    async def _work(self) -> None:
        self._loop, self._done = asyncio.get_running_loop(), asyncio.Event()
        self._esme: smpp34.Esme | None = None
        self._room = asyncio.Semaphore(AT_ONCE)
        self._tasks: set[asyncio.Task[None]] = set()
        server = smpp34.Server(host="127.0.0.1", port=self.port, system_id="CENTRE")
        await server.start()
        self._ready.set()
        listening = asyncio.create_task(self._listen(server))
        await self._done.wait()
        listening.cancel()
        for task in asyncio.all_tasks() - {asyncio.current_task()}:
            task.cancel()
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(server.stop(), 1)

    async def _listen(self, server: smpp34.Server) -> None:
        while True:
            event = await server.next()
            if isinstance(event, smpp34.Esme):
                self._esme, self.binds = event, self.binds + 1
            elif isinstance(event, smpp34.SubmitSmEvent):
                self._take(event)
            elif self._esme is not None and event.session_id == self._esme.session_id:
                self._esme = None

    def _take(self, event: smpp34.SubmitSmEvent) -> None:
        to = "+" + event.destination_addr.lstrip("+")
        self.submits[to] += 1
        fate = FATES.get(to[-3:], GOOD)
        if fate.refused and not (fate.is_once and to in self._refused):
            self._refused.add(to)
            event.reject(fate.refused)
            return
        self._count += 1
        ident = str(self._count)
        self._keep(to, event)
        event.accept(message_id=ident)
        if event.registered_delivery and self.reports:
            task = asyncio.create_task(self._report(event, ident, fate))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    def _keep(self, to: str, event: smpp34.SubmitSmEvent) -> None:
        body, coding = bytes(event.short_message), event.data_coding
        if not event.esm_class & WITH_HEADER:
            self.sms.append(Sms(to, event.source_addr, decoded(body, coding), coding, body))
            return
        header, body = body[: body[0] + 1], body[body[0] + 1 :]
        reference, total, place = header[-3:]
        parts = self._parts.setdefault((to, reference), {})
        parts[place] = body
        if len(parts) == total:
            whole = b"".join(parts[number] for number in sorted(self._parts.pop((to, reference))))
            self.sms.append(Sms(to, event.source_addr, decoded(whole, coding), coding, whole, total))

    async def _report(self, sms: smpp34.SubmitSmEvent, ident: str, fate: Fate) -> None:
        await asyncio.sleep(fate.after_seconds)
        text = (
            f"id:{ident} sub:001 dlvrd:001 submit date:2601011200 done date:2601011201 "
            f"stat:{fate.stat} err:{fate.err} text:stat:EXPIRED"
        )
        name = f"report:{ident}"
        await self._bring(name, sms.destination_addr, sms.source_addr, text.encode(), data_coding=0, esm_class=RECEIPT)

    async def _bring(self, name: str, sender: str, to: str, body: bytes, *, data_coding: int, esm_class: int) -> None:
        """Give Kannel an SMS or a report, again until it acknowledges."""
        async with self._room:
            while name not in self.taken:
                esme = self._esme
                if esme is None:
                    await asyncio.sleep(0.05)
                    continue
                self.brought[name] += 1
                try:
                    answer = await asyncio.wait_for(
                        esme.deliver_sm(
                            to, body, source_addr=sender.lstrip("+"), source_addr_ton=1, source_addr_npi=1,
                            dest_addr_ton=0, dest_addr_npi=1, data_coding=data_coding, esm_class=esm_class,
                        ),
                        10,
                    )  # fmt: skip
                except (smpp34.SmppError, TimeoutError):
                    await asyncio.sleep(0.05)
                    continue
                if answer.is_success:
                    self.taken.add(name)


def decoded(body: bytes, coding: int) -> str:
    """The letters of an SMS without its header."""
    if coding == UCS2:
        return body.decode("utf-16-be")
    letters, place = [], 0
    while place < len(body):
        if body[place] == ESCAPE:
            letters.append(EXTENDED[body[place + 1]])
            place += 2
        else:
            letters.append(BASIC[body[place]])
            place += 1
    return "".join(letters)


def gsm7(text: str) -> bytes:
    """A text in the GSM alphabet, one septet a byte, as SMPP carries it."""
    return b"".join(
        bytes([ESCAPE, EXTENSION[char]]) if char in EXTENSION else bytes([BASIC.index(char)]) for char in text
    )
