"""The pages of cases: whose they are, the clock, answering with the counter, calls, referrals, two at once."""

from __future__ import annotations

import html
import re
from collections.abc import Callable
from datetime import timedelta

import pytest
import sqlalchemy as sa
from werkzeug.test import TestResponse

from campaigns import caseload
from campaigns.models import Feedback
from messaging import people, staff
from messaging.models import (
    Audit,
    Inbound,
    Member,
    Message,
    Pending,
    Phone,
    Place,
    PlaceParent,
    Role,
    StaffPlace,
)
from messaging.models.place import Level
from messaging.models.post import InboundState
from messaging.places import folded
from tests.campaigns.admin.conftest import ACCOUNTS, Browser
from tests.world import World

Browse = Callable[[str], Browser]
CASES = "/admin/essai/cases"
SAID = "Les semences promises ne sont pas la"
AWA = "+22376000011"


def filed(world: World, category: str = "complaint_minor", text: str = SAID, hours: int = 1, **more: object) -> str:
    """A case of the member's phone, as the conversation leaves it; gives its address."""
    sensitive = category.removeprefix("sensitive_") if category.startswith("sensitive_") else None
    with world.db.write() as session:
        number = session.scalar(sa.select(sa.func.count(Inbound.id))) or 0
        at = world.now - timedelta(hours=hours)
        row = Inbound(
            gateway_id=1, dedupe_key=f"c{number}", text=text, phone_id=world.phones[AWA], received_at=at, next_at=at,
            digest=str(number), state=InboundState.HANDLED, role="member",
            intent="sensitive" if sensitive else "feedback", category=sensitive or category,
            maybe_sensitive=bool(sensitive),
        )  # fmt: skip
        session.add(row)
        session.flush()
        case = Feedback(
            programme_id=world.programme_id, inbound_id=row.id, phone_id=row.phone_id, category=category, told_at=at,
            **more,
        )  # fmt: skip
        session.add(case)
        session.flush()
        return f"{CASES}/{case.id}"


def stored(world: World, page: str) -> Feedback:
    """The case of an address."""
    with world.db.read() as session:
        return session.get_one(Feedback, int(page.rpartition("/")[2]))


def do(browser: Browser, page: str, act: str, **form: object) -> TestResponse:
    """Press a button of the page as it stands now."""
    seen = re.search(r'name="seen" value="([^"]+)"', browser.get(page).text)
    return browser.post(page, page, do=act, **{"seen": seen[1] if seen else "", **form})


def words(page: str) -> str:
    """What a page shows without the choices of its forms."""
    return html.unescape(re.sub(r"<select.*?</select>", "", page, flags=re.DOTALL))


def test_cases_stand_by_their_clocks_and_are_found_by_what_they_are(browse: Browse, office: World) -> None:
    filed(office, hours=24 * 8)
    filed(office, "question", "Quand passe la radio ?", hours=1, sorted_at=office.now)
    filed(office, "assistance_request", "Il faut un puits", hours=24 * 40, closed_at=office.now, satisfied=True)
    officer = browse("officer")
    late = officer.read(CASES)
    assert SAID in late, "the late ones first"
    assert "Quand passe" not in late
    assert "Quand passe" in officer.read(f"{CASES}?view=calm")
    assert "clos : la personne est satisfaite" in officer.read(f"{CASES}?view=closed")
    assert SAID not in words(officer.read(f"{CASES}?view=late&category=question"))
    assert SAID not in words(officer.read(f"{CASES}?view=late&mine=1"))


WHO = [
    ("an officer works on it", "officer", 200, True),
    ("a focal point has nothing to do with it", "focal_point", 404, False),
    ("nor has an approver, before the second NON", "approver", 404, False),
    ("nor the auditor", "auditor", 404, False),
    ("nor an editor", "editor", 403, False),
    ("nor an evaluator", "evaluation", 403, False),
    ("nor an administrator", "administrator", 403, False),
]


@pytest.mark.parametrize(("who", "status", "reads"), [row[1:] for row in WHO], ids=[row[0] for row in WHO])
def test_who_opens_an_ordinary_case(browse: Browse, office: World, who: str, status: int, reads: bool) -> None:
    page = filed(office)
    browser = browse(who)
    assert browser.get(page).status_code == status
    assert (SAID in browser.read(page)) is reads
    assert do(browser, page, "take").status_code == (303 if reads else status)


def test_the_second_no_is_the_approvers_who_reads_no_sms(browse: Browse, office: World) -> None:
    page = filed(office, reopened=2, taken_at=office.now)
    approver = browse("approver")
    shown = approver.read(page)
    assert "deux fois NON : au superviseur" in shown
    assert "Le texte est réservé à l'agent de suivi." in shown
    assert SAID not in shown + approver.read(f"{CASES}?view=calm")
    assert page in approver.get("/admin/").text
    assert do(approver, page, "answer", words="Bonjour", language="fr").status_code == 403
    assert do(approver, page, "refer", body="Mairie").status_code == 303
    assert do(approver, page, "close").status_code == 303


def test_of_a_complaint_about_data_the_auditor_sees_that_it_is(browse: Browse, office: World) -> None:
    page = filed(office, "data_optout", "Effacez mon nom")
    auditor = browse("auditor")
    assert "plainte : données" in auditor.read(page)
    assert "Effacez" not in auditor.read(page) + auditor.read(f"{CASES}?view=calm")
    assert do(auditor, page, "take").status_code == 403


def test_a_case_of_another_place_is_not_there(browse: Browse, office: World) -> None:
    page = filed(office)
    officer = browse("officer")
    with office.db.write() as session:
        far = Place(level=Level.VILLAGE, name="Loin", folded=folded("Loin"), sms_name="Loin", languages=["fr"])
        session.add(far)
        session.flush()
        person = staff.by_email(session, "officer@essai.example")
        session.add(StaffPlace(staff_id=person.id, place_id=far.id))
    assert officer.get(page).status_code == 404
    assert officer.post(page, do="take").status_code == 404
    assert SAID not in officer.read(f"{CASES}?view=calm")


def test_an_answer_leaves_and_the_question_follows(browse: Browse, office: World) -> None:
    page = filed(office)
    officer = browse("officer")
    answer = do(officer, page, "answer", words="Les semences arrivent lundi à la fête.", language="fr")
    assert "Un second SMS demande si la personne est satisfaite." in officer.read(answer.headers["Location"])
    with office.db.read() as session:
        rows = session.scalars(sa.select(Message).where(Message.occurrence.startswith("case:")).order_by(Message.id))
        bodies = [row.body for row in rows]
        assert session.get_one(Pending, office.phones[AWA]).kind == "case_closed"
    assert bodies[0] == "Les semences arrivent lundi à la fete."
    assert bodies[1].startswith(f"Numero {caseload.number(stored(office, page).id)}:")
    shown = officer.read(page)
    assert "répondu" in shown
    assert "Les semences arrivent lundi" in shown
    assert "réponse donnée : par SMS" in shown


REFUSED = [
    ("too long", {"words": "a" * 161}, "Trop long de 1 signes"),
    ("an agency", {"words": "La FAO vient lundi."}, "n'entre dans aucun SMS"),
    ("nothing", {"words": ""}, "Écrivez la réponse."),
    ("no such language", {"words": "Bonjour", "language": "xx"}, "Choisissez la langue"),
]


@pytest.mark.parametrize(("form", "said"), [row[1:] for row in REFUSED], ids=[row[0] for row in REFUSED])
def test_a_refused_answer_keeps_what_was_typed(browse: Browse, office: World, form: dict[str, str], said: str) -> None:
    page = filed(office)
    answer = do(browse("officer"), page, "answer", **{"language": "fr", **form})
    assert answer.status_code == 400
    shown = html.unescape(answer.text)
    assert said in shown
    assert f">{form['words']}</textarea>" in shown
    assert stored(office, page).answered_at is None


def test_the_answer_is_counted_with_and_without_javascript(browse: Browse, office: World) -> None:
    page = filed(office)
    officer = browse("officer")
    plain = do(officer, page, "count", words="La liste des semences", language="fr")
    assert plain.status_code == 200
    live = officer.post(f"{page}/count", page, words="La liste des semences", language="fr")
    for shown in (html.unescape(plain.text), html.unescape(live.text)):
        assert "GSM-7 · 21 / 160 · 1 SMS" in shown
        assert "n'entre dans aucun SMS" in shown
    assert stored(office, page).answered_at is None
    assert browse("focal_point").post(f"{page}/count", words="x").status_code == 404


def test_a_call_is_noted_with_what_the_person_said(browse: Browse, office: World) -> None:
    page = filed(office)
    officer = browse("officer")
    assert do(officer, page, "phone", note="").status_code == 400
    assert do(officer, page, "phone", note="Expliqué. Elle a donné le 76 12 34 56.", satisfied="yes").status_code == 303
    case = stored(office, page)
    assert (case.answer, case.satisfied, case.closed_at is not None) == (
        "Expliqué. Elle a donné le [numéro].", True, True,
    )  # fmt: skip
    assert do(officer, page, "answer", words="Bonjour", language="fr").status_code == 400
    assert do(officer, page, "reopen").status_code == 303
    assert do(officer, page, "phone", note="Encore", satisfied="no").status_code == 303
    case = stored(office, page)
    assert (case.satisfied, case.reopened, case.closed_at) == (False, 1, None)


def test_pause_referral_and_closing(browse: Browse, office: World) -> None:
    page = filed(office)
    officer = browse("officer")
    assert do(officer, page, "close").status_code == 400
    assert do(officer, page, "pause", reason="").status_code == 400
    assert do(officer, page, "pause", reason="agency").status_code == 303
    assert "on attend un autre service" in officer.read(page)
    assert SAID in officer.read(f"{CASES}?view=paused")
    assert do(officer, page, "resume").status_code == 303
    assert do(officer, page, "refer", body="Mairie de Bandiagara").status_code == 303
    assert do(officer, page, "close").status_code == 303
    assert "Mairie de Bandiagara" in officer.read(page)
    assert [line for line in ("délai arrêté", "orientation vers un service", "dossier clos") if line not in
            officer.read(page)] == []  # fmt: skip


def test_of_two_at_once_the_second_is_told_and_loses_no_word(browse: Browse, office: World) -> None:
    page = filed(office)
    officer = browse("officer")
    seen = re.search(r'name="seen" value="([^"]+)"', officer.get(page).text)
    assert seen
    do(officer, page, "take")
    answer = officer.post(page, page, do="answer", seen=seen[1], words="Ils arrivent lundi.", language="fr")
    assert answer.status_code == 400
    shown = html.unescape(answer.text)
    assert "Quelqu'un a changé ce dossier" in shown
    assert ">Ils arrivent lundi.</textarea>" in shown


def test_sorting_and_taking_is_one_step(browse: Browse, office: World) -> None:
    inbox = "/admin/essai/messages"
    with office.db.read() as session:
        one = session.scalars(sa.select(Inbound.id).where(Inbound.text.startswith("Merci"))).one()
    officer = browse("officer")
    answer = officer.post(f"{inbox}/sort", inbox, take=one, **{f"as-{one}": "assistance_request"})
    assert answer.headers["Location"].startswith(CASES)
    shown = officer.read(answer.headers["Location"])
    assert "demande d'aide" in shown
    assert "pris en charge" in shown
    other = officer.post(f"{inbox}/sort", inbox, take=one, **{f"as-{one}": "noise", f"was-{one}": "assistance_request"})
    assert other.headers["Location"].startswith(inbox), "what is no case is only sorted"


# --- sensitive ones


FRAUD = "l'agent demande de l'argent pour inscrire"


def test_a_focal_point_reads_for_a_reason_and_never_answers_by_sms(browse: Browse, office: World) -> None:
    page = filed(office, "sensitive_fraud", FRAUD)
    focal = browse("focal_point")
    assert "pour inscrire" not in focal.read(f"{CASES}?view=calm") + focal.read(page)
    assert "Répondre par SMS" not in focal.read(page)
    refused = focal.post(page, page, do="read", reason="")
    assert (refused.status_code, "pour inscrire" in refused.text) == (400, False)
    assert "pour inscrire" in html.unescape(focal.post(page, page, do="read", reason="first").text)
    assert do(focal, page, "answer", words="Bonjour", language="fr").status_code == 400
    assert do(focal, page, "phone").status_code == 303
    case = stored(office, page)
    assert (case.answered_at is not None, case.answer) == (True, None)
    with office.db.read() as session:
        assert not session.scalars(sa.select(Message).where(Message.occurrence.startswith("case:"))).all()
        assert session.scalars(sa.select(Audit.action).where(Audit.object == "inbound")).all() == ["read"]


def test_of_a_security_message_region_and_week_are_all_that_is_shown(
    browse: Browse, office: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(ACCOUNTS, "focal_security", [(Role.FOCAL_POINT, "security")])
    page = filed(office, "sensitive_security", "on nous a attaque hier", hours=2)
    with office.db.write() as session:
        home = session.scalars(sa.select(Member.village_id)).first()
        above = [
            Place(level=level, name=name, folded=folded(name), sms_name=name, languages=["fr"])
            for level, name in ((Level.REGION, "Bandiagara"), (Level.COMMUNE, "Doucombo"))
        ]
        session.add_all(above)
        session.flush()
        session.add(PlaceParent(place_id=above[1].id, parent_id=above[0].id))
        session.add(PlaceParent(place_id=home, parent_id=above[1].id))
        last_two = session.get_one(Phone, office.phones[AWA]).last_two
    focal = browse("focal_security")
    told = stored(office, page).told_at
    for shown in (focal.read(f"{CASES}?view=late"), focal.read(page), focal.read("/admin/essai/messages/sensitive")):
        body = shown.split("<main")[1]
        assert "Bandiagara" in body
        assert "Doucombo" not in body
        assert f"••</span>&nbsp;{last_two}" not in body.replace("\xa0", "&nbsp;")
        assert f"{told:%Hh%M}" not in body
    do(focal, page, "phone")
    assert "Clore et effacer le texte" in focal.read(page)
    assert do(focal, page, "close").status_code == 303
    with office.db.read() as session:
        assert session.get_one(Inbound, stored(office, page).inbound_id).text == ""
    assert "Le texte est effacé." in focal.read(page)


def test_a_false_alarm_becomes_an_ordinary_case(browse: Browse, office: World) -> None:
    page = filed(office, "sensitive_fraud", FRAUD)
    focal = browse("focal_point")
    assert do(focal, page, "sort", **{"as": ""}).status_code == 400
    answer = do(focal, page, "sort", **{"as": "suggestion"})
    assert answer.headers["Location"] == CASES, "it is not hers any more"
    assert FRAUD in browse("officer").read(page)
    assert focal.get(page).status_code == 404


def test_no_number_stands_on_any_page_of_cases(browse: Browse, office: World) -> None:
    page = filed(office, text="Appelez le 76 00 00 11")
    officer = browse("officer")
    for shown in (officer.read(page), officer.read(f"{CASES}?view=calm")):
        assert "[numéro]" in shown
        assert AWA[4:] not in shown.replace(" ", "")


def test_a_long_list_goes_on_where_it_stopped(browse: Browse, office: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("campaigns.admin.paging.page.__defaults__", (2,))
    pages = [filed(office, hours=24 * 9) for _ in range(5)]
    officer, seen, where = browse("officer"), [], f"{CASES}?view=late"
    while where:
        shown = officer.get(where).text
        seen += re.findall(r'<th scope="row"><a href="([^"]+)"', shown)
        further = re.search(r'class="further"><a class="button quiet" href="([^"]+)"', shown)
        where = html.unescape(further[1]) if further else ""
    assert seen == pages


def test_administrator_sees_for_what_nobody_is_told(browse: Browse, office: World) -> None:
    administrator = browse("administrator")
    gap = administrator.read("/admin/accounts").split('id="unheard"')[1].split("</section>")[0]
    assert "fraude, argent demandé" in gap
    assert "messages à vérifier" in gap
    browse("focal_point")
    with office.db.write() as session:
        person = staff.by_email(session, "focal_point@essai.example")
        person.phone_id, person.phone_confirmed_at = (
            people.add_phone(session, "+22379000001", office.now).id,
            office.now,
        )
    gap = administrator.read("/admin/accounts").split('id="unheard"')[1].split("</section>")[0]
    assert "fraude, argent demandé" not in gap
    assert "violence" in gap


def test_the_auditor_reads_no_answer(browse: Browse, office: World) -> None:
    page = filed(office, "data_optout", answered_at=office.now, answer="Votre numero est retire")
    assert "Votre numero est retire" in browse("officer").read(page)
    auditor = browse("auditor").read(page)
    assert "Dossier" in auditor
    assert "Votre numero est retire" not in auditor
