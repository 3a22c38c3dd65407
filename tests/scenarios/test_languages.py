"""Three languages, honestly: a missing text is refused or its fallback accepted, drafts go to the simulator alone."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
import sqlalchemy as sa

from campaigns import life, planner, received, simulation
from campaigns.definitions import Definition
from campaigns.models import Campaign, CampaignState
from campaigns.received import Received
from messaging import sender, staff
from messaging.errors import RefusedError
from messaging.installation import Installation
from messaging.models import Audit, Inbound, Language, Member, Message, Text
from messaging.models.post import InboundState, Kind, State
from tests.world import World, approve_texts, hygiene, reviewer_and_approver

TEXTS = {
    "fr": {"sms": "Lavez les mains au savon.", "read_aloud": "Lavez les mains au savon."},
    "bm": {"sms": "Safunè.", "official": "Safunɛ.", "read_aloud": "Safunɛ."},
}
AHEAD = timedelta(minutes=15)


def campaign(world: World, definition: Definition | None = None) -> int:
    """A campaign whose French is approved and whose Bambara is a draft."""
    campaign_id = world.campaign(definition or hygiene(texts=TEXTS), start=False)
    with world.db.write() as session:
        reviewer_and_approver(session, world.now)
        reviewer = staff.by_email(session, "relit@essai.example")
        approver = staff.by_email(session, "approuve@essai.example")
        from messaging import texts

        text = session.scalars(sa.select(Text).where(Text.language == "fr")).one()
        texts.review(session, text.id, reviewer, staff.roles(session, reviewer.id), world.now)
        texts.approve(session, text.id, approver, staff.roles(session, approver.id), world.now)
    return campaign_id


def approve(world: World, campaign_id: int, *accepted: str) -> None:
    with world.db.write() as session:
        approver = staff.by_email(session, "approuve@essai.example")
        life.approve(session, campaign_id, approver, world.now, accepted)


def people(world: World) -> None:
    world.chain("bm", "fr")
    world.crowd(7)
    world.crowd(4, "bm")
    world.crowd(2, "dds")  # this language or nothing


def languages(world: World) -> set[tuple[str, str, bool]]:
    with world.db.read() as session:
        rows = session.scalars(sa.select(Message)).all()
    return {(row.language_wanted, row.language, row.draft) for row in rows}


def test_each_fallback_is_accepted_by_name_or_the_campaign_is_refused(world: World) -> None:
    people(world)
    campaign_id = campaign(world)
    with pytest.raises(RefusedError) as refusal:
        approve(world, campaign_id)
    said = str(refusal.value)
    assert "bm: mains (4; → fr; 4 SMS, 40 FCFA)" in said
    assert "dds: mains (2; → rien; 0 SMS, 0 FCFA)" in said
    with pytest.raises(RefusedError, match="dds"):
        approve(world, campaign_id, "bm")
    with world.db.read() as session:
        assert session.get_one(Campaign, campaign_id).state is CampaignState.DRAFT


def test_accepted_everyone_gets_what_was_shown_and_it_is_counted(world: World) -> None:
    people(world)
    campaign_id = campaign(world)
    approve(world, campaign_id, "bm", "dds")
    with world.db.write() as session:
        life.start(session, campaign_id, None, world.now)
    done = planner.plan(world.db, world.now, AHEAD)
    assert done.rows() == [{"language": "dds", "reason": "no_text", "people": 2}]
    assert languages(world) == {("fr", "fr", False), ("bm", "fr", False)}
    with world.db.write() as session:
        session.execute(sa.update(Message).values(handed_over_at=world.now))
    with world.db.read() as session:
        assert received.of_campaign(session, campaign_id) == [
            Received("bm", "fr", 4, 4),
            Received("dds", None, 2, 0),
            Received("fr", "fr", 7, 7),
        ]
        shown = session.get_one(Campaign, campaign_id).accepted_gaps
        assert shown is not None
        assert [(gap["language"], gap["fallback"], gap["people"]) for gap in shown] == [
            ("bm", "fr", 4),
            ("dds", None, 2),
        ]
        noted = session.scalars(sa.select(Audit).where(Audit.action == "approved", Audit.object == "campaign")).one()
        assert noted.after is not None
        assert noted.after["accepted"] == "mains: bm > fr, 4; mains: dds > nothing, 2"


def test_a_club_and_a_member_with_a_chain_of_her_own_are_gaps_too(world: World) -> None:
    world.chain("dds", "fr")
    world.chain("bm", "fr")
    world.crowd(3, "dds")
    own = world.member("+22370999999", "dds")
    with world.db.write() as session:
        session.get_one(Member, own).falls_to = []  # this language or nothing
    campaign_id = campaign(world)
    with world.db.read() as session:
        found = life.gaps(session, session.get_one(Campaign, campaign_id), world.now)
    assert {(gap.language, gap.fallback, gap.people) for gap in found} == {("dds", "fr", 3), ("dds", None, 1)}
    world.club("1041", facilitator="+22370888888", language="dts")
    club = hygiene(audience={"role": "club"}, send_as="service").model_copy(update={"campaign": "clubs"})
    club_id = world.campaign(club, start=False)
    with world.db.read() as session:
        found = life.gaps(session, session.get_one(Campaign, club_id), world.now)
    assert ("dts", None, 1) in {(gap.language, gap.fallback, gap.people) for gap in found}


def test_on_the_simulator_the_draft_goes_marked(installation: Installation, now: datetime) -> None:
    world = World(installation.db, now).programme(demonstration=True)
    people(world)
    campaign_id = campaign(world)
    with world.db.write() as session:
        life.start(session, campaign_id, None, now)
    planner.plan(world.db, now, AHEAD)
    assert languages(world) == {("fr", "fr", False), ("bm", "bm", True)}
    sender.send_due(installation, now)
    with world.db.read() as session:
        gone = session.scalars(sa.select(Message).where(Message.language == "bm")).all()
    assert len(gone) == 4
    assert {(row.state, row.draft) for row in gone} == {(State.HANDED_OVER, True)}


def test_two_thousand_people_in_a_language_that_no_library_knows(installation: Installation, now: datetime) -> None:
    world = World(installation.db, now).programme(demonstration=True)
    with world.db.write() as session:
        row = Language(
            code="qxk-tiranige", name_fr="Tiranige", name_own="Tiranige ?", family="dogon", profile="manding-dogon",
            plural_forms="nplurals=1; plural=0;",
        )  # fmt: skip
        session.add(row)
    world.chain("qxk-tiranige", "dds", "fr")
    count = 2000 if installation.db.engine.dialect.name == "sqlite" else 200  # a fortnight of them takes a while
    world.crowd(count, "qxk-tiranige")
    question = {
        "kind": "question", "step": "cendre", "when": {"weekly": ["mon"]}, "one_act": False,
        "question": {"type": "yesno", "correct": [1]},
        "texts": {"fr": {
            "sms": "La cendre lave-t-elle? 1 OUI 2 NON", "read_aloud": "La cendre lave-t-elle ?", "right": "Oui.",
            "wrong": "La cendre lave.",
        }},
    }  # fmt: skip
    weekly = hygiene(**question).model_copy(update={"campaign": "chaque-semaine"})
    world.campaign(weekly)
    told = simulation.simulate(installation, now.replace(hour=0, minute=0), 15, "1")
    assert told["sent"] > count * 2
    assert told["inbound"] > count / 2
    assert told["held"] == 0
    with world.db.read() as session:
        failed = sa.select(sa.func.count()).where(Inbound.state == InboundState.FAILED)
        assert session.scalar(failed) == 0
        replies = sa.select(Message.language_wanted, Message.language).where(Message.kind == Kind.REPLY).distinct()
        assert {tuple(pair) for pair in session.execute(replies)} <= {("fr", "fr"), ("qxk-tiranige", "fr")}


def test_approved_texts_of_every_language_need_no_acceptance(world: World) -> None:
    world.crowd(2)
    world.crowd(2, "bm")
    campaign_id = world.campaign(hygiene(texts=TEXTS), start=False)
    with world.db.write() as session:
        approve_texts(session, session.get_one(Campaign, campaign_id), world.now)
    approve(world, campaign_id)
