"""A single message: a draft campaign of one step, which goes the way of all others before anything leaves."""

from __future__ import annotations

import html
import sys
from collections.abc import Callable
from datetime import timedelta

import pytest
import sqlalchemy as sa

from campaigns import life, loading, planner
from campaigns.models import Campaign, CampaignState, CampaignVersion, Step
from messaging.clock import local, utc_now
from messaging.models import Hours, Message, Programme, Staff, Text, TextState, TextVersion
from messaging.models.post import Kind, State
from tests.campaigns.admin.conftest import Browser
from tests.world import World, approve_texts, reviewer_and_approver

Browse = Callable[[str], Browser]
ONCE = "/admin/essai/campaigns/once"
TYPED = {
    "sms": "La radio parle du moringa ce soir.",
    "role": "member",
    "clubs": "1041",
    "topic": "agro",
    "time": "soon",
}


def made(office: World) -> tuple[Campaign, Step]:
    with office.db.read() as session:
        row = session.scalars(sa.select(Campaign).where(Campaign.code.startswith("message-"))).one()
        return row, loading.steps_of(session, row.id)[0]


def test_one_message_makes_a_draft_that_waits_for_others(editor: Browser, office: World) -> None:
    answer = editor.post(ONCE, **TYPED)
    row, step = made(office)
    assert answer.headers["Location"].endswith(f"/campaigns/{row.code}")
    today = local(utc_now(), "Africa/Bamako").date()
    assert row.state is CampaignState.DRAFT and row.code.startswith(f"message-{today:%Y%m%d}-")
    assert (step.kind, step.send_as, step.definition["when"]["date"]) == ("message", Kind.CAMPAIGN, today.isoformat())
    assert row.definition["audience"]["clubs"] == ["1041"]
    with office.db.read() as session:
        text = session.scalars(sa.select(Text).where(Text.step_id == step.id)).one()
        said = session.get_one(TextVersion, (text.id, 1))
        assert (text.state, said.sms, said.read_aloud) == (TextState.DRAFT, TYPED["sms"], TYPED["sms"])
        assert text.author_id is not None  # she does not approve it
        kept = session.scalars(sa.select(CampaignVersion)).one()
        assert (kept.action, kept.staff_id) == ("made", text.author_id)
    page = editor.read(f"/admin/essai/campaigns/{row.code}")
    assert "reste 1 texte" in page and "membres · club 1041 · par leur téléphone" in page


def test_who_has_a_role_is_written_to_as_such(editor: Browser, office: World) -> None:
    editor.post(ONCE, **{**TYPED, "role": "facilitator"})
    assert made(office)[1].send_as is Kind.SERVICE


def test_it_leaves_at_the_next_open_hour(editor: Browser, office: World) -> None:
    with office.db.write() as session:
        session.get_one(Programme, office.programme_id).always_open = False
        session.execute(sa.delete(Hours))
    office.hours("04:00-04:01")
    editor.post(ONCE, **TYPED)
    assert made(office)[1].definition["hour"] == "04:00"


def test_every_problem_is_told_and_the_text_is_kept(editor: Browser, office: World) -> None:
    typed = {**TYPED, "sms": "Envoyez votre code secret.", "clubs": "9999", "topic": "hygiene", "time": "chosen"}
    answer = editor.post(ONCE, **typed, date="2020-01-01", hour="16h30")
    page = html.unescape(answer.text)
    assert answer.status_code == 400
    for field in ("sms", "clubs", "facts"):
        assert f'id="{field}-fault"' in page, field
    assert "Envoyez votre code secret." in page and 'value="16h30"' in page
    answer = editor.post(ONCE, **{**TYPED, "time": "chosen"}, date="2020-01-01", hour="16h30")
    assert "Ce moment est passé" in answer.text
    assert editor.post(ONCE, **{**TYPED, "sms": ""}).status_code == 400
    with office.db.read() as session:
        assert session.scalars(sa.select(Campaign.code)).all() == ["hygiene-essai"]


def test_only_editors_write_one(browse: Browse, office: World) -> None:
    approver = browse("approver")
    assert approver.get(ONCE).status_code == 403
    assert approver.post(ONCE, **TYPED).status_code == 403
    assert "Un message maintenant" not in approver.read("/admin/essai/campaigns")


def test_approved_by_others_and_started_it_is_planned_for_the_club(editor: Browser, office: World) -> None:
    editor.post(ONCE, **TYPED)
    row, step = made(office)
    with office.db.write() as session:
        stored = session.get_one(Campaign, row.id)
        approve_texts(session, stored, utc_now())
        _reviewer, approver = reviewer_and_approver(session, utc_now())
        life.approve(session, row.id, session.get_one(Staff, approver), utc_now(), ["bm", "dds"])
        life.start(session, row.id, None, utc_now())
    planner.plan(office.db, utc_now(), timedelta(minutes=15))
    with office.db.read() as session:
        found = session.scalars(sa.select(Message).where(Message.step_id == step.id)).all()
        assert [(one.state, one.phone_id) for one in found] == [(State.WAITING, office.phones["+22376000011"])]


def test_two_messages_of_one_moment_are_two(editor: Browser, office: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Both looked for a free name before either was stored."""
    editor.post(ONCE, **TYPED)
    monkeypatch.setattr(sys.modules["campaigns.admin.once"], "_code", lambda *_: made(office)[0].code)
    answer = editor.post(ONCE, **{**TYPED, "sms": "Demain le moringa."})
    assert answer.status_code == 400 and "Demain le moringa." in answer.text and "la même minute" in answer.text
    monkeypatch.undo()
    assert editor.post(ONCE, **{**TYPED, "sms": "Demain le moringa."}).status_code == 303
    with office.db.read() as session:
        assert session.scalar(sa.select(sa.func.count()).where(Campaign.code.startswith("message-"))) == 2
