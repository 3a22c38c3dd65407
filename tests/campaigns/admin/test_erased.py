"""A phone whose number was erased, on the pages: what is gone is said to be gone, and nothing breaks."""

from __future__ import annotations

import html
from collections.abc import Callable
from datetime import timedelta

import pytest

from campaigns import erasure
from messaging import inbox
from messaging.gateways.protocol import Arrival
from messaging.models import Gateway, Inbound, MemberPhone, Phone
from messaging.models.people import Ownership
from messaging.models.post import InboundState
from tests.campaigns.admin.conftest import Browser
from tests.world import World

Browse = Callable[[str], Browser]
PAGE = "/admin/essai/people/phones"
AWA = "+22376000011"
WHY = "elle a appelé du village"


@pytest.fixture
def erased(office: World) -> World:
    """Awa wrote, was erased, and a sister of hers was put on the same phone since, by an import."""
    with office.db.write() as session:
        arrival = Arrival("sms-1", AWA, "je suis Awa", office.now, "d")
        ident = inbox.store(session, session.get_one(Gateway, 1), arrival)
        row = session.get_one(Inbound, ident)
        row.state, row.intent, row.category, row.sorted_as = InboundState.HANDLED, "feedback", "thanks", "thanks"
        phone = session.get_one(Phone, office.phones[AWA])
        erasure.erase(session, phone, office.now + timedelta(hours=1))
        sister = office.members[-1]
        session.add(MemberPhone(member_id=sister, phone_id=phone.id, ownership=Ownership.SPOUSE))
    return office


def test_the_page_of_the_phone_shows_no_digits(browse: Browse, erased: World) -> None:
    page = browse("officer").get(f"{PAGE}/{erased.phones[AWA]}")
    assert page.status_code == 200
    assert "numéro finissant par" not in page.text
    assert "STOP" in page.text


def test_the_number_cannot_be_shown(browse: Browse, erased: World) -> None:
    answer = browse("officer").post(f"{PAGE}/{erased.phones[AWA]}", PAGE, do="number", reason=WHY)
    assert answer.status_code == 400
    assert "Ce numéro a été effacé." in html.unescape(answer.text)


def test_the_conversation_says_that_its_words_are_gone(browse: Browse, erased: World) -> None:
    answer = browse("officer").post(f"{PAGE}/{erased.phones[AWA]}", PAGE, do="talk", reason=WHY)
    assert answer.status_code == 200
    assert "texte effacé" in html.unescape(answer.text)
    assert "je suis Awa" not in answer.text
