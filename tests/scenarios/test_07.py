"""Scenario 7: a commune set to red; what is tagged is blocked there with the reason, and what is queued is held."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from click.testing import CliRunner

import wsgi
from campaigns import approvals, bill, blocked, life, loading, planner
from campaigns.models import Campaign, CampaignState, Occurrence
from messaging import communes, proposals, sender, staff
from messaging.errors import RefusedError
from messaging.installation import Installation
from messaging.models import Message, Programme, Proposal, Role, Staff, Text
from messaging.models.place import RiskLevel
from tests.land import commune, share
from tests.world import World, approve_texts, hygiene

AHEAD = timedelta(minutes=15)
FR = {"texts": {"fr": {"sms": "Vos droits ne changent pas.", "read_aloud": "Vos droits ne changent pas."}}}
RED, ORANGE, GREEN = RiskLevel.RED, RiskLevel.ORANGE, RiskLevel.GREEN


class Office:
    """Doucombo with 12 people, Kendié with 20, and two approvers."""

    def __init__(self, here: Installation, now: datetime) -> None:
        self.here, self.now = here, now
        self.world = World(here.db, now).programme(demonstration=True)
        self.doucombo = commune(self.world, "Doucombo")
        self.world.crowd(12)
        self.kendie = commune(self.world, "Kendié")
        self.world.crowd(20)
        with here.db.write() as session:
            for name in ("une", "deux"):
                staff.add(session, f"{name}@essai.example", [(Role.APPROVER, "")], now, demonstration=True)

    def person(self, name: str) -> Staff:
        with self.here.db.read() as session:
            return staff.by_email(session, f"{name}@essai.example")

    def set_level(self, level: RiskLevel, commune_id: int | None = None) -> None:
        """Raise or lower, in a minute, with as many people as that takes."""
        self.now += timedelta(minutes=1)
        place = commune_id or self.doucombo
        one, two = self.person("une").id, self.person("deux").id
        with self.here.db.write() as session:
            try:
                communes.raise_level(session, place, level, one, self.now)
            except RefusedError:
                row = communes.ask_to_lower(session, place, level, one, self.now, self.world.programme_id)
                communes.accept(session, row.id, two, self.now)

    def plan(self) -> planner.Plan:
        return planner.plan(self.here.db, self.now, AHEAD)

    def read(self, what: Callable[..., Any], campaign_id: int, **more: Any) -> Any:
        with self.here.db.read() as session:
            return what(session, session.get_one(Campaign, campaign_id), self.now, **more)

    def states(self) -> dict[str, int]:
        """Messages by state and reason."""
        query = sa.select(Message.state, Message.reason, sa.func.count()).group_by(Message.state, Message.reason)
        with self.here.db.read() as session:
            return {f"{s.value} {why or ''}".strip(): count for s, why, count in session.execute(query)}


@pytest.fixture
def office(installation: Installation, now: datetime) -> Office:
    return Office(installation, now)


@pytest.mark.parametrize("tag", ["distribution", "cash", "agency"])
def test_what_is_scheduled_is_blocked_there_with_the_reason(office: Office, tag: str) -> None:
    campaign_id = office.world.campaign(hygiene(tags=[tag], **FR))
    office.set_level(RED)
    there, elsewhere = (32, 0) if tag == "agency" else (12, 20)
    shown = office.read(bill.of_campaign, campaign_id)
    assert (shown.messages, shown.unserved()) == (elsewhere, {("fr", "risk"): there})
    (row,) = office.read(blocked.of_campaign, campaign_id)
    assert (row.name, row.tags, row.steps) == ("" if tag == "agency" else "Doucombo", (tag,), ("mains",))
    assert row.phones == there
    done = office.plan()
    assert (done.planned, done.rows()) == (elsewhere, [{"language": "fr", "reason": "risk", "people": there}])
    with office.here.db.read() as session:
        assert session.scalars(sa.select(Occurrence)).one().waiting == {"rows": done.rows()}
    sender.send_due(office.here, office.now)
    assert office.states() == ({} if tag == "agency" else {"handed_over": 20})


def test_what_is_queued_is_held_and_leaves_when_two_people_lower_the_level(office: Office) -> None:
    office.world.campaign(hygiene(tags=["cash"], **FR))
    assert office.plan().planned == 32
    office.set_level(RED)
    assert office.states() == {"held risk": 12, "waiting": 20}
    sender.send_due(office.here, office.now)
    assert office.states() == {"held risk": 12, "handed_over": 20}
    office.set_level(ORANGE)
    sender.send_due(office.here, office.now)
    assert office.states() == {"handed_over": 32}


def test_who_was_left_out_is_planned_when_the_level_is_lower_and_not_asked_for_before(office: Office) -> None:
    office.set_level(RED)
    office.world.campaign(hygiene(tags=["meeting"], **FR))
    assert office.plan().planned == 20
    office.now += timedelta(hours=1)
    assert office.plan().rows() == []
    office.set_level(RED, office.kendie)
    assert office.plan().rows() == [{"language": "fr", "reason": "risk", "people": 12}]  # whoever has it, has it
    office.set_level(ORANGE)
    done = office.plan()
    assert (done.planned, done.rows()) == (12, [])
    office.now += timedelta(hours=1)
    assert office.plan().planned == 0


def test_without_a_tag_nothing_is_blocked(office: Office) -> None:
    campaign_id = office.world.campaign(hygiene())
    office.set_level(RED)
    assert office.plan().planned == 32
    assert office.read(blocked.of_campaign, campaign_id) == []
    assert not office.read(approvals.needs_two, campaign_id)


def test_the_bill_is_what_the_sender_then_sends_of_shared_phones_too(office: Office) -> None:
    share(office.world, office.world.member("+22376000001"), next(iter(office.world.phones)))  # of Kendié and Doucombo
    campaign_id = office.world.campaign(hygiene(tags=["cash"], **FR))
    office.set_level(RED)
    shown = office.read(bill.of_campaign, campaign_id)
    assert (shown.messages, shown.unserved()) == (20, {("fr", "risk"): 12})
    assert office.plan().planned == 20
    sender.send_due(office.here, office.now)
    assert office.states() == {"handed_over": 20}


def test_the_command_tells_it_before(office: Office) -> None:
    office.world.campaign(hygiene(tags=["distribution"], **FR))
    office.set_level(RED)
    settings = office.here.settings
    settings.key_path.write_text(office.here.keys.secret.hex())
    settings.key_path.chmod(0o600)
    environment = {"JEKULU_DATA": str(settings.data), "JEKULU_DATABASE": settings.database_url}
    done = CliRunner().invoke(
        wsgi.main, ["campaign", "cost", "hygiene-essai", "--now", office.now.isoformat(), "--json"], env=environment
    )
    assert done.exit_code == 0, done.output
    told = json.loads(done.stdout)
    assert (told["messages"], told["waiting"]) == (20, [{"language": "fr", "reason": "risk", "people": 12}])


# step, level of Doucombo, whether two approve
TWO = [
    ("an early warning", {"tags": ["warning"]}, GREEN, True),
    ("an alert", {"send_as": "alert", "tags": ["warning"]}, GREEN, True),
    ("money, in orange", {"tags": ["cash"]}, ORANGE, False),
    ("money, in red", {"tags": ["cash"]}, RED, True),
    ("a tip, in red", {}, RED, False),
    ("money for others, in red", {"tags": ["cash"], "audience": {"places": ["Kendié"]}}, RED, False),
]


@pytest.mark.parametrize("case", TWO, ids=[row[0] for row in TWO])
def test_what_takes_two_approvals(office: Office, case: tuple[str, dict[str, Any], RiskLevel, bool]) -> None:
    _label, step, level, two = case
    if level is not GREEN:
        office.set_level(level)
    campaign_id = office.world.campaign(hygiene(**step), start=False)
    assert office.read(approvals.needs_two, campaign_id) is two


def approve(office: Office, campaign_id: int, who: str) -> CampaignState:
    with office.here.db.write() as session:
        person = staff.by_email(session, f"{who}@essai.example")
        return life.approve(session, campaign_id, person, office.now).state


@pytest.fixture
def warning(office: Office) -> int:
    """A campaign that warns, its texts approved by others."""
    campaign_id = office.world.campaign(hygiene(tags=["warning"]), start=False)
    with office.here.db.write() as session:
        approve_texts(session, session.get_one(Campaign, campaign_id), office.now)
    return campaign_id


def test_two_approvers_one_after_the_other(office: Office, warning: int) -> None:
    assert approve(office, warning, "une") is CampaignState.DRAFT
    with pytest.raises(RefusedError, match="une autre personne"):
        approve(office, warning, "une")
    assert approve(office, warning, "deux") is CampaignState.APPROVED
    with office.here.db.read() as session:
        row = session.scalars(sa.select(Proposal)).one()
        assert (row.kind, row.accepted) == ("second_approval", True)
        assert session.get_one(Campaign, warning).approver_id == row.decided_by == office.person("deux").id


def test_a_first_approval_holds_for_exactly_what_was_there(office: Office, warning: int) -> None:
    assert approve(office, warning, "une") is CampaignState.DRAFT
    with office.here.db.write() as session:
        programme = session.get_one(Programme, office.world.programme_id)
        loading.load(session, programme, hygiene(tags=["warning"], hour="16:30"), office.now, {"all"})
    assert approve(office, warning, "deux") is CampaignState.DRAFT  # the first of the new one
    assert approve(office, warning, "une") is CampaignState.APPROVED


def test_a_request_for_a_second_yes_ends_when_one_is_enough(office: Office) -> None:
    office.set_level(RED)
    campaign_id = office.world.campaign(hygiene(tags=["cash"]), start=False)
    with office.here.db.write() as session:
        approve_texts(session, session.get_one(Campaign, campaign_id), office.now)
    assert approve(office, campaign_id, "une") is CampaignState.DRAFT
    office.set_level(GREEN)
    assert approve(office, campaign_id, "deux") is CampaignState.APPROVED
    with office.here.db.read() as session:
        assert proposals.open_about(session, proposals.CAMPAIGN, campaign_id) == []


def test_who_wrote_a_text_is_neither_of_the_two(office: Office, warning: int) -> None:
    with office.here.db.write() as session:
        session.execute(sa.update(Text).values(author_id=office.person("une").id))
    with pytest.raises(RefusedError, match="Vous avez écrit"):
        approve(office, warning, "une")
