"""Messages of which nobody knows whether they left: who sees them, and an order to send one again or to close it."""

from __future__ import annotations

import sys
from collections.abc import Callable
from datetime import timedelta

import pytest
import sqlalchemy as sa

from messaging.models import Attempt, Audit, Message
from messaging.models.post import AttemptState, State
from tests.campaigns.admin.conftest import Browser
from tests.world import World

Browse = Callable[[str], Browser]
PAGE = "/admin/essai/unclear"


@pytest.fixture
def parked(office: World) -> int:
    """One message whose answer was lost, and whose gateway cannot say."""
    return park(office)


def park(office: World) -> int:
    with office.db.write() as session:
        message = session.scalars(sa.select(Message).where(Message.occurrence == "o3")).one()
        message.state, message.reason, message.tries = State.HELD, "unknown", 1
        session.add(
            Attempt(
                id="lost", message_id=message.id, gateway_id=1, state=AttemptState.UNKNOWN, looks=4,
                started_at=message.due_at,
            )
        )  # fmt: skip
        return message.id


def state(office: World, ident: int) -> sa.Row[State, str | None]:
    with office.db.read() as session:
        return session.execute(sa.select(Message.state, Message.reason).where(Message.id == ident)).one()


def test_it_is_listed_without_a_number(browse: Browse, parked: int) -> None:
    shown = browse("officer").read(PAGE)
    assert "simulator" in shown
    assert f'value="{parked}"' in shown and "76000011" not in shown.replace(" ", "")


ORDERS = [  # the button, who presses it, what becomes of the message
    ("send", "officer", (State.WAITING, None)),
    ("send", "approver", (State.WAITING, None)),
    ("close", "officer", (State.CLOSED, "unknown")),
]


@pytest.mark.parametrize(("do", "who", "after"), ORDERS)
def test_an_order(browse: Browse, office: World, parked: int, do: str, who: str, after: tuple[State, str]) -> None:
    assert browse(who).post(PAGE, PAGE, do=do, message=parked).status_code == 303
    assert state(office, parked) == after
    with office.db.read() as session:
        line = session.scalars(sa.select(Audit).order_by(Audit.id.desc())).first()
        assert line is not None and (line.object, line.object_id) == ("message", str(parked))


def test_who_may_not_order_may_look(browse: Browse, office: World, parked: int) -> None:
    editor = browse("editor")
    assert "Envoyer encore" not in editor.read(PAGE)
    assert editor.post(PAGE, PAGE, do="send", message=parked).status_code == 403
    assert state(office, parked) == (State.HELD, "unknown")


def test_nothing_ticked(browse: Browse, parked: int) -> None:
    answer = browse("officer").post(PAGE, PAGE, do="send")
    assert answer.status_code == 400 and "Cochez un message" in answer.text


def test_a_receipt_was_quicker(browse: Browse, office: World, parked: int) -> None:
    with office.db.write() as session:
        session.execute(sa.update(Message).where(Message.id == parked).values(state=State.CLOSED, reason="delivered"))
    answer = browse("officer").post(PAGE, PAGE, do="send", message=parked)
    assert answer.status_code == 400 and "rechargez la page" in answer.text
    assert state(office, parked) == (State.CLOSED, "delivered")


def test_of_no_use_any_more(browse: Browse, office: World, parked: int) -> None:
    with office.db.write() as session:
        late = office.now - timedelta(hours=1)
        session.execute(sa.update(Message).where(Message.id == parked).values(useful_until=late))
    answer = browse("officer").post(PAGE, PAGE, do="send", message=parked)
    assert answer.status_code == 400 and f'value="{parked}" checked' in answer.text.replace("\n", " ")
    assert state(office, parked) == (State.HELD, "unknown")


def test_what_is_of_another_programme_is_not_there(browse: Browse, office: World, other: World, parked: int) -> None:
    with office.db.write() as session:
        session.execute(sa.update(Message).where(Message.id == parked).values(programme_id=other.programme_id))
    officer = browse("officer")
    assert "Aucun envoi dont le sort est inconnu" in officer.read(PAGE)
    assert officer.post(PAGE, PAGE, do="send", message=parked).status_code == 404


def test_an_order_that_is_none_closes_nothing(browse: Browse, office: World, parked: int) -> None:
    answer = browse("officer").post(PAGE, PAGE, message=parked)
    assert answer.status_code == 400 and f'value="{parked}" checked' in answer.text
    assert state(office, parked) == (State.HELD, "unknown")


def test_ticks_of_a_further_page_stand_when_it_is_refused(
    browse: Browse, office: World, parked: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys.modules["campaigns.admin.unclear"], "MOST", 1)  # its blueprint has its name, too
    with office.db.write() as session:
        late = office.now - timedelta(hours=1)
        values = {"state": State.HELD, "reason": "unknown", "useful_until": late}
        session.execute(sa.update(Message).where(Message.occurrence.in_(("o2", "o3"))).values(**values))
    officer = browse("officer")
    further = f"{PAGE}?after={parked - 1}"
    assert f'action="{further}"' in officer.read(further)
    answer = officer.post(further, further, do="send", message=parked)
    assert answer.status_code == 400 and f'value="{parked}" checked' in answer.text


@pytest.mark.parametrize(("who", "expected"), [("officer", True), ("approver", True), ("editor", False)])
def test_only_who_may_decide_is_led_to_it(browse: Browse, parked: int, who: str, expected: bool) -> None:
    page = browse(who).read("/admin/essai/messages/out?state=held&reason=unknown")
    assert (">décider</a>" in page) is expected
