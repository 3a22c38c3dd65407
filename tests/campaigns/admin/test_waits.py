"""Why each message of the outbox waits: in a few words, in both languages, and without a query a row."""

from __future__ import annotations

import html
import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from importlib import import_module
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from messaging.engines import pulse
from messaging.models import Cap, Gateway, Hours, Mark, Message, Programme
from messaging.models.post import Kind, State
from tests.campaigns.admin.conftest import Browser
from tests.world import World

PAGE = "/admin/essai/messages/out?state=waiting"
NOW = datetime(2026, 3, 12, 10, 20, tzinfo=UTC)  # a Thursday; Mali has the same clock
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
AFTERNOON = datetime(2026, 3, 12, 16, 15, tzinfo=UTC)
TOMORROW = datetime(2026, 3, 13, 8, tzinfo=UTC)
Change = Callable[[Session], Any]


def paused(session: Session) -> None:
    session.execute(sa.update(Gateway).values(paused_at=NOW, paused_reason="crédit épuisé"))


def hours(spans: str) -> Change:
    def change(session: Session) -> None:
        session.execute(sa.update(Programme).values(always_open=False))
        session.add(Hours(position=1, kind="campaign", open_spans=spans, reason="essai"))

    return change


def capped(session: Session) -> None:
    session.merge(Cap(kind="campaign", per_day=1))
    session.execute(sa.update(Message).where(Message.handed_over_at.is_not(None)).values(handed_over_at=NOW - HOUR))


def ramadan(session: Session) -> None:
    session.execute(sa.update(Programme).values(always_open=False))
    session.add(Hours(position=1, kind="both", closed_spans="17:30-20:00", weekly_cap=1, reason="Ramadan"))
    session.execute(sa.update(Message).where(Message.handed_over_at.is_not(None)).values(handed_over_at=NOW - 3 * DAY))


def real(**gateway: Any) -> Change:
    def change(session: Session) -> None:
        session.execute(sa.update(Programme).values(demonstration=False))
        session.execute(sa.update(Gateway).values(gateway))

    return change


def silent(session: Session) -> None:
    session.merge(Mark(name=pulse.ENGINE, value=(NOW - HOUR).isoformat()))


def nothing(_session: Session) -> None:
    pass


CASES: list[tuple[str, dict[str, Any], Change, str, str]] = [
    # label, the message, what else is so, and the words in French and in English
    ("due just now", {}, nothing, "part dans la minute", "leaves within the minute"),
    ("due later today", {"at": AFTERNOON}, nothing, "part à 16h15", "leaves at 16:15"),
    ("due tomorrow", {"at": TOMORROW}, nothing, "part le 13 mars à 08h00", "leaves on 13 Mar at 08:00"),
    ("failed for a moment", {"tries": 2, "next_at": NOW + 14 * MINUTE}, nothing,
     "nouvel essai à 10h34", "tried again at 10:34"),
    ("its gateway has much to do", {"next_at": NOW + MINUTE}, nothing,
     "attend son tour à la passerelle simulator", "waits its turn at the gateway simulator"),
    ("its gateway rests", {}, paused,
     "attend que la passerelle simulator reprenne voir les passerelles",
     "waits for the gateway simulator to be resumed see the gateways"),
    ("its gateway rests, and it is due later", {"at": AFTERNOON}, paused,
     "part à 16h15 si la passerelle simulator a repris voir les passerelles",
     "leaves at 16:15 if the gateway simulator has been resumed see the gateways"),
    ("no gateway carries its kind", {}, real(kinds=["reply"]),
     "Aucune passerelle ne dessert ce numéro. voir les passerelles",
     "No gateway serves this number. see the gateways"),
    ("no gateway carries its number", {"at": AFTERNOON}, real(prefixes=["+2237999"]),
     "Aucune passerelle ne dessert ce numéro. voir les passerelles",
     "No gateway serves this number. see the gateways"),
    ("a question, and its gateway receives nothing", {"asks": True}, real(receives=False),
     "Cette passerelle ne reçoit pas de SMS : pas de question. voir les passerelles",
     "This gateway receives no SMS: no question is asked. see the gateways"),
    ("the hours are closed", {}, hours("16:15-17:20"),
     "hors des heures ouvertes : part à 16h15", "outside the open hours: leaves at 16:15"),
    ("the hours are closed today", {}, hours("08:00-10:00"),
     "hors des heures ouvertes : part le 13 mars à 08h00", "outside the open hours: leaves on 13 Mar at 08:00"),
    ("tried again when the hours are closed", {"tries": 1, "next_at": NOW + HOUR}, hours("08:00-11:00 16:15-17:00"),
     "hors des heures ouvertes : part à 16h15", "outside the open hours: leaves at 16:15"),
    ("its kind has hours of its own", {"kind": Kind.SERVICE}, hours("16:15-17:20"),
     "part dans la minute", "leaves within the minute"),
    ("the hours open too late for it", {"useful_until": NOW + HOUR}, hours("16:15-17:20"),
     "ne partira plus : trop tard pour être utile", "will not leave: too late to be of use"),
    ("the hours cannot be read", {}, hours("x"),
     "Hors des heures ouvertes ; il part à la prochaine.", "Outside the open hours; it leaves at the next."),
    ("the phone had its number", {}, capped,
     "Ce téléphone a déjà reçu son nombre de messages.", "This phone has had its number of messages."),
    ("the phone had its one of a week in Ramadan", {}, ramadan,
     "Ce téléphone a déjà reçu son nombre de messages.", "This phone has had its number of messages."),
    ("another campaign took its hour", {"reason": "moved", "next_at": NOW + HOUR}, nothing,
     "Une campagne plus prioritaire a pris l'heure de ce téléphone ; il part à la prochaine. Revu le 12 mars, 11h20",
     "A campaign of higher priority took this phone's hour; it leaves at the next. Looked at again on 12 Mar, 11:20"),
    ("the phone had its number today, and it is due tomorrow", {"at": TOMORROW}, capped,
     "part le 13 mars à 08h00", "leaves on 13 Mar at 08:00"),
    ("no engine runs", {}, silent,
     "attend que le service d'envoi reprenne", "waits for the sending service to run again"),
    ("its row says why", {"reason": "budget", "next_at": NOW + HOUR}, nothing,
     "Le budget du mois est atteint. Revu le 12 mars, 11h20 voir le coût de la campagne",
     "The budget of the month is reached. Looked at again on 12 Mar, 11:20 see the cost of the campaign"),
]  # fmt: skip


def because(page: str) -> list[str]:
    """What stands behind the state of each row."""
    cells = re.findall(r'<td data-label="(?:État|State)">(.*?)</td>', page, re.DOTALL)
    said = [" ".join(html.unescape(re.sub("<[^>]+>", "", cell)).split()) for cell in cells]
    return [re.sub(r"^(en attente|waiting)( ·)? ", "", words) for words in said]


@pytest.fixture(autouse=True)
def _at_twenty_past_ten(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(import_module("campaigns.admin.messages"), "utc_now", lambda: NOW)  # the blueprint has its name


def change(world: World, values: dict[str, Any], more: Change) -> None:
    """Let the one message that waits be so; `at` is when it is due."""
    due_at = values.get("at", NOW - 5 * MINUTE)
    usual = {"due_at": due_at, "next_at": due_at, "useful_until": due_at + 3 * DAY}
    given = {name: value for name, value in values.items() if name != "at"}
    with world.db.write() as session:
        session.execute(sa.update(Message).where(Message.state == State.WAITING).values(usual | given))
        more(session)


@pytest.mark.parametrize(("values", "more", "french", "english"), [row[1:] for row in CASES], ids=[c[0] for c in CASES])
def test_a_row_says_why_it_waits(
    editor: Browser, office: World, values: dict[str, Any], more: Change, french: str, english: str
) -> None:
    change(office, values, more)
    assert because(editor.get(PAGE).text) == [french]
    editor.post("/admin/settings", language="en")
    assert because(editor.get(PAGE).text) == [english]


def test_looking_changes_nothing(editor: Browser, office: World) -> None:
    change(office, {}, paused)

    def waiting() -> list[Any]:
        query = sa.select(sa.inspect(Message).local_table).where(Message.state == State.WAITING)
        with office.db.read() as session:
            return [tuple(row) for row in session.execute(query)]

    before = waiting()
    assert editor.get(PAGE).status_code == 200
    assert waiting() == before


def test_thirty_rows_ask_no_more_than_one(editor: Browser, office: World) -> None:
    change(office, {"tries": 1}, capped)
    asked: list[str] = []

    def count() -> int:
        asked.clear()
        assert editor.get(PAGE).status_code == 200
        return len(asked)

    count()
    sa.event.listen(office.db.engine, "before_cursor_execute", lambda *given: asked.append(given[2]))
    one = count()
    with office.db.write() as session:
        first = session.scalars(sa.select(Message).where(Message.state == State.WAITING)).one()
        table = sa.inspect(Message).local_table
        row = dict(session.execute(sa.select(table).where(table.c.id == first.id)).mappings().one())
        del row["id"]
        session.execute(sa.insert(table), [row | {"occurrence": f"w{number}"} for number in range(29)])
    assert count() == one
    assert len(because(editor.get(PAGE).text)) == 30
