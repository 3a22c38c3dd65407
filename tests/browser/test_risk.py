"""Scenario 7 in a browser: Doucombo set to red; tagged steps are blocked there with the reason, what waits is held."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from datetime import timedelta

import pytest
import sqlalchemy as sa
from playwright.sync_api import Page, expect

from campaigns import loading
from campaigns.definitions import Definition
from messaging import outbox, places
from messaging.clock import utc_now
from messaging.letters import measure
from messaging.models import Member, MemberPhone, Message, PausedPlace, Phone, Place, Programme, Proposal, Risk
from messaging.models.place import Level, RiskLevel
from messaging.models.post import Kind, State
from messaging.outbox import Letter
from messaging.rules import Reason
from tests.browser.conftest import Site

pytestmark = pytest.mark.browser

Open = Callable[..., Page]
CODE, PROGRAMME = "a-doucombo", "caisses-bandiagara"
SOON = (utc_now() + timedelta(days=20)).date().isoformat()
RISK = "Le niveau de risque de la commune ne le permet pas."


def step(tag: str, **more: object) -> dict[str, object]:
    words = {"sms": f"Vos droits ne changent pas ({tag}).", "read_aloud": "Vos droits ne changent pas."}
    return {
        "step": tag, "kind": "message", "when": {"date": SOON}, "hour": "17:30", "facts": ["HY3"], "tags": [tag],
        "facts_checked": "2026-11-01", "one_act": True, "texts": {"fr": words}, **more,
    }  # fmt: skip


DEFINITION = Definition.model_validate(
    {
        "campaign": CODE, "title": {"fr": "À Doucombo", "en": "To Doucombo"}, "topic": "hygiene", "pillar": "social",
        "audience": {"places": ["Doucombo"]}, "steps": [step("distribution"), step("cash"), step("agency")],
    }
)  # fmt: skip


@pytest.fixture
def doucombo(site: Site) -> Iterator[int]:
    """The real commune of invented people, with a campaign for it and one message on a distribution that waits."""
    now = utc_now()
    with site.here.db.write() as session:
        programme = session.scalars(sa.select(Programme).where(Programme.code == PROGRAMME)).one()
        loading.load(session, programme, DEFINITION, now)
        commune = session.scalars(sa.select(Place).where(Place.level == Level.COMMUNE, Place.name == "Doucombo")).one()
        member, phone, village = session.execute(one_of(commune.id)).first()
        letter = Letter(
            programme_id=programme.id, kind=Kind.CAMPAIGN, occurrence="once", step_id=-7, language_wanted="fr",
            language="fr", size=measure("Bonjour"), due_at=now + timedelta(days=1), body="Bonjour",
            useful_until=now + timedelta(days=2), tags=["distribution"],
        )  # fmt: skip
        outbox.put(session, letter, phone, now, member_id=member, village_id=village)
    yield commune.id
    with site.here.db.write() as session:  # the others share this demonstration, also when a test here failed
        if places.risk(session, commune.id, utc_now()) is not RiskLevel.GREEN:
            session.add(Risk(place_id=commune.id, level=RiskLevel.GREEN, since=utc_now()))
        session.execute(sa.delete(PausedPlace).where(PausedPlace.place_id == commune.id))
        session.execute(sa.delete(Proposal).where(Proposal.object == "place"))
        outbox.close_all(session, Message.step_id == -7, Reason.STALE, now)
        session.execute(sa.delete(Message).where(Message.step_id == -7))
        mine = Message.reason.in_(("risk", "paused_place"))
        session.execute(sa.update(Message).where(mine).values(state=State.WAITING, reason=None))


def one_of(commune: int) -> sa.Select[int, int, int]:
    """A member of a commune with a phone that may be written to."""
    below = places.villages_below([commune], utc_now().date())
    return (
        sa.select(Member.id, MemberPhone.phone_id, Member.village_id)
        .join(MemberPhone, MemberPhone.member_id == Member.id)
        .join(Phone, Phone.id == MemberPhone.phone_id)
        .where(Member.village_id.in_(below), Phone.opted_out_at.is_(None))
        .order_by(Member.id)
    )


def waiting(site: Site) -> tuple[State, str | None]:
    with site.here.db.read() as session:
        row = session.scalars(sa.select(Message).where(Message.step_id == -7)).one()
        return row.state, row.reason


def test_a_red_commune_blocks_what_is_tagged_and_holds_what_waits(sign_in: Open, site: Site, doucombo: int) -> None:
    coumba, here = sign_in("coumba"), f"/admin/{PROGRAMME}/people/communes/{doucombo}"
    coumba.goto(here)
    expect(coumba.locator("h1")).to_contain_text("Doucombo vert")
    coumba.get_by_role("radio", name="rouge").check()
    coumba.get_by_role("button", name="Relever le niveau").click()
    expect(coumba.locator("h1")).to_contain_text("Doucombo rouge")
    expect(coumba.get_by_role("status")).to_contain_text(re.compile(r"Niveau relevé : \d+ messages? retenus?"))
    expect(coumba.locator("section", has_text="Retenu ici maintenant")).to_contain_text(RISK)
    assert waiting(site) == (State.HELD, "risk")
    campaign = f"/admin/{PROGRAMME}/campaigns/{CODE}"
    for page in (campaign, f"{campaign}/cost"):
        coumba.goto(page)
        told = coumba.locator("main .notice.bad")
        expect(told.filter(has_text="Doucombo est rouge")).to_contain_text("« argent, distribution » n'y partent pas")
        expect(told.filter(has_text="nulle part")).to_contain_text("agence")
    expect(coumba.get_by_role("region", name="Une autre langue, ou rien")).to_contain_text(RISK)
    expect(coumba.get_by_text("Deux approbateurs")).to_be_visible()
    lowered(sign_in, coumba, here)
    assert waiting(site) == (State.WAITING, None)
    coumba.goto(campaign)
    expect(coumba.get_by_text("est rouge")).to_have_count(0)


def lowered(sign_in: Open, coumba: Page, here: str) -> None:
    """Two people put it back: one asks, the other accepts."""
    aminata = sign_in("aminata")
    aminata.goto(here)
    aminata.get_by_role("radio", name="vert").check()
    aminata.get_by_role("button", name="Demander à baisser").click()
    expect(aminata.get_by_text("Une autre personne décide")).to_be_visible()
    expect(aminata.get_by_role("button", name="Accepter")).to_have_count(0)
    coumba.goto(here)
    coumba.get_by_role("button", name="Accepter").click()
    expect(coumba.locator("h1")).to_contain_text("Doucombo vert")


def test_one_button_pauses_a_commune_and_two_people_lift_it(sign_in: Open, site: Site, doucombo: int) -> None:
    aminata, coumba = sign_in("aminata", viewport={"width": 360, "height": 740}), sign_in("coumba")
    here = f"/admin/{PROGRAMME}/people/communes/{doucombo}"
    aminata.goto(here)
    aminata.get_by_role("button", name="Mettre la commune en pause").click()
    expect(aminata.locator("h1")).to_contain_text("en pause")
    assert waiting(site) == (State.HELD, "paused_place")
    aminata.get_by_role("radio", name="laisser partir").check()
    aminata.get_by_role("button", name="Demander à lever la pause").click()
    coumba.goto(here)
    expect(coumba.locator("section", has_text="Demande : lever la pause")).to_contain_text("encore utiles")
    coumba.get_by_role("button", name="Accepter").click()
    expect(coumba.locator("h1")).not_to_contain_text("en pause")
    assert waiting(site) == (State.WAITING, None)
