"""The page of money: who sees it, an invoice typed in, and what was typed when it is refused."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
import sqlalchemy as sa

from messaging import staff
from messaging.clock import utc_now
from messaging.models import Attempt, Message, StaffPlace
from messaging.models.post import AttemptState
from tests.campaigns.admin.conftest import Browser
from tests.world import World

PAGE = "/admin/essai/results/money"
Browse = Callable[[str], Browser]


@pytest.fixture
def taken(office: World) -> World:
    """One SMS was taken by a gateway."""
    with office.db.write() as session:
        message = session.scalars(sa.select(Message).order_by(Message.id)).first()
        assert message is not None
        session.add(
            Attempt(id="a", message_id=message.id, gateway_id=1, state=AttemptState.ACCEPTED, started_at=utc_now())
        )
    return office


def test_an_invoice_is_typed_and_stands_beside_our_count(browse: Browse, taken: World) -> None:
    month = f"{utc_now():%Y-%m}"
    typed = {"gateway": "1", "month": month, "amount": "1 250", "segments": "", "note": "F-12"}
    evaluation = browse("evaluation")
    assert "Noter une facture" in evaluation.read(PAGE)
    assert evaluation.post(PAGE, PAGE, **typed).status_code == 303
    assert "F-12" in evaluation.read(PAGE)
    assert "facture notée" in browse("auditor").read("/admin/audit?what=invoice")
    assert "Noter une facture" not in browse("auditor").read(PAGE)
    for wrong in ({"amount": "beaucoup"}, {"month": "2020-01"}, {"gateway": "99"}, {"segments": "-3"}):
        answer = evaluation.post(PAGE, PAGE, **{**typed, **wrong, "note": "ce que j'ai écrit"})
        assert answer.status_code == 400, wrong
        assert "ce que j&#39;ai écrit" in answer.text, wrong
    assert evaluation.post(PAGE, PAGE, **typed).status_code == 303


def test_who_may_not(browse: Browse, taken: World) -> None:
    for who in ("editor", "officer"):
        assert browse(who).get(PAGE).status_code == 403, who
    assert browse("auditor").post(PAGE, PAGE, amount="1").status_code == 403


def test_a_gateway_is_not_told_to_accounts_of_some_places(browse: Browse, taken: World) -> None:
    """Its counts and its invoice are of all places and programmes."""
    evaluation = browse("evaluation")
    with taken.db.write() as session:
        person = staff.by_email(session, "evaluation@essai.example")
        session.add(StaffPlace(staff_id=person.id, place_id=taken.village_id))
    assert evaluation.get(PAGE).status_code == 404
    assert evaluation.post(PAGE, "/admin/settings", gateway="1", amount="1").status_code == 404
    assert "results/money" not in evaluation.read("/admin/essai/results")


def test_months_without_an_sms(browse: Browse, taken: World) -> None:
    long_ago = (utc_now() - timedelta(days=900)).date()
    assert "Aucun SMS n'est parti" in browse("evaluation").read(f"{PAGE}?from={long_ago}&to={long_ago}")
