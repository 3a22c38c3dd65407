"""« Try a message »: any text as any sender, or with what is known of one phone; nothing is stored, nothing leaves."""

from __future__ import annotations

import html
from collections.abc import Callable
from datetime import timedelta

import pytest
import sqlalchemy as sa

from messaging.clock import utc_now
from messaging.models import Audit, Inbound, Message, Pending
from tests.campaigns.admin.conftest import ACCOUNTS, Browser
from tests.world import World

Browse = Callable[[str], Browser]
PAGE = "/admin/essai/messages/try"
READ = [
    ("a report", {"text": "PRES 1041 F12 H8 T20", "role": "facilitator", "clubs": "1041"}, "femmes 12 · hommes 8"),
    ("what is put right", {"text": "PRES lO41 F12 H8 T20", "role": "facilitator", "clubs": "1041"}, "lettre O lue 0"),
    ("a wrong total", {"text": "PRES 1041 F12 H8 T21", "role": "facilitator", "clubs": "1041"},
     "le total n'est pas la somme"),
    ("STOP", {"text": "s t o p", "role": "member"}, "Plus de messages"),
    ("a sensitive one", {"text": "l'agent demande de l'argent", "role": "member"}, "message sensible"),
    ("a stranger", {"text": "bonjour", "role": "unknown"}, "l'expéditeur n'est pas connu"),
]  # fmt: skip


def rows(world: World) -> list[int]:
    """How many rows the tables of the post have."""
    with world.db.read() as session:
        return [session.scalar(sa.select(sa.func.count()).select_from(table)) or 0
                for table in (Inbound, Message, Pending, Audit)]  # fmt: skip


@pytest.mark.parametrize(("form", "said"), [row[1:] for row in READ], ids=[row[0] for row in READ])
def test_a_text_is_read_and_nothing_stored(browse: Browse, office: World, form: dict[str, str], said: str) -> None:
    editor = browse("editor")
    editor.get(PAGE)
    before = rows(office)
    answer = editor.post(PAGE, PAGE, language="fr", **form)
    assert answer.status_code == 200
    shown = html.unescape(answer.text)
    assert said in shown
    assert f">{form['text']}</textarea>" in shown, "it can be changed and read again"
    assert rows(office) == before


def test_a_phone_brings_its_role_and_its_clubs(browse: Browse, office: World) -> None:
    officer, phone = browse("officer"), office.phones["+22376000041"]
    assert f"{PAGE}?phone={phone}" in officer.get(f"/admin/essai/people/phones/{phone}").text
    page = officer.read(f"{PAGE}?phone={phone}")
    assert "Comme s'il venait de" in page
    before = rows(office)
    shown = html.unescape(officer.post(PAGE, PAGE, phone=phone, text="F12 H8 T20").text)
    assert "club 1041" in shown, "her only club"
    assert "animateur" in shown
    assert rows(office) == before


def test_phones_are_for_officers_and_of_own_places(browse: Browse, office: World, other: World) -> None:
    mine, theirs = office.phones["+22376000041"], other.phones["+22376000052"]
    assert browse("editor").get(f"{PAGE}?phone={mine}").status_code == 403
    assert browse("editor").post(PAGE, PAGE, phone=mine, text="x").status_code == 403
    assert browse("officer").get(f"{PAGE}?phone={theirs}").status_code == 404


def test_everybody_may_try_a_text_and_an_empty_one_is_told(browse: Browse, office: World) -> None:
    for who in ACCOUNTS:
        assert browse(who).get(PAGE).status_code == 200, who
    answer = browse("editor").post(PAGE, PAGE, text="  ", role="member")
    assert (answer.status_code, "Écrivez un SMS." in html.unescape(answer.text)) == (400, True)
    answer = browse("editor").post(PAGE, PAGE, text="x", role="chief")
    assert (answer.status_code, "Choisissez qui écrit." in html.unescape(answer.text)) == (400, True)


def test_a_sensitive_note_that_waits_with_a_question_is_not_shown(browse: Browse, office: World) -> None:
    phone, note = office.phones["+22376000041"], "l'agent demande de l'argent pour inscrire"
    kept = {"intent": "attendance", "date": "2026-03-12", "women": 12, "men": 8, "note": note}
    with office.db.write() as session:
        made = {"made_at": utc_now(), "expires_at": utc_now() + timedelta(hours=1)}
        session.add(Pending(phone_id=phone, kind="attendance_club", kept=kept, **made))
    officer = browse("officer")
    officer.get(PAGE)
    shown = html.unescape(officer.post(PAGE, PAGE, phone=phone, text="1041").text)
    assert "femmes 12 · hommes 8" in shown
    assert "argent" not in shown
