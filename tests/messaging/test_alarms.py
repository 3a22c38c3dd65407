"""Alarms: raised once, taken up again, told once, again after a day and never twice in ten minutes."""

from __future__ import annotations

from datetime import timedelta

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from messaging import alarms, languages
from messaging.alarms import Kind
from messaging.database import Database
from messaging.letters import measure
from messaging.models import Alarm
from tests.conftest import NOW
from tests.meanwhile import at_once

MINUTE = timedelta(minutes=1)


def rows(db: Database) -> list[tuple[str, str, bool]]:
    """Kind, object and whether it is open, in the order in which they were raised."""
    with db.read() as session:
        found = session.scalars(sa.select(Alarm).order_by(Alarm.id)).all()
    return [(row.kind, row.about, row.cleared_at is None) for row in found]


def test_an_alarm_is_raised_once_for_each_object(db: Database, now) -> None:
    with db.write() as session:
        assert alarms.raise_one(session, Kind.PAUSED, "orange", now)
        assert not alarms.raise_one(session, Kind.PAUSED, "orange", now + MINUTE)
        assert alarms.raise_one(session, Kind.PAUSED, "malitel", now)
        assert alarms.raise_one(session, Kind.UNWELL, "orange", now)
    assert rows(db) == [("paused", "orange", True), ("paused", "malitel", True), ("unwell", "orange", True)]


def test_two_processes_raise_one_alarm(db: Database, now) -> None:
    def act(session: Session) -> None:
        alarms.raise_one(session, Kind.SILENT, "", now)

    at_once(db, act, act)
    assert rows(db) == [("silent", "", True)]


def test_two_processes_take_up_one_alarm(db: Database, now) -> None:
    with db.write() as session:
        alarms.raise_one(session, Kind.SILENT, "", now)
        alarms.clear(session, Kind.SILENT, "", now + MINUTE)

    def act(session: Session) -> None:
        alarms.raise_one(session, Kind.SILENT, "", now + 2 * MINUTE)

    at_once(db, act, act)
    assert rows(db) == [("silent", "", True)]


@pytest.mark.parametrize(
    ("kind", "minutes", "expected"),
    [
        pytest.param(Kind.UNKNOWN, 59, [True], id="a flutter within the hour is the same alarm"),
        pytest.param(Kind.UNKNOWN, 61, [False, True], id="later it is another one"),
        pytest.param(Kind.DOUBLED, 1, [False, True], id="each double is an event of its own"),
    ],
)
def test_what_comes_back(db: Database, now, kind: Kind, minutes: int, expected: list[bool]) -> None:
    with db.write() as session:
        alarms.raise_one(session, kind, "orange", now - 2 * MINUTE)
        alarms.clear(session, kind, "orange", now)
        assert alarms.raise_one(session, kind, "orange", now + minutes * MINUTE)
    assert [is_open for _kind, _about, is_open in rows(db)] == expected


@pytest.mark.parametrize(("was", "expected"), [(85, [False, True]), (100, [True])])
def test_what_comes_back_worse_is_another_alarm(db: Database, now, was: float, expected: list[bool]) -> None:
    with db.write() as session:
        alarms.raise_one(session, Kind.BUDGET, "p", now - 2 * MINUTE, was)
        alarms.clear(session, Kind.BUDGET, "p", now)
        assert alarms.raise_one(session, Kind.BUDGET, "p", now + 5 * MINUTE, 100, least=100)
    assert [is_open for _kind, _about, is_open in rows(db)] == expected


def test_only_the_last_one_comes_back(db: Database, now) -> None:
    with db.write() as session:
        for minute in (0, 10, 20):
            alarms.raise_one(session, Kind.UNWELL, "orange", now + minute * MINUTE)
            alarms.worsen(session, Kind.UNWELL, "orange", now + (minute + 5) * MINUTE, 1)
        alarms.clear(session, Kind.UNWELL, "orange", now + 30 * MINUTE)
        alarms.raise_one(session, Kind.UNWELL, "orange", now + 31 * MINUTE)
    assert [is_open for _kind, _about, is_open in rows(db)][-1]
    assert sum(is_open for _kind, _about, is_open in rows(db)) == 1


@pytest.mark.parametrize(
    ("raised", "told", "expected"),
    [
        pytest.param([], None, False, id="nothing is wrong"),
        pytest.param([0], None, True, id="the first alarm of all"),
        pytest.param([60], 30, False, id="told after it was raised"),
        pytest.param([60, 20], 30, True, id="a second one came since"),
        pytest.param([3000], 24 * 60 - 1, False, id="still wrong, told yesterday evening"),
        pytest.param([3000], 24 * 60, True, id="still wrong a day later"),
    ],
)
def test_who_is_told(raised: list[int], told: int | None, expected: bool) -> None:
    told_at = None if told is None else NOW - told * MINUTE
    assert alarms.is_news([NOW - ago * MINUTE for ago in raised], told_at, NOW) is expected


@pytest.mark.parametrize("kind", Kind)
def test_each_kind_says_what_is_wrong_and_what_to_do_in_two_languages(kind: Kind) -> None:
    row = Alarm(kind=kind.value, about="orange", figure=1.5)
    french, english = (alarms.said(row, alarms.SENTENCES, language) for language in ("fr", "en"))
    assert french.count(". ") >= 1 and english.count(". ") >= 1
    assert "{" not in french + english
    if kind in (Kind.UNKNOWN, Kind.BUDGET):
        assert "1,5 %" in french and "1.5 %" in english


@pytest.mark.parametrize("code", ["fr", "bm", "dts"])
def test_the_sms_is_neutral_and_one_segment(code: str) -> None:
    words, _language = languages.reply("duty.alarm", [code], drafts=True)
    assert measure(words).segments == 1 and measure(words).encoding == "GSM-7"
    assert not any(sign.isdigit() or sign in "{}%" for sign in words)
