"""An engine that fell silent is told without it, once to each person, whoever else wakes up meanwhile."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from messaging import alarms, outbox, sender, watch
from messaging.clock import utc_now
from messaging.engines import pulse
from messaging.engines.local import Engine
from messaging.engines.watchdog import Watchdog
from messaging.gateways.simulator import Simulator, Weather
from messaging.installation import Installation
from messaging.jobs import Job
from messaging.models import Gateway, Phone, Programme
from tests.conftest import NOW
from tests.messaging.office import MINUTE, Office, quick, silent


def test_a_silent_engine_is_told_without_the_engine(office: Office) -> None:
    silent(office)
    assert watch.tell_if_silent(office.here, office.now)
    assert office.sent() == [("41", "orange"), ("42", "orange")]
    assert watch.tell_if_silent(office.here, office.now + MINUTE)
    assert len(office.sent()) == 2
    pulse.beat(office.here.db, office.now + 2 * MINUTE)
    office.later(2)
    assert office.watch() == {"cleared": 1}
    assert not watch.tell_if_silent(office.here, office.now)


@pytest.mark.parametrize(
    ("minutes", "watched", "expected"),
    [
        pytest.param(None, None, False, id="none ever ran"),
        pytest.param(None, 10, True, id="none came since the watch began"),
        pytest.param(9.9, None, False, id="not yet"),
        pytest.param(10, None, True, id="ten minutes"),
        pytest.param(600, 9, False, id="the machine was off"),
        pytest.param(600, 10, True, id="it is on, and the engine is not"),
    ],
)
def test_when_the_engine_is_silent(
    office: Office, minutes: float | None, watched: float | None, expected: bool
) -> None:
    if minutes is not None:
        silent(office, minutes)
    since = None if watched is None else office.now - watched * MINUTE
    assert watch.tell_if_silent(office.here, office.now, since) is expected


def test_only_the_alarm_leaves_while_the_engine_is_silent(office: Office) -> None:
    with office.here.db.write() as session:
        programme = session.get_one(Programme, office.world.programme_id)
        phone = session.scalars(sa.select(Phone).where(Phone.last_two == "43")).one()
        letter = outbox.reply(
            session, programme, "Merci.", "fr", occurrence="reply:1", due_at=office.now,
            useful_until=office.now + 60 * MINUTE,
        )  # fmt: skip
        outbox.put(session, letter, phone.id, office.now)
    silent(office)
    watch.tell_if_silent(office.here, office.now)
    assert [digits for digits, _name in office.sent()] == ["41", "42"]


def test_an_alarm_that_could_not_leave_is_handed_over_at_a_later_look(office: Office) -> None:
    silent(office)
    for name in ("orange", "malitel"):
        with office.here.db.read() as session:
            row = session.get_one(Gateway, office.names[name])
        busy = Simulator(office.here.adapters.book, lambda: office.now, Weather(script=("busy", "busy")))
        office.here.adapters.put(row, busy)
    watch.tell_if_silent(office.here, office.now)
    assert office.sent() == []
    office.later(5)
    watch.tell_if_silent(office.here, office.now)
    assert len(office.sent()) == 2


def test_two_watchdogs_and_a_waking_engine_send_each_person_one_sms(office: Office) -> None:
    silent(office)
    begin = threading.Barrier(4)

    def watchdog() -> None:
        begin.wait()
        watch.tell_if_silent(office.here, office.now)

    def engine() -> None:
        begin.wait()
        for _ in range(5):
            sender.send_due(office.here, office.now)

    with ThreadPoolExecutor(4) as pool:
        for one in [pool.submit(act) for act in (watchdog, watchdog, watchdog, engine)]:
            one.result(60)
    sender.send_due(office.here, office.now)
    assert sorted(digits for digits, _name in office.sent()) == ["41", "42"]
    assert office.open() == [("silent", "")]


def wait_for(what: Any, seconds: float = 20) -> None:
    until = utc_now() + timedelta(seconds=seconds)
    ticks = threading.Event()
    while not what() and utc_now() < until:
        ticks.wait(0.05)
    assert what()


@pytest.fixture
def engine(office: Office, tmp_path_factory: pytest.TempPathFactory) -> Iterator[subprocess.Popen[bytes]]:
    """The engine in a process of its own, on the same database."""
    settings = office.here.settings
    given = {
        "JEKULU_DATA": str(settings.data), "JEKULU_DATABASE": settings.database_url,
        "JEKULU_KEY_FILE": str(tmp_path_factory.getbasetemp() / "key0" / "jekulu.key"),
        "JEKULU_PUBLIC_URL": settings.public_url,
    }  # fmt: skip
    command = [sys.executable, "-c", "from wsgi import main; main(['engine'])"]
    with subprocess.Popen(
        command,
        env={**os.environ, **given},
    ) as running:
        yield running
        running.kill()


def test_the_thread_tells_when_the_engine_is_killed(office: Office, engine: subprocess.Popen[bytes]) -> None:
    dog = Watchdog(quick(office, silent_after=timedelta(seconds=1)), every_seconds=0.1)
    wait_for(lambda: last(office.here) is not None)
    engine.kill()  # by the hard way: it says good-bye to nobody
    office.now = utc_now()
    dog.start()
    try:
        wait_for(lambda: len(office.here.adapters.book.sent()) == 2)
    finally:
        dog.stop()
    assert [digits for digits, _name in office.sent()] == ["41", "42"] and office.open() == [("silent", "")]


def test_the_engine_gives_signs_of_life_until_a_job_hangs(office: Office) -> None:
    here = quick(office, silent_after=timedelta(seconds=0.2))
    begun, free = threading.Event(), threading.Event()

    def hang(_here: Installation, _now: datetime) -> dict[str, int]:
        begun.set()
        free.wait(20)
        return {}

    engine = Engine(here, [Job("send", hang, every_seconds=1)])
    engine.start()
    try:
        assert begun.wait(10)
        wait_for(lambda: last(here) is not None)
        threading.Event().wait(0.3)
        before = last(here)
        engine._live()
        assert last(here) == before
        free.set()
        wait_for(lambda: not engine._running)
        engine._live()
        assert last(here) != before
    finally:
        free.set()
        engine.stop()


def last(here: Installation) -> datetime | None:
    with here.db.read() as session:
        return pulse.last(session)


def test_a_database_that_takes_nothing_is_told_by_e_mail_once_a_day(post, monkeypatch) -> None:
    box, office = post
    dog = Watchdog(office.here)

    def full(*_given: object) -> bool:
        raise sa.exc.OperationalError("INSERT", {}, Exception("database or disk is full"))

    monkeypatch.setattr(watch, "tell_if_silent", full)
    for minutes, expected in ((0, 0), (9, 0), (10, 1), (60, 1), (24 * 60 + 9, 1), (24 * 60 + 10, 2)):
        assert dog.look(NOW + minutes * MINUTE)
        assert len(box.letters) == expected, minutes


def test_a_locked_database_is_told_a_look_after_the_engine_fell_silent(post, monkeypatch) -> None:
    """It can be read all the while: that the engine is silent is known, and cannot be noted."""
    box, office = post
    silent(office, 9)
    dog = Watchdog(office.here)

    def locked(*_given: object) -> bool:
        raise sa.exc.OperationalError("INSERT", {}, Exception("database is locked"))

    monkeypatch.setattr(alarms, "raise_one", locked)
    for minute, expected in ((0, 0), (1, 0), (2, 1), (3, 1)):
        dog.look(office.now + minute * MINUTE)
        assert len(box.letters) == expected, minute


def test_a_second_time_is_told_anew_and_a_flutter_is_not(post, monkeypatch) -> None:
    box, office = post
    dog, well = Watchdog(office.here), [False]

    def look(*_given: object) -> bool:
        if well[0]:
            return False
        raise sa.exc.OperationalError("INSERT", {}, Exception("database or disk is full"))

    monkeypatch.setattr(watch, "tell_if_silent", look)
    for minute, well[0], expected in (
        (0, False, 0), (10, False, 1), (15, True, 1), (20, False, 1), (31, False, 1), (75, True, 1), (80, False, 1),
        (90, False, 2),
    ):  # fmt: skip
        dog.look(NOW + minute * MINUTE)
        assert len(box.letters) == expected, minute


def test_a_machine_that_slept_is_given_time_to_wake_up(office: Office) -> None:
    silent(office, 0)
    dog = Watchdog(office.here)
    for minute, expected in ((0, False), (1, False), (481, False), (490, False), (491, True)):
        assert dog.look(office.now + minute * MINUTE) is expected, minute
