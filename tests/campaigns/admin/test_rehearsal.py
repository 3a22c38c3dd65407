"""The practice phone beside the editor: drafts to the simulator in a demonstration, never in or beside a real one."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
import sqlalchemy as sa
from flask import Flask
from sqlalchemy.orm import Session

from messaging import departure, rehearsal
from messaging.clock import utc_now
from messaging.errors import RefusedError
from messaging.installation import Installation
from messaging.models import Audit, Gateway, Message, Phone, Programme, Text
from messaging.models.post import Kind, State
from messaging.rules import Reason
from messaging.sender import send_due
from tests.campaigns.admin.conftest import Browser
from tests.world import World

Browse = Callable[[str], Browser]
STEP = "/admin/essai/campaigns/hygiene-essai/quiz"
EDIT = f"{STEP}/fr"
WORDS = "Sans savon, que prendre? 1 la cendre 2 rien"


def address(office: World, number: str = "+22376000041") -> str:
    """Where the keys of the phone beside the question send to."""
    return f"/simulator/essai/hygiene-essai/quiz/{office.phones[number]}"


def put(office: World) -> list[Message]:
    """The rehearsals in the outbox."""
    with office.db.read() as session:
        query = sa.select(Message).where(Message.occurrence.startswith(rehearsal.NAME))
        return list(session.scalars(query.order_by(Message.id)))


@pytest.mark.parametrize("page", [STEP, EDIT])
def test_a_facilitators_phone_stands_beside_the_step_and_the_text(editor: Browser, office: World, page: str) -> None:
    words = editor.get(page).text
    assert 'id="practice"' in words
    assert f'id="screen-{office.phones["+22376000041"]}"' in words
    assert "76000041" not in words


def test_draft_leaves_by_the_simulator_and_shows_on_the_screen(
    app: Flask, editor: Browser, office: World, installation: Installation
) -> None:
    woken: list[str] = []
    app.extensions["jekulu.wake"] = woken.append
    answer = editor.post(address(office), STEP, show="send", language="fr")
    assert answer.headers["Location"] == f"{STEP}#practice"
    assert woken == ["send"]
    (message,) = put(office)
    assert (message.kind, message.draft, message.trial_of, message.member_id) == (Kind.SERVICE, True, None, None)
    assert "Un SMS arrive…" in editor.read(STEP)
    send_due(installation, utc_now())
    page = editor.read(STEP)
    assert WORDS in page.partition('id="practice"')[2]
    assert "Un SMS arrive…" not in page
    with office.db.read() as session:
        gateway = session.get_one(Gateway, put(office)[0].gateway_id)
        assert gateway.adapter == "simulator"
        noted = session.scalars(sa.select(Audit).where(Audit.action == "rehearsed")).one()
        assert noted.after == {"version": 1, "state": "draft", "phone": office.phones["+22376000041"]}


def test_what_is_typed_in_the_editor_stays_and_is_neither_sent_nor_stored(editor: Browser, office: World) -> None:
    typed = {"sms": "Des mots en cours", "seen": "1", "language": "fr", "read_aloud": "Lu", "comment": "à voir"}
    page = editor.post(address(office), EDIT, show="send", **typed).text
    assert "Des mots en cours" in page
    assert "à voir" in page
    with office.db.read() as session:
        (message,) = put(office)
        assert session.get_one(Text, message.text_id).version == message.text_version == 1
    page = editor.post(address(office), EDIT, show="write", text="1", **typed).text
    assert "Des mots en cours" in page
    assert '<li class="wrote">' in page


def test_phone_used_last_stands_there_next_time(editor: Browser, office: World) -> None:
    member = office.phones["+22376000012"]
    editor.get(f"/simulator/?phone={member}")
    assert f'id="screen-{member}"' in editor.get(EDIT).text


def test_reason_stands_on_the_screen_when_a_rule_holds_it_back(
    editor: Browser, office: World, installation: Installation
) -> None:
    leader = office.phones["+22376000041"]
    with office.db.write() as session:
        session.execute(sa.update(Phone).where(Phone.id == leader).values(quarantine="lost"))
    editor.post(address(office), STEP, show="send", language="fr")
    send_due(installation, utc_now())
    (message,) = put(office)
    assert (message.state, message.reason) == (State.HELD, "quarantine")
    assert "Pas encore parti : Numéro mis en quarantaine." in editor.read(STEP)


def test_no_practice_once_a_programme_is_real(editor: Browser, office: World, other: World) -> None:
    token_page = "/admin/settings"
    with office.db.write() as session:
        session.execute(sa.update(Programme).where(Programme.code == "autre").values(demonstration=False))
    for page in (STEP, EDIT):
        assert 'id="practice"' not in editor.get(page).text
    assert editor.post(address(office), token_page, show="send", language="fr").status_code == 404
    with office.db.write() as session, pytest.raises(RefusedError, match="real programme"):
        _send(office, session)
    assert not put(office)


def test_a_rehearsal_waiting_when_its_programme_turns_real_goes_by_no_real_gateway(
    office: World, installation: Installation
) -> None:
    with office.db.write() as session:
        _send(office, session)
        session.add(Gateway(name="carrier", adapter="twilio", answer_cost="free"))
        session.flush()
        (message,) = session.scalars(sa.select(Message).where(Message.occurrence.startswith(rehearsal.NAME)))
        (leaving,) = departure.look(session, [message], utc_now())
        assert leaving.gateway is not None
        assert leaving.gateway.adapter == "simulator"
        session.execute(sa.update(Programme).values(demonstration=False))
        session.expire_all()
        (leaving,) = departure.look(session, [message], utc_now())
        assert (leaving.verdict.what, leaving.verdict.reason) == ("hold", Reason.NOT_APPROVED)


def test_who_may_not_try_texts_has_no_phone_and_may_not_send(browse: Browse, office: World) -> None:
    officer = browse("officer")
    assert 'id="practice"' not in officer.get(STEP).text
    assert officer.post(address(office), "/admin/settings", show="send", language="fr").status_code == 403
    assert not put(office)


def test_phones_of_other_programmes_are_not_there(editor: Browser, office: World, other: World) -> None:
    strange = f"/simulator/essai/hygiene-essai/quiz/{other.phones['+22376000052']}"
    assert editor.post(strange, STEP, show="send", language="fr").status_code == 404
    assert editor.post(address(office), STEP, show="send", language="bm").status_code == 404  # no such text
    assert not put(office)


def test_an_old_rehearsal_is_closed_unsent(office: World, installation: Installation) -> None:
    with office.db.write() as session:
        _send(office, session)
    send_due(installation, utc_now() + rehearsal.USE + timedelta(seconds=1))
    (message,) = put(office)
    assert (message.state, message.reason) == (State.CLOSED, "stale")


def _send(office: World, session: Session) -> None:
    """Put the question to the facilitator's phone."""
    text_id = session.scalars(sa.select(Text.id).order_by(Text.id.desc()).limit(1)).one()
    programme = session.get_one(Programme, office.programme_id)
    rehearsal.send(session, 1, text_id, office.phones["+22376000041"], utc_now(), programme=programme)
