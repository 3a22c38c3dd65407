"""The gateways as staff see them: how each does, what waits and why, a pause by hand and its end."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
import sqlalchemy as sa

from messaging import alarms
from messaging.alarms import Kind
from messaging.clock import utc_now
from messaging.gateways import exchanges, pausing
from messaging.gateways.exchanges import Exchange
from messaging.installation import Installation
from messaging.models import Attempt, Gateway, Message
from messaging.models.post import AttemptState, State
from tests.campaigns.admin.conftest import Browser
from tests.world import World

Browse = Callable[[str], Browser]
PAGE = "/admin/essai/gateways"


def simulator(office: World, **values: object) -> None:
    with office.db.write() as session:
        session.execute(sa.update(Gateway).where(Gateway.name == "simulator").values(**values))


SHOWN = [  # what is noted of the gateway, moments as so long ago; what the page says
    ("well", {"paused_at": None}, "ouverte"),
    ("paused by hand", {"paused_at": timedelta(), "paused_reason": "Plus de crédit"}, "Ses messages attendent."),
    ("paused itself", {"paused_at": timedelta(), "paused_reason": "balance", "paused_itself": True}, "d'elle-même"),
    ("in trouble", {"trouble": "no credit left", "checked_at": timedelta(minutes=3)}, "va mal"),
    ("told trouble", {"trouble": "no credit left", "checked_at": timedelta(minutes=3)}, "il y a 3 min"),
    ("slow", {"ease": 0.25, "eased_at": timedelta()}, "réduit à 25"),
    ("one way", {"receives": False}, "non : pas de question"),
    ("busy", {"sent_at": timedelta(hours=2)}, "il y a 2 h"),
]


@pytest.mark.parametrize(("values", "said"), [row[1:] for row in SHOWN], ids=[row[0] for row in SHOWN])
def test_how_a_gateway_does(browse: Browse, office: World, values: dict[str, object], said: str) -> None:
    now = utc_now()
    simulator(office, **{name: now - one if isinstance(one, timedelta) else one for name, one in values.items()})
    assert said in browse("editor").read(PAGE)


WAITS = [  # state, reason and tries of a message that is due, what the page says
    (State.HELD, "quarantine", 0, "Numéro mis en quarantaine."),
    (State.WAITING, "paused_gateway", 0, "La passerelle est en pause."),
    (State.WAITING, "budget", 0, "Le budget du mois est atteint."),
    (State.WAITING, None, 0, "Attend son tour au débit de la passerelle."),
    (State.WAITING, None, 2, "un autre essai suit"),
    (State.HELD, "unknown", 1, "On ne sait pas s'il est parti."),
]


@pytest.mark.parametrize(("state", "reason", "tries", "said"), WAITS)
def test_why_it_waits(browse: Browse, office: World, state: State, reason: str | None, tries: int, said: str) -> None:
    with office.db.write() as session:
        session.execute(sa.delete(Message).where(Message.occurrence != "o3"))
        session.execute(sa.update(Message).values(state=state, reason=reason, tries=tries))
    assert said in browse("editor").read(PAGE)


def test_nothing_waits(browse: Browse, office: World) -> None:
    with office.db.write() as session:
        session.execute(sa.update(Message).values(state=State.CLOSED))
    assert "Rien n'attend" in browse("editor").read(PAGE)


def test_a_pause_by_hand_and_its_end(browse: Browse, office: World) -> None:
    browser = browse("administrator")
    browser.post(PAGE, PAGE, gateway="simulator", reason="Plus de crédit", do="pause")
    with office.db.read() as session:
        row = session.scalars(sa.select(Gateway)).one()
        assert (row.paused_reason, row.paused_itself) == ("Plus de crédit", False)
    assert "Plus de crédit" in browser.read(PAGE)
    browser.post(PAGE, PAGE, gateway="simulator", do="resume")
    with office.db.read() as session:
        assert session.scalars(sa.select(Gateway.paused_at)).one() is None


def test_a_pause_without_a_reason_keeps_what_was_typed(browse: Browse) -> None:
    answer = browse("administrator").post(PAGE, PAGE, gateway="simulator", reason="x" * 300, do="pause")
    assert answer.status_code == 400
    assert "x" * 300 in answer.text and "Dites pourquoi" in answer.text


def test_only_who_looks_after_gateways_pauses_them(browse: Browse) -> None:
    officer = browse("officer")
    assert 'name="reason"' not in officer.read(PAGE)
    assert officer.post(PAGE, PAGE, gateway="simulator", reason="essai", do="pause").status_code == 403


def test_what_it_could_not_tell_is_counted(browse: Browse, office: World) -> None:
    with office.db.write() as session:
        one = session.scalars(sa.select(Message.id).where(Message.occurrence == "o2")).one()
        session.add(
            Attempt(id="a", message_id=one, gateway_id=1, state=AttemptState.UNKNOWN, started_at=office.now)
        )  # fmt: skip
    assert "Sort inconnu</dt><dd>1<" in browse("editor").read(PAGE)


def test_open_alarms_stand_on_it(browse: Browse, office: World) -> None:
    with office.db.write() as session:
        alarms.raise_one(session, Kind.UNKNOWN, "simulator", utc_now(), 2.5)
    assert "de 2,5 % des envois d'une heure" in browse("officer").read(PAGE)


def test_the_last_exchanges_are_for_who_looks_after_gateways(
    browse: Browse, office: World, installation: Installation
) -> None:
    log = exchanges.Log(installation.settings.data)
    log.note(Exchange("simulator", "send", 12.0, "201", key="abc"))
    log.close()
    assert "Derniers échanges" in browse("administrator").read(PAGE)
    assert "Derniers échanges" not in browse("officer").read(PAGE)


def test_one_that_rests_by_itself_says_so_on_today(browse: Browse, office: World) -> None:
    with office.db.write() as session:
        pausing.rest(session, session.scalars(sa.select(Gateway)).one(), "no credit left", utc_now())
    assert PAGE in browse("officer").get("/admin/").text


def test_a_budget_of_another_programme_is_not_told(browse: Browse, office: World, other: World) -> None:
    with office.db.write() as session:
        alarms.raise_one(session, Kind.BUDGET, "essai", utc_now(), 85)
        alarms.raise_one(session, Kind.BUDGET, "autre", utc_now(), 90)
    page = browse("officer").read(PAGE)
    assert "du programme essai est dépensé" in page and "autre" not in page.replace("une autre", "")


def test_a_count_leads_to_a_list_of_as_many(browse: Browse, office: World) -> None:
    with office.db.write() as session:
        session.execute(sa.update(Message).values(state=State.WAITING, reason=None))
        session.execute(sa.update(Message).where(Message.occurrence == "o3").values(reason="paused_gateway"))
    page = browse("editor").get(PAGE).text
    assert "state=waiting&amp;reason=paused_gateway" in page
    assert 'state=waiting"' not in page, "that list would show those that wait for a reason too"


def test_a_person_pauses_while_it_pauses_itself(office: World) -> None:
    with office.db.read() as session:
        row = session.scalars(sa.select(Gateway)).one()  # as a page has read it a moment ago
    with office.db.write() as session:
        pausing.rest(session, session.scalars(sa.select(Gateway)).one(), "no credit left", utc_now())
    with office.db.write() as session:
        session.add(row)
        pausing.pause(session, row, "On change d'opérateur", utc_now())
    with office.db.read() as session:
        found = session.scalars(sa.select(Gateway)).one()
        assert (found.paused_reason, found.paused_itself) == ("On change d'opérateur", False)
