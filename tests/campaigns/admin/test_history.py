"""Versions beside each other, and older ones restored: a campaign without its texts, a text as a draft."""

from __future__ import annotations

import re
from collections.abc import Callable

import sqlalchemy as sa

from campaigns import loading
from campaigns.admin.history import compared
from campaigns.models import Campaign, Step
from messaging.models import Text, TextState, TextVersion
from tests.campaigns.admin.conftest import Browser, approve_all
from tests.world import World

Browse = Callable[[str], Browser]
PLACE = "/admin/essai/campaigns/hygiene-essai"
HISTORY = f"{PLACE}/history"
TEXT = f"{PLACE}/mains/fr"
STEP = {"kind": "message", "trigger": "weekly", "weekly": "mon", "hour": "18:00", "facts": "HY3"}


def lock(office: World) -> int:
    with office.db.read() as session:
        return session.scalars(sa.select(Campaign.lock)).one()


def french(office: World) -> tuple[Text, TextVersion]:
    with office.db.read() as session:
        query = sa.select(Text).join(Step, Step.id == Text.step_id)
        text = session.scalars(query.where(Step.code == "mains", Text.language == "fr")).one()
        return text, session.get_one(TextVersion, (text.id, text.version))


def test_words_are_compared_one_by_one() -> None:
    assert compared("Lavez les mains au savon.", "Lavez vos mains au savon!") == [
        ("same", "Lavez "), ("gone", "les "), ("new", "vos "), ("same", "mains au savon"), ("gone", "."), ("new", "!"),
    ]  # fmt: skip


def test_a_campaign_nobody_changed_says_so(editor: Browser) -> None:
    assert "telle qu'elle a été chargée" in editor.read(HISTORY)


def test_each_version_says_who_and_what_in_words(editor: Browser, office: World) -> None:
    editor.post(f"{PLACE}/mains/edit", seen=1, **STEP)
    editor.post(f"{PLACE}/quiz/move", seen=2, up="")
    page = re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", editor.read(HISTORY)))
    assert "Version 3 Étape déplacée par editor" in page
    assert "Ordre des étapes retiré : mains → quiz ajouté : quiz → mains" in page
    assert "Version 2 Modifiée par editor" in page
    assert "mains · Quand retiré : le 12 mars 2026 ajouté : chaque lundi" in page
    assert "mains · Heure retiré : 17:30 ajouté : 18:00" in page
    assert "Version 1 Telle que chargée" in page


def test_restoring_is_a_new_version_and_leaves_the_texts(browse: Browse, editor: Browser, office: World) -> None:
    editor.post(f"{PLACE}/mains/edit", seen=1, **STEP)
    editor.post(f"{PLACE}/quiz/remove", seen=2)
    editor.post(TEXT, sms="Du savon, ou de la cendre.", read_aloud="Du savon.", seen=1)
    assert browse("translator").post(HISTORY, version=1, seen=3).status_code == 403
    editor.post(HISTORY, version=1, seen=2)  # by an old page
    assert lock(office) == 3
    assert editor.post(HISTORY, version=1, seen=3).status_code == 303
    with office.db.read() as session:
        row = session.scalars(sa.select(Campaign)).one()
        steps = loading.steps_of(session, row.id)
        assert [(step.code, step.definition["hour"]) for step in steps] == [("mains", "17:30"), ("quiz", "16:30")]
    assert french(office)[1].sms == "Du savon, ou de la cendre."
    assert "Restaurée par editor" in re.sub(r"<[^>]+>", "", editor.read(HISTORY))


def test_an_old_wording_is_restored_as_a_draft(browse: Browse, editor: Browser, office: World) -> None:
    first = french(office)[1]
    editor.post(TEXT, sms="Du savon, ou de la cendre.", read_aloud="Du savon.", back_translation="Soap or ash.", seen=1)
    approve_all(office)
    page = editor.read(f"{TEXT}/history")
    assert "<del>" in page and "<ins>" in page and "Retraduction" in page
    editor.post(f"{TEXT}/history", version=1, seen=1)  # by an old page
    assert french(office)[0].state is TextState.APPROVED
    editor.post(f"{TEXT}/history", version=1, seen=2)
    text, now = french(office)
    assert (text.state, text.version, now.hash) == (TextState.DRAFT, 3, first.hash)
    assert "Restaurer" not in re.sub(r'<p class="lead">.*?</p>', "", browse("officer").read(f"{TEXT}/history"))
    assert browse("officer").post(f"{TEXT}/history", version=2, seen=3).status_code == 403


def test_bambara_comes_back_in_both_letters(editor: Browser, office: World) -> None:
    place = f"{PLACE}/mains/bm"
    editor.post(place, official="Safunɛ dɔrɔn.", read_aloud="Safunɛ.", seen=1)
    editor.post(f"{place}/history", version=1, seen=2)
    with office.db.read() as session:
        text = session.scalars(sa.select(Text).where(Text.language == "bm")).one()
        now = session.get_one(TextVersion, (text.id, text.version))
        assert (now.sms, now.official) == ("I bolo ko ni safinè ye", "I bolo ko ni safinɛ ye")
