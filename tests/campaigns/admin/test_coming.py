"""The pages of the calendar, of what the weeks cost, and of a programme's rules."""

from __future__ import annotations

import gzip
import html
import re
from collections.abc import Callable
from datetime import date, timedelta

import pytest
import sqlalchemy as sa

from campaigns import planner
from campaigns.admin.weeks import cost_of_week
from campaigns.definitions import Definition
from campaigns.week import monday_of
from messaging import programmes
from messaging.clock import local
from messaging.models import Audit, Cap, Chain, Message, Programme, StopWord
from messaging.models.post import State
from tests.campaigns.admin.conftest import Browser
from tests.world import World, hygiene

Browse = Callable[[str], Browser]
CALENDAR = "/admin/essai/campaigns/calendar"
RULES = "/admin/essai/programme"


def monday(world: World) -> date:
    return monday_of(local(world.now, "Africa/Bamako").date())


def weekly(world: World, code: str, hour: str, start: bool = True) -> None:
    """A campaign that writes every day of the week after this one."""
    days = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
    world.campaign(
        hygiene(when={"weekly": days}, hour=hour).model_copy(update={"campaign": code, "title": title(code)}),
        start=start,
    )


def title(code: str) -> object:
    return Definition.model_validate(
        {**hygiene().model_dump(mode="json"), "title": {"fr": f"Campagne {code}", "en": f"Campaign {code}"}}
    ).title


def test_a_week_shows_its_sends_with_volumes_and_cost_beside_the_budget(editor: Browser, office: World) -> None:
    weekly(office, "quotidien", "17:30")
    with office.db.write() as session:
        programme = session.get_one(Programme, office.programme_id)
        month = monday(office) + timedelta(days=7)
        programmes.change(session, programme, office.now, budgets=[f"{month:%Y-%m}=500000"])
    later = monday(office) + timedelta(days=7)
    page = editor.read(f"{CALENDAR}?week={later}&full=1")
    assert page.count("Campagne quotidien · mains") >= 7
    assert "17:30" in page
    assert "à venir" in page
    assert "500\u202f000\u00a0XOF" in page or "500\u202f000 XOF" in page
    assert "Aucun plafond n'est réglé" in page
    assert "Si la campagne démarre" not in page or "hygiene" in page


def test_counts_come_with_a_second_request_and_are_kept(editor: Browser, office: World) -> None:
    weekly(office, "quotidien", "17:30")
    later = monday(office) + timedelta(days=7)
    first = editor.read(f"{CALENDAR}?week={later}")
    assert "pas encore compté" in first
    assert f'hx-get="/admin/essai/campaigns/calendar?week={later}&full=1"' in first
    assert f'<a href="/admin/essai/campaigns/calendar?week={later}&full=1">' in first  # without JavaScript
    full = editor.read(f"{CALENDAR}?week={later}&full=1")
    assert "pas encore compté" not in full
    assert "hx-get" not in full
    assert "pas encore compté" not in editor.read(f"{CALENDAR}?week={later}")


def test_what_is_noted_or_comes_in_makes_the_counts_anew(editor: Browser, office: World) -> None:
    weekly(office, "quotidien", "17:30")
    later = monday(office) + timedelta(days=7)
    editor.read(f"{CALENDAR}?week={later}&full=1")
    with office.db.write() as session:
        programmes.change(session, session.get_one(Programme, office.programme_id), office.now, chains=["bm=fr"])
    assert "pas encore compté" in editor.read(f"{CALENDAR}?week={later}")


def test_conflicts_and_caps_are_named(editor: Browser, office: World) -> None:
    weekly(office, "matin", "09:00")
    weekly(office, "soir", "17:30")
    with office.db.write() as session:
        session.merge(Cap(kind="campaign", per_day=1))
    later = monday(office) + timedelta(days=7)
    page = re.sub(r"<[^>]+>|\s+", " ", editor.read(f"{CALENDAR}?week={later}&full=1"))
    page = re.sub(r"\s+", " ", page)
    assert "1 message par jour" in page
    assert "téléphones ont déjà leur nombre" in page or "téléphone a déjà son nombre" in page
    assert "D'abord Campagne matin · mains (campagne, 09:00), puis Campagne soir · mains (campagne, 17:30)" in page
    assert "Le plafond fait attendre le second" in page


def test_planned_messages_stand_with_their_state(editor: Browser, office: World) -> None:
    day = local(office.now, "Africa/Bamako")
    office.campaign(
        hygiene(when={"date": day.date().isoformat()}, hour="00:00").model_copy(update={"campaign": "jour"})
    )
    planner.plan(office.db, office.now, timedelta(minutes=15))
    with office.db.write() as session:
        first = session.scalars(sa.select(Message).where(Message.occurrence == "once")).first()
        assert first is not None
        first.state, first.reason = State.HELD, "quarantine"
    page = editor.read(CALENDAR)
    assert "1 retenu : Numéro mis en quarantaine." in page
    assert "en attente" in page


@pytest.mark.parametrize("given", ["", "rien", "2026-99-99", "0001-01-01", "9999-12-31"])
def test_an_address_that_names_no_week_shows_this_one(editor: Browser, office: World, given: str) -> None:
    page = editor.get(f"{CALENDAR}?week={given}")
    assert page.status_code == 200
    assert f'id="d{monday(office)}"' in page.text


def test_the_calendar_stays_small_and_shows_no_number(editor: Browser, office: World) -> None:
    for count in range(6):
        weekly(office, f"campagne-{count}", "17:30")
    later = monday(office) + timedelta(days=7)
    page = editor.get(f"{CALENDAR}?week={later}&full=1")
    assert len(gzip.compress(page.data)) < 8 * 1024
    for number in office.phones:
        assert number[-8:] not in page.text


def test_results_say_what_the_weeks_cost(editor: Browser, office: World) -> None:
    last = monday(office) - timedelta(days=7)
    at = office.now.replace(year=last.year, month=last.month, day=last.day)
    with office.db.write() as session:
        session.execute(
            sa.update(Message)
            .where(Message.handed_over_at.is_not(None))
            .values(due_at=at, handed_over_at=at, price_micros=10_500_000, segments=2, step_id=1)
        )
    with office.db.read() as session:
        programme = session.get_one(Programme, office.programme_id)
        assert cost_of_week(session, programme, last) == (21, 4)
        assert cost_of_week(session, programme, last - timedelta(days=7)) == (0, 0)
    page = re.sub(r"<[^>]+>|\s+", " ", editor.read("/admin/essai/results/weeks"))
    page = re.sub(r"\s+", " ", page)
    assert "Coût de la semaine dernière 21 XOF 4 SMS facturés" in page
    assert "Par campagne" in page
    assert "Mains propres" in page


FORMS = [
    # who, form, what is sent, status, what the page then says
    ("approver", "budget", {"month": "2027-01", "sum": "500 000"}, 303, ""),
    ("administrator", "budget", {"month": "2027-01", "sum": ""}, 303, ""),
    ("approver", "budget", {"month": "2027-01", "sum": "beaucoup"}, 400, "n'est pas une somme"),
    ("approver", "budget", {"month": "", "sum": "500"}, 400, "n'est pas le budget d'un mois"),
    ("editor", "budget", {"month": "2027-01", "sum": "1"}, 403, ""),
    ("approver", "fallback", {"language": "bm", "chain": "fr"}, 303, ""),
    ("approver", "fallback", {"language": "bm", "chain": "klingon"}, 400, "Langue inconnue : klingon"),
    ("officer", "fallback", {"language": "bm", "chain": "fr"}, 403, ""),
    ("approver", "stop-word", {"word": "a banna", "word_language": "bm"}, 303, ""),
    ("approver", "stop-word", {"word": "OUI", "word_language": ""}, 400, "dit autre chose"),
    ("approver", "stop-word", {"word": "arrêt", "word_language": ""}, 400, "dit déjà STOP"),
    ("approver", "stop-word", {"word": "12", "word_language": ""}, 400, "ne peut pas dire STOP"),
    ("administrator", "stop-word", {"word": "fini", "word_language": ""}, 403, ""),
]  # fmt: skip


@pytest.mark.parametrize(("who", "form", "sent", "status", "says"), FORMS)
def test_rules_change_for_whom_it_is_and_lose_nothing_typed(
    browse: Browse, office: World, who: str, form: str, sent: dict[str, str], status: int, says: str
) -> None:
    browser = browse(who)
    answer = browser.post(f"{RULES}/{form}", **sent)
    assert answer.status_code == status
    with office.db.read() as session:
        changed = sa.select(Audit).where(Audit.actor.startswith("staff:"), Audit.action == "changed")
        added = sa.select(Audit).where(Audit.object == "stop_word")
        noted = [*session.scalars(changed), *session.scalars(added)]
    assert len(noted) == (1 if status == 303 else 0)
    if status == 400:
        page = html.unescape(answer.text)
        assert says in page
        for value in sent.values():
            assert not value.strip() or f'value="{value}"' in page


def test_a_budget_of_the_page_is_shown_and_noted_with_before_and_after(browse: Browse, office: World) -> None:
    browser = browse("approver")
    month = f"{local(office.now, 'Africa/Bamako'):%Y-%m}"
    browser.post(f"{RULES}/budget", month=month, sum="500 000")
    browser.post(f"{RULES}/budget", month=month, sum="600000")
    assert "600\u202f000" in browser.read(RULES)
    with office.db.read() as session:
        last = session.scalars(sa.select(Audit).where(Audit.object == "programme").order_by(Audit.id.desc())).first()
    assert last is not None
    assert "500000" in str(last.before)
    assert "600000" in str(last.after)


def test_the_page_shows_every_rule_in_words(browse: Browse, office: World) -> None:
    with office.db.write() as session:
        programmes.add_rules(session)
        session.merge(Chain(programme_id=office.programme_id, language="bm", falls_to=["fr"]))
        session.add(StopWord(word="a banna", language="bm"))
        session.merge(Cap(kind="campaign", per_week=3))
    office.hours("08:00-11:30")
    page = browse("auditor").read(RULES)
    for word in ("Bambara", "ouvert 08:00–11:30", "chaque jour", "arret", "a banna (Bambara)", "bloqué"):
        assert word in page, word
    assert "<form" not in page.split("<main")[1].split("</main>")[0]  # she changes nothing here
