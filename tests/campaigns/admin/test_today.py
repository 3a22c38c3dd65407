"""Today: what waits for each role, the most urgent first, each line a link that lands where it is dealt with."""

from __future__ import annotations

import html
import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from campaigns.models import Feedback
from messaging import budget, communes, restored, staff
from messaging.clock import utc_now
from messaging.models import Gateway, Inbound, Mark, Message, Programme, StaffProgramme
from messaging.models.place import RiskLevel
from tests.campaigns.admin.conftest import Browser, account, approve_all
from tests.land import commune
from tests.world import World

Browse = Callable[[str], Browser]
LINE = re.compile(r'<li(?: class="haste")?><span><a href="([^"]+)">(.*?)</a>(.*?)</li>', re.DOTALL)


def lines(browser: Browser) -> dict[str, tuple[str, str]]:
    """The lines of Today in their order: words -> (address, what stands beside)."""
    page = browser.get("/admin/").text.split("D&#39;un coup")[0].split("D'un coup")[0]
    found = {}
    for href, words, beside in LINE.findall(page):
        text = re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", html.unescape(beside))).strip()
        found[html.unescape(words)] = (html.unescape(href), text)
    return found


def test_officer_finds_sms_to_sort_and_to_verify(browse: Browse, office: World) -> None:
    officer = browse("officer")
    found = lines(officer)
    assert list(found)[:2] == ["SMS à vérifier : ils peuvent être sensibles", "SMS à trier"]
    assert found["SMS à trier"] == ("/admin/essai/messages?view=waiting", "1")
    assert "Merci, mon numéro" in officer.get(found["SMS à trier"][0]).text
    assert "a bɛ di" in officer.get(found["SMS à vérifier : ils peuvent être sensibles"][0]).text


def test_what_waits_too_long_comes_first(browse: Browse, office: World) -> None:
    with office.db.write() as session:
        session.execute(sa.update(Inbound).values(received_at=office.now - timedelta(days=8), maybe_sensitive=False))
        session.execute(sa.update(Inbound).where(Inbound.text.startswith("a bɛ")).values(category="question"))
    found = lines(browse("officer"))
    assert next(iter(found)) == "SMS à trier"
    assert found["SMS à trier"][1] == "dont 1 depuis trois jours ouvrables 2"  # thanks have no clock


def test_focal_point_is_led_to_her_own_and_others_see_a_figure(browse: Browse, office: World) -> None:
    with office.db.write() as session:
        session.execute(sa.update(Inbound).values(received_at=office.now - timedelta(hours=25)))
        one = session.scalars(sa.select(Inbound).where(Inbound.intent == "sensitive")).one()
        session.add(Feedback(
            programme_id=office.programme_id, inbound_id=one.id, phone_id=one.phone_id, category="sensitive_fraud",
            told_at=one.received_at,
        ))  # fmt: skip
    focal = browse("focal_point")
    assert lines(focal)["Messages sensibles de votre catégorie"] == ("/admin/essai/messages/sensitive", "1 en retard 1")
    for who in ("officer", "editor", "administrator"):
        other = browse(who)
        assert "Messages sensibles de votre catégorie" not in lines(other)
        assert re.search(r"messages sensibles, 30 jours</dt><dd>1<", other.read("/admin/")), who


def test_approver_finds_texts_campaigns_and_proposals(browse: Browse, office: World) -> None:
    place = commune(office, "Doucombo")
    account(office, "second_approver"), account(office, "approver")
    with office.db.write() as session:
        asking = staff.by_email(session, "second_approver@essai.example").id
        communes.raise_level(session, place, RiskLevel.RED, asking, utc_now())
        communes.ask_to_lower(session, place, RiskLevel.GREEN, asking, utc_now(), office.programme_id)
        communes.pause(session, place, asking, utc_now())
    approver = browse("approver")
    found = lines(approver)
    asked = "Demande à décider : baisser le niveau de risque de Doucombo"
    assert found[asked][0] == f"/admin/essai/people/communes/{place}"
    assert "La commune Doucombo est en pause." in found
    assert asked not in lines(browse("second_approver"))  # who asked does not decide
    assert not any(words.startswith("Campagne à approuver") for words in found)
    approve_all(office)
    ready = [words for words in lines(approver) if words.startswith("Campagne à approuver")]
    assert len(ready) == 1
    for href, _beside in lines(approver).values():
        assert approver.get(href).status_code == 200, href


def test_pauses_budget_clubs_and_villages_are_told(browse: Browse, office: World) -> None:
    place = commune(office, "Doucombo")
    now = utc_now()
    with office.db.write() as session:
        session.execute(sa.update(Gateway).values(paused_at=now, paused_reason="crédit épuisé"))
        budget.set_limit(session, office.programme_id, budget.month_of(now), 1_000_000)
        budget.charge(session, office.programme_id, now, 850_000)
        budget.reserve(session, office.programme_id, now, 850_000)
    editor = browse("editor")
    found = lines(editor)
    assert found["La passerelle simulator est en pause."][1] == "crédit épuisé"
    assert "Budget du mois : 85 % dépensés ou réservés" in found
    assert found["Villages sans contact ce mois"] == ("/admin/essai/people?quiet=1", "1")
    for href, _beside in found.values():
        assert editor.get(href).status_code == 200, href
    assert place


def test_held_messages_lead_to_their_own_list(browse: Browse) -> None:
    editor = browse("editor")
    href, beside = lines(editor)["Numéro mis en quarantaine."]
    assert beside == "1"
    assert editor.get(href).text.count("<tr>") == 2


def test_a_restore_that_nobody_settled_is_told_with_its_commands(browse: Browse, office: World) -> None:
    since, until = datetime(2026, 3, 11, 1, 30, tzinfo=UTC), datetime(2026, 3, 12, 9, 5, tzinfo=UTC)
    with office.db.write() as session:
        session.add(Mark(name=restored.MARK, value=restored.Gap(since, until).text()))
        session.execute(sa.update(Message).where(Message.state == "held").values(reason="restored"))
    said = "La sauvegarde du 11 mars, 01h30 a été restaurée le 12 mars, 09h05"
    for who in ("officer", "administrator"):
        page = re.sub("<[^>]+>", " ", browse(who).read("/admin/"))
        assert said in page, who
        assert "lancez jekulu restored --left." in page and "lancez jekulu restored --unsent." in page
    assert re.search(rf"{said}.*?--unsent.*?class=\"count\">1<", browse("officer").read("/admin/"), re.DOTALL)
    assert said not in browse("editor").read("/admin/")
    administrator = browse("administrator")
    administrator.post("/admin/settings", language="en")
    assert "The backup of 11 Mar, 01:30 was restored on 12 Mar, 09:05" in administrator.read("/admin/")


@pytest.mark.parametrize("settle", [restored.close_left, restored.let_go], ids=["it had left", "nothing had left"])
def test_a_settled_restore_is_told_no_more(
    browse: Browse, office: World, settle: Callable[[Session, datetime], int]
) -> None:
    with office.db.write() as session:
        session.add(Mark(name=restored.MARK, value=restored.Gap(office.now - timedelta(days=1), office.now).text()))
        session.flush()
        settle(session, office.now)
    assert "a été restaurée" not in browse("administrator").read("/admin/")


def test_nothing_to_do_is_said_calmly(browse: Browse, office: World) -> None:
    with office.db.write() as session:
        session.execute(sa.text("DELETE FROM message"))
    page = browse("evaluation").read("/admin/")
    assert "Rien ne vous attend : tout est à jour." in page
    assert "SMS à trier" not in page


def test_with_two_programmes_each_line_names_its_own(browse: Browse, office: World, other: World) -> None:
    officer = browse("officer")
    assert lines(officer)["SMS à trier"][1] == "1"
    with office.db.write() as session:
        person = staff.by_email(session, "officer@essai.example")
        session.add(StaffProgramme(staff_id=person.id, programme_id=other.programme_id))
        session.execute(sa.update(Programme).where(Programme.id == other.programme_id).values(name_fr="Autre"))
    assert lines(officer)["SMS à trier"][1] == "Essai 1"


@pytest.mark.parametrize("who", ["editor", "officer", "approver", "administrator", "auditor", "evaluation"])
def test_cost_of_last_week_is_one_click_away(browse: Browse, who: str) -> None:
    page = browse(who).read("/admin/")
    assert '<a href="/admin/essai/results/weeks">coût de la semaine dernière</a>' in page
