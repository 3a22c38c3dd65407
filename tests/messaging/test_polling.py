"""What no webhook brought is read from the gateway's list, once; an SMS that is days old is taken for what it is."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from campaigns.models import Answer, Attendance
from messaging import addresses, inbox
from messaging.clock import utc_now
from messaging.database import Database
from messaging.errors import BusyError
from messaging.gateways import Adapters, heartbeat, polling
from messaging.gateways.protocol import Capabilities, Error, Fault
from messaging.models import Gateway, Inbound, Message, Pending, Phone
from tests.fakes.carrier import Call
from tests.script import Script
from tests.wire import OURS, PUBLIC, Wire, wired
from tests.world import World, hygiene

AWA = "+22370000001"
FANTA = "+22370000009"
QUESTION = "Sans savon, que prendre? 1 la cendre 2 rien"
HOUR, DAY = timedelta(hours=1), timedelta(days=1)


@pytest.fixture
def wire(installation: Any, world: World) -> Iterator[Wire]:
    world.member(AWA)
    world.club("1041", facilitator=FANTA)
    with wired(Script(installation, {"awa": AWA, "fanta": FANTA}, world.now)) as wire:
        read_to(wire, world.now - HOUR)
        yield wire


def gateway(wire: Wire) -> Gateway:
    with wire.here.db.read() as session:
        return session.scalars(sa.select(Gateway).where(Gateway.name == "twilio")).one()


def read_to(wire: Wire, moment: datetime | None, **more: Any) -> None:
    with wire.here.db.write() as session:
        session.execute(sa.update(Gateway).where(Gateway.name == "twilio").values(polled_to=moment, **more))


def lose(wire: Wire, who: str, text: str, ago: timedelta = timedelta(0)) -> Call:
    """A person writes, and the webhook is not called; gives the call that it would have been."""
    clock, wire.fake.clock = wire.fake.clock, lambda: wire.now - ago
    call = wire.fake.write(wire.numbers[who], OURS, text, addresses.inbound_url(PUBLIC, "twilio", wire.here.keys))
    wire.fake.clock = clock
    return call


def bring(wire: Wire, call: Call) -> int:
    """The webhook is called after all."""
    return wire.client.post(
        call.path, data=call.body, headers=call.headers, environ_overrides={"REQUEST_URI": call.path}
    ).status_code


def rows(db: Database, model: Any) -> list[Any]:
    with db.read() as session:
        return list(session.scalars(sa.select(model).order_by(model.id)))


# Once


def test_what_no_webhook_brought_is_found_and_answered_once(wire: Wire, db: Database) -> None:
    lose(wire, "awa", " AIDE ")
    assert polling.poll(wire.here, wire.now) == {"found": 1}
    assert polling.poll(wire.here, wire.now + timedelta(minutes=5)) == {}
    (inbound,) = rows(db, Inbound)
    assert (inbound.text, inbound.received_at, inbound.gateway_at) == (" AIDE ", wire.now, wire.now)
    wire.turn()
    assert len(wire.sent(AWA)) == 1


@pytest.mark.parametrize("order", ["the list first", "the webhook first"])
def test_webhook_and_list_tell_of_one_sms(wire: Wire, db: Database, order: str) -> None:
    call = lose(wire, "awa", "AIDE")
    if order == "the webhook first":
        assert bring(wire, call) == 200
    polling.poll(wire.here, wire.now)
    assert bring(wire, call) == 200
    wire.turn()
    assert len(rows(db, Inbound)) == 1 and len(wire.sent(AWA)) == 1


def test_webhook_and_list_at_the_same_moment(wire: Wire, db: Database) -> None:
    calls = [lose(wire, "awa", f"AIDE {number}") for number in range(10)]
    threads = [threading.Thread(target=polling.poll, args=(wire.here, wire.now)) for _ in range(2)]
    threads += [threading.Thread(target=bring, args=(wire, call)) for call in calls]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert sorted(row.text for row in rows(db, Inbound)) == sorted(f"AIDE {number}" for number in range(10))


def test_what_we_sent_ourselves_is_not_taken_for_an_answer(wire: Wire, db: Database) -> None:
    wire.write("awa", "AIDE")
    assert polling.poll(wire.here, wire.now) == {}
    assert len(rows(db, Inbound)) == 1


# Nothing is skipped


def test_a_list_that_cannot_be_read_is_read_from_the_same_moment_later(wire: Wire, db: Database) -> None:
    lose(wire, "awa", "AIDE")
    before, wire.fake.mute = gateway(wire).polled_to, True
    assert polling.poll(wire.here, wire.now) == {"silent": 1}
    assert gateway(wire).polled_to == before
    wire.fake.mute = False
    assert polling.poll(wire.here, wire.now + 3 * HOUR) == {"found": 1}
    assert gateway(wire).polled_to == wire.now + 3 * HOUR


def test_a_list_counts_as_read_when_all_of_it_is_stored(
    wire: Wire, db: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(120):
        lose(wire, "awa", f"AIDE {number}")
    before, stored, receive = gateway(wire).polled_to, [0], inbox.receive

    def busy_later(*given: Any) -> int:
        if stored[0] >= 50:
            raise BusyError
        stored[0] += (found := receive(*given))
        return found

    monkeypatch.setattr(inbox, "receive", busy_later)
    assert polling.poll(wire.here, wire.now) == {"silent": 1}
    assert gateway(wire).polled_to == before and len(rows(db, Inbound)) == 50
    monkeypatch.undo()
    assert polling.poll(wire.here, wire.now) == {"found": 70}


def test_one_gateway_that_fails_does_not_stop_the_others(wire: Wire, db: Database) -> None:
    with db.write() as session:
        session.add(Gateway(name="sim", adapter="android", sender="", position=-2, prefixes=[], kinds=[]))  # no secrets
        row = Gateway(name="odd", adapter="odd", sender="", position=-3, prefixes=[], kinds=[])
        session.add(row)
        session.flush()
        wire.here.adapters.put(row, Odd())
    lose(wire, "awa", "AIDE")
    assert polling.poll(wire.here, wire.now) == {"found": 1, "closed": 1, "broken": 1}


def test_a_gateway_that_rests_is_read(wire: Wire, db: Database) -> None:
    read_to(wire, wire.now - HOUR, paused_at=wire.now, paused_reason="no credit", paused_itself=True)
    lose(wire, "awa", "ARRET")
    assert polling.poll(wire.here, wire.now) == {"found": 1}


SPANS = [  # read to, last heard (of a telephone), how far back it is asked
    ("never", None, None, timedelta(minutes=15)),
    ("five minutes ago", timedelta(minutes=5), None, timedelta(minutes=20)),
    ("ten hours ago", 10 * HOUR, None, timedelta(hours=10, minutes=15)),
    ("three weeks ago", 21 * DAY, None, 4 * DAY),
    ("a telephone, never heard", timedelta(minutes=5), None, timedelta(minutes=20)),
    ("a telephone that was away for a night", timedelta(minutes=5), 9 * HOUR, timedelta(hours=9, minutes=15)),
    ("a telephone, before there were lists", None, 2 * HOUR, timedelta(hours=2, minutes=15)),
]


@pytest.mark.parametrize(("polled", "heard", "back"), [row[1:] for row in SPANS], ids=[row[0] for row in SPANS])
def test_from_when_on_a_list_is_read(polled: timedelta | None, heard: timedelta | None, back: timedelta) -> None:
    now = datetime(2026, 3, 12, 17, 30, tzinfo=UTC)
    row = Gateway(polled_to=polled and now - polled, seen_at=heard and now - heard)
    assert polling.since(row, now) == now - back


def test_the_past_of_a_new_gateway_is_left_alone(wire: Wire, db: Database) -> None:
    read_to(wire, None)
    lose(wire, "awa", "years ago", ago=400 * DAY)
    lose(wire, "awa", "this morning", ago=8 * HOUR)
    assert polling.poll(wire.here, wire.now) == {}
    lose(wire, "awa", "AIDE")
    assert polling.poll(wire.here, wire.now) == {"found": 1}


# What it means


def test_a_stop_closes_the_phone_at_once(wire: Wire, db: Database) -> None:
    lose(wire, "awa", "ARRET", ago=timedelta(minutes=30))
    polling.poll(wire.here, wire.now)
    (phone,) = [row for row in rows(db, Phone) if row.last_two == AWA[-2:]]
    assert phone.opted_out_at == wire.now


def ask(wire: Wire, world: World) -> None:
    text = {"sms": QUESTION, "read_aloud": "Que prendre ?", "options": {"1": "la cendre", "2": "rien"},
            "right": "Oui: la cendre.", "wrong": "Non: la cendre."}  # fmt: skip
    question = {"type": "single", "correct": [1], "closes": "1d"}
    world.campaign(hygiene(kind="question", one_act=False, question=question, texts={"fr": text}))
    wire.turn()
    assert wire.sent(AWA) == [QUESTION]


ANSWERED = [  # how long after the question she wrote, how long after it was found, what is kept
    ("before it was asked", -5 * HOUR, 0 * HOUR, []),
    ("in time, brought at once", 1 * HOUR, 1 * HOUR, [("1", False)]),
    ("in time, brought two days later", 5 * HOUR, 50 * HOUR, [("1", False)]),
    ("too late, brought later still", 30 * HOUR, 50 * HOUR, [("1", True)]),
]


@pytest.mark.parametrize(("wrote", "found", "kept"), [row[1:] for row in ANSWERED], ids=[row[0] for row in ANSWERED])
def test_an_answer_counts_by_when_it_was_written(
    wire: Wire, world: World, wrote: timedelta, found: timedelta, kept: list[tuple[str, bool]]
) -> None:
    asked_at = wire.now
    ask(wire, world)
    read_to(wire, asked_at - 6 * HOUR)
    wire.now = asked_at + found
    lose(wire, "awa", "1", ago=found - wrote)
    assert polling.poll(wire.here, wire.now) == {"found": 1}
    wire.turn()
    assert [(row.value, row.late) for row in rows(world.db, Answer)] == kept


def test_a_yes_from_before_a_stop_opens_nothing(wire: Wire, db: Database) -> None:
    """She asked to come back, said yes on a bad day of the line, then STOP; the yes is found a day later."""
    wire.write("awa", "ARRET")
    wire.now += HOUR
    wire.write("awa", "REPRENDRE")
    with db.read() as session:
        assert session.scalars(sa.select(Pending.kind)).all() == ["consent"]
    said_yes = wire.now + timedelta(minutes=1)
    wire.now += 2 * HOUR
    wire.write("awa", "ARRET")
    wire.now += DAY
    lose(wire, "awa", "OUI", ago=wire.now - said_yes)
    lose(wire, "awa", "REPRENDRE", ago=wire.now - said_yes)
    read_to(wire, said_yes - HOUR)
    before = len(wire.sent(AWA))
    assert polling.poll(wire.here, wire.now) == {"found": 2}
    wire.turn()
    (phone,) = [row for row in rows(db, Phone) if row.last_two == AWA[-2:]]
    assert phone.opted_out_at is not None
    assert wire.sent(AWA)[before:] == ["Message recu. Merci."], "her yes answers nothing, and she is not asked again"


def test_a_report_without_a_day_is_of_the_day_it_was_written(wire: Wire, db: Database) -> None:
    wrote = wire.now - 2 * DAY
    read_to(wire, wrote - HOUR)
    lose(wire, "fanta", "PRES 1041 F12 H8", ago=2 * DAY)
    assert polling.poll(wire.here, wire.now) == {"found": 1}
    wire.turn()
    assert len(rows(db, Attendance)) == 1
    assert wire.sent(FANTA) == [f"OK 1041 {wrote:%d/%m} F12 H8 T20. Erreur? CORR 1041 {wrote:%d/%m} F.. H.. T.."]


BELIEVED = [  # what the gateway says, when it counts as written
    (None, timedelta(0)),
    (timedelta(minutes=1), timedelta(0)),
    (2 * HOUR, timedelta(0)),
    (4 * HOUR, 4 * HOUR),
    (6 * DAY, 6 * DAY),
    (400 * DAY, timedelta(0)),
    (-9 * HOUR, timedelta(0)),
]


@pytest.mark.parametrize(("told", "ago"), BELIEVED)
def test_a_gateways_clock_is_believed_for_hours_and_not_for_weeks(told: timedelta | None, ago: timedelta) -> None:
    now = datetime(2026, 3, 12, 17, 30, tzinfo=UTC)
    inbound = Inbound(received_at=now, gateway_at=None if told is None else now - told)
    assert inbox.written_at(inbound) == now - ago


# How a gateway is


class Odd:
    """An adapter that fails as none should, or says what it is told to."""

    capabilities = Capabilities(can_receive=True, delivery_reports="none", can_resolve="no", can_list_inbound=True)

    def __init__(self, says: Error | Exception | None = None) -> None:
        self.says = says

    def list_inbound(self, *_span: datetime) -> Any:
        raise RuntimeError(AWA)

    def health(self) -> Error | None:
        if isinstance(self.says, Exception):
            raise self.says
        return self.says

    def close(self) -> None:
        pass


NO_CREDIT = Error("balance", "no credit left", Fault.CHANNEL)
HEALTH = [  # what it says, when its list was last read, what is written down, the counts
    ("well", None, timedelta(minutes=5), None, {}),
    ("no credit", NO_CREDIT, timedelta(minutes=5), "no credit left", {"unwell": 1}),
    ("a long story", Error("x", "y" * 500, Fault.NETWORK), timedelta(0), "y" * 200, {"unwell": 1}),
    ("no words", Error("503", "", Fault.NETWORK), timedelta(0), "503", {"unwell": 1}),
    ("it fails", RuntimeError(AWA), timedelta(0), "it cannot be asked how it is", {"unwell": 1}),
    ("its list was not read for a while", None, timedelta(minutes=16),
     "its list of received SMS was last read at 2026-03-12 17:14 UTC", {"unwell": 1}),
]  # fmt: skip


@pytest.mark.parametrize(("says", "read", "trouble", "counts"), [row[1:] for row in HEALTH], ids=[r[0] for r in HEALTH])
def test_how_a_gateway_is_stands_on_its_row(
    wire: Wire, says: Any, read: timedelta, trouble: str | None, counts: dict[str, int]
) -> None:
    read_to(wire, wire.now - read, trouble="of yesterday")
    wire.here.adapters.put(gateway(wire), Odd(says))  # type: ignore[arg-type]
    assert heartbeat.beat(wire.here, wire.now) == counts
    row = gateway(wire)
    assert (row.checked_at, row.trouble) == (wire.now, trouble)


def test_every_gateway_is_asked_also_one_that_cannot_be_opened(wire: Wire, db: Database) -> None:
    settings = replace(wire.here.settings, twilio_token="")
    here = replace(wire.here, settings=settings, adapters=Adapters(settings, wire.here.keys))
    assert heartbeat.beat(here, wire.now) == {"closed": 1}
    assert "TWILIO_AUTH_TOKEN" in (gateway(wire).trouble or "")
    assert {row.checked_at for row in rows(db, Gateway)} == {wire.now}, "the simulator too"
    wire.fake.balance = "0.00"
    assert heartbeat.beat(wire.here, utc_now()) == {"unwell": 1}
    assert gateway(wire).trouble == "no credit left at Twilio"


def test_nothing_is_polled_that_keeps_no_list(wire: Wire, db: Database) -> None:
    read_to(wire, None, adapter="simulator")
    wire.here.adapters.drop(gateway(wire))
    assert polling.poll(wire.here, wire.now) == {}
    assert {row.polled_to for row in rows(db, Gateway)} == {None} and not rows(db, Message)
