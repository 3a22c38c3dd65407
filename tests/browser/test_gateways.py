"""A gateway is paused and goes on, and what nobody knows is settled: by hand, in both languages, by the keyboard."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta

import pytest
import sqlalchemy as sa
from playwright.sync_api import Page, expect

from messaging.clock import utc_now
from messaging.gateways import exchanges
from messaging.gateways.exchanges import Exchange
from messaging.models import Alarm, Attempt, Gateway, Message, Programme
from messaging.models.post import AttemptState, Kind, State
from tests.browser.looks import violations
from tests.browser.running import PROGRAMME, Site

pytestmark = pytest.mark.browser

Open = Callable[..., Page]
GATEWAYS, UNCLEAR = f"/admin/{PROGRAMME}/gateways", f"/admin/{PROGRAMME}/unclear"
SPARE = "relais"


@pytest.fixture
def spare(site: Site) -> Iterator[int]:
    """A gateway that carries nothing, in trouble; the site is left as it was."""
    row = Gateway(
        name=SPARE, adapter="simulator", sender="36200", prefixes=["+2239"], kinds=["service"], position=98,
        paused_at=utc_now(), paused_reason="SMSC link down", paused_itself=True, trouble="no SMSC link",
        checked_at=utc_now(), ease=0.25, eased_at=utc_now(), receives=False,
    )  # fmt: skip
    with site.here.db.write() as session:
        session.add(row)
    yield row.id
    with site.here.db.write() as session:
        session.execute(sa.delete(Alarm).where(Alarm.about == SPARE))
        session.execute(sa.delete(Gateway).where(Gateway.id == row.id))


@pytest.fixture
def parked(site: Site, spare: int) -> Iterator[int]:
    """A message of which nobody knows whether the spare gateway took it; it is given back its own story."""
    programme = sa.select(Programme.id).where(Programme.code == PROGRAMME).scalar_subquery()
    query = (
        sa.select(Message)
        .join(Attempt, Attempt.message_id == Message.id)
        .where(Message.programme_id == programme, Message.kind == Kind.CAMPAIGN, Message.state == State.CLOSED)
        .order_by(Message.id)
    )
    with site.here.db.write() as session:
        message = session.scalars(query).first()
        assert message is not None
        before = {
            name: getattr(message, name) for name in ("state", "reason", "delivery", "gateway_id", "useful_until")
        }
        before["closed_at"], ident = message.closed_at, message.id
        message.state, message.reason, message.delivery, message.closed_at = State.HELD, "unknown", None, None
        message.gateway_id, message.useful_until = spare, utc_now() + timedelta(days=1)
        now = utc_now()
        session.add(
            Attempt(id="unclear", message_id=ident, gateway_id=spare, state=AttemptState.UNKNOWN, started_at=now)
        )
    yield ident
    with site.here.db.write() as session:
        session.execute(sa.delete(Attempt).where(Attempt.id == "unclear"))
        session.execute(sa.update(Message).where(Message.id == ident).values(**before))


@pytest.mark.parametrize(("language", "go_on"), [("fr", "Reprendre"), ("en", "Resume")])
def test_a_gateway_goes_on_and_is_paused_by_the_keyboard(
    sign_in: Open, site: Site, spare: int, language: str, go_on: str
) -> None:
    page = sign_in("aminata", language)
    log = exchanges.Log(site.here.settings.data)
    log.note(Exchange(SPARE, "send", 12.0, "503", "no_link"))
    log.close()
    page.goto(GATEWAYS)
    page.locator("main summary").first.press("Enter")
    expect(page.get_by_text("no_link").first).to_be_visible()
    assert not violations(page)
    card = page.locator(".card", has=page.get_by_role("heading", name=SPARE))
    card.get_by_role("button", name=f"{go_on} {SPARE}").press("Enter")
    expect(card.locator(".badge.running")).to_be_visible()
    expect(page.locator(".notice.good")).to_be_visible()
    card.locator("[name=reason]").fill("Nouvelle carte SIM")
    card.locator("[name=reason]").press("Enter")
    expect(card.locator(".badge.paused")).to_be_visible()
    expect(card).to_contain_text("Nouvelle carte SIM")
    with site.here.db.read() as session:
        row = session.get_one(Gateway, spare)
        assert (row.paused_reason, row.paused_itself) == ("Nouvelle carte SIM", False)


@pytest.mark.parametrize("language", ["fr", "en"])
def test_what_nobody_knows_is_settled_by_the_keyboard(sign_in: Open, site: Site, parked: int, language: str) -> None:
    page = sign_in("coumba", language)
    page.goto(UNCLEAR)
    assert not violations(page)
    page.get_by_label(str(parked)).press("Space")
    page.get_by_label(str(parked)).press("Enter")  # decides nothing: neither button was meant
    expect(page.get_by_role("alert")).to_be_visible()
    expect(page.get_by_label(str(parked))).to_be_checked()
    page.locator("button[value=close]").press("Enter")
    expect(page.locator(".notice.good")).to_be_visible()
    expect(page.get_by_label(str(parked))).to_have_count(0)
    with site.here.db.read() as session:
        row = session.get_one(Message, parked)
        assert (row.state, row.reason) == (State.CLOSED, "unknown")
