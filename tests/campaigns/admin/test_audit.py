"""The log: every form that changes something writes a line, and the auditor reads it in words, without numbers."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

import pytest
import sqlalchemy as sa
from flask import Flask
from werkzeug.test import TestResponse

from campaigns.models import Campaign, Feedback
from messaging import audit, calls, staff
from messaging.clock import utc_now
from messaging.models import Audit, Call, Inbound, Proposal, Role
from tests.campaigns.admin import test_imports_page as sheets
from tests.campaigns.admin import test_translation as translated
from tests.campaigns.admin.conftest import ACCOUNTS, ORIGIN, PASSWORD, Browser, account
from tests.campaigns.admin.test_unclear import park
from tests.land import commune
from tests.world import World

Browse = Callable[[str], Browser]
LOG = "/admin/audit"
PLACE = "/admin/essai/campaigns/hygiene-essai"
TEXT = f"{PLACE}/mains/fr"
PEOPLE, POST, RULES = "/admin/essai/people", "/admin/essai/messages", "/admin/essai/programme"
SETTINGS = "/admin/settings"
STEP = {"kind": "message", "trigger": "weekly", "weekly": "mon", "hour": "18:00", "facts": "HY3"}
ONCE = {
    "languages": "fr", "sms": "La radio parle du moringa ce soir.", "read_aloud": "La radio.", "facts": "HY3",
    "role": "member", "clubs": "1041", "topic": "agro", "time": "soon",
}  # fmt: skip


@dataclass
class Day:
    """A day at the office: browsers of the accounts, and what stands on their pages."""

    browse: Browse
    office: World
    commune_id: int

    def send(self, who: str, path: str, page: str = SETTINGS, **form: object) -> TestResponse:
        """Send a form as this account."""
        return self.browse(who).post(path, page, **form)

    def save(self, path: str, **form: object) -> TestResponse:
        """Change the campaign as it stands now."""
        with self.office.db.read() as session:
            seen = session.scalars(sa.select(Campaign.lock).where(Campaign.code == "hygiene-essai")).one()
        return self.send("editor", path, seen=seen, **form)

    def at(self, act: str = "") -> str:
        """The address of the commune, or of one of its forms."""
        return f"{PEOPLE}/communes/{self.commune_id}{act}"

    def phone(self, number: str = "+22376000011") -> str:
        """The address of a number."""
        return f"{PEOPLE}/phones/{self.office.phones[number]}"

    def sms(self, begin: str) -> int:
        """The id of the SMS that begins so."""
        with self.office.db.read() as session:
            return session.scalars(sa.select(Inbound.id).where(Inbound.text.startswith(begin))).one()

    def hidden(self, who: str, page: str, name: str) -> str:
        """A hidden field of a page."""
        found = re.search(rf'name="{name}" value="([^"]*)"', self.browse(who).get(page).text)
        assert found, (page, name)
        return found[1]

    def person(self, who: str) -> str:
        """The administrator's page of an account."""
        return f"/admin/accounts/{account(self.office, who).id}"

    def lines(self) -> int:
        """How many lines the log has."""
        with self.office.db.read() as session:
            return session.scalar(sa.select(sa.func.count(Audit.id))) or 0


def change_member(day: Day) -> TestResponse:
    """Note that a member has left."""
    page = f"{PEOPLE}/members/{day.office.members[0]}"
    return day.send("officer", page, page, do="status", status="left", seen=day.hidden("officer", page, "seen"))


def bring_stations(day: Day) -> TestResponse:
    """Check a sheet, then take it."""
    editor = day.browse("editor")
    page = sheets.send(editor, "stations", "Nom;Langues\nRadio Essai;fr").text
    return editor.post(sheets.PAGE, sheets.PAGE, **sheets.kept(page))


def bring_texts(day: Day) -> TestResponse:
    """Check a sheet of texts, then take it."""
    editor = day.browse("editor")
    page = translated.send(editor, translated.typed(editor)).text
    return editor.post(translated.PLACE, **translated.kept(page))


def sort(day: Day, kind: str = "thanks") -> TestResponse:
    """Say what an SMS is."""
    one = day.sms("Merci")
    return day.send("officer", f"{POST}/sort", **{"one": one, f"as-{one}": kind})


def take_case(day: Day) -> TestResponse:
    """Sort an SMS as a request, and make its case one's own."""
    sort(day, "assistance_request")
    with day.office.db.read() as session:
        page = f"/admin/essai/cases/{session.scalars(sa.select(Feedback.id).order_by(Feedback.id.desc())).first()}"
    return day.send("officer", page, page, do="take", seen=day.hidden("officer", page, "seen"))


def call(day: Day) -> TestResponse:
    """Call somebody who waits for it."""
    with day.office.db.write() as session:
        calls.ask(session, day.office.programme_id, day.office.phones["+22376000011"], "errors", None, day.office.now)
        one = session.scalars(sa.select(Call.id)).one()
    return day.send("officer", f"/admin/essai/calls/{one}")


# One act for each form of the application, in the order of a day; a later one may build on an earlier one.
ACTS: dict[str, Callable[[Day], TestResponse]] = {
    "security.login": lambda day: day.browse("").sign_in(account(day.office, "editor").name),
    "settings.password": lambda day: day.send(
        "second_editor", f"{SETTINGS}/password", password=PASSWORD, new_password="quatre mots pour entrer"
    ),
    "accounts.add": lambda day: day.send(
        "administrator", "/admin/accounts", email="awa@essai.example", name="Awa", role="editor"
    ),
    "accounts.change": lambda day: day.send(
        "administrator",
        day.person("second_editor"),
        email="second_editor@essai.example",
        name="Awa",
        role="editor",
    ),
    "accounts.reset": lambda day: day.send("administrator", f"{day.person('second_editor')}/reset"),
    "accounts.state": lambda day: day.send("administrator", f"{day.person('second_editor')}/state", act="close"),
    "texts.save": lambda day: day.send(
        "editor", TEXT, seen=1, sms="Du savon, ou de la cendre.", read_aloud="Du savon."
    ),
    "texts.review": lambda day: day.send("translator", f"{TEXT}/review", seen=2),
    "texts.approve": lambda day: day.send("approver", f"{TEXT}/approve", seen=2),
    "history.restore_text": lambda day: day.send("editor", f"{TEXT}/history", version=1, seen=2),
    "translation.back": bring_texts,
    "rehearsal.act": lambda day: day.send(
        "editor",
        f"/simulator/essai/hygiene-essai/mains/{day.office.phones['+22376000041']}",
        show="send",
        language="fr",
    ),
    "steps.add": lambda day: day.save(f"{PLACE}/add", step="plus", **STEP),
    "steps.save": lambda day: day.save(f"{PLACE}/plus/edit", **STEP | {"hour": "17:00"}),
    "steps.move": lambda day: day.save(f"{PLACE}/plus/move", down=""),
    "steps.remove": lambda day: day.save(f"{PLACE}/plus/remove"),
    "head.save": lambda day: day.save(
        f"{PLACE}/head", title_fr="Des mains", title_en="Hands", starts="2026-01-01", role="member"
    ),
    "history.restore": lambda day: day.save(f"{PLACE}/history", version=1),
    "once.save": lambda day: day.send("editor", "/admin/essai/campaigns/once", **ONCE),
    "campaigns.start": lambda day: day.send("editor", f"{PLACE}/start"),
    "campaigns.pause": lambda day: day.send("editor", f"{PLACE}/pause"),
    "communes.raise_level": lambda day: day.send("approver", day.at("/raise"), level="red"),
    "communes.lower": lambda day: day.send("officer", day.at("/lower"), level="green"),
    "communes.decide": lambda day: day.send("approver", day.at("/proposals/1"), answer="accept"),
    "communes.pause": lambda day: day.send("officer", day.at("/pause")),
    "communes.lift": lambda day: day.send("officer", day.at("/lift")),
    "member.change": change_member,
    "imports.back": bring_stations,
    "numbers.act": lambda day: day.send("officer", day.phone(), do="talk", reason="Elle a rappelé hier matin"),
    "rules.change_budget": lambda day: day.send(
        "approver", f"{RULES}/budget", month=f"{utc_now():%Y-%m}", sum="150 000"
    ),
    "rules.change_fallback": lambda day: day.send("approver", f"{RULES}/fallback", language="bm", chain="fr"),
    "gateways.pause": lambda day: day.send(
        "administrator", "/admin/essai/gateways", gateway="simulator", reason="essai", do="pause"
    ),
    "unclear.settle": lambda day: day.send("officer", "/admin/essai/unclear", message=park(day.office), do="close"),
    "rules.add_stop_word": lambda day: day.send("approver", f"{RULES}/stop-word", word="assez"),
    "sorting.sort": sort,
    "sorting.unsort": lambda day: day.send("officer", f"{POST}/unsort", back=day.sms("Merci")),
    "sorting.open_one": lambda day: day.send("focal_point", f"{POST}/sensitive/{day.sms('l')}", reason="first"),
    "sorting.settle": lambda day: day.send("focal_point", f"{POST}/sensitive/{day.sms('l')}/settle"),
    "sorting.sort_again": lambda day: day.send(
        "focal_point", f"{POST}/sensitive/{day.sms('l')}/sort", **{"as": "suggestion"}
    ),
    "case.act": take_case,
    "calls.done": call,
    "trial.ask": lambda day: day.send("editor", "/admin/essai/trial", number="76 99 00 12"),
}
WITHOUT_A_LINE = {
    "security.logout": "ends a session and changes nothing else",
    "settings.change": "the language of the pages of one's own account",
    "texts.live": "counts what is typed",
    "case.live": "counts what is typed",
    "trying.read": "reads a text that somebody typed, and stores nothing",
    "phones.write": "an SMS of the simulator, as from outside",
    "numbers.find": "looks a number up; what is then read of it is logged",
}
SEEN_ELSEWHERE = {  # their lines are asserted where the whole way is walked
    "campaigns.approve": "test_texts, test_history: approved with four eyes",
    "sign_in.second_factor": "test_sign_in: signed_in, recovery_code_used",
    "settings.renew": "test_sign_in: second_factor_set",
    "settings.recovery_codes": "test_sign_in: recovery_codes_made",
    "radio.aired": "test_radio: said",
    "airings.say": "test_radio: said",
    "airings.move": "test_radio: moved",
    "airings.add_airing": "test_radio: added",
    "air.act": "test_air: given, attached, written, approved, answered",
    "decisions.note": "test_air: changed",
    "studio.mark": "test_air: read_on_air, skipped, waiting, answered",
    "studios.make": "test_air: added",
    "studios.withdraw": "test_air: withdrawn",
    "taking.take": "test_air: added, joined, set_aside",
    "donor.take": "test_donor: begun, exported",
    "money.enter": "test_money: typed, changed",
    "stations.add": "test_radio: added",
    "stations.change": "test_radio: changed",
    "stations.agree": "test_radio: hours_agreed, hours_withdrawn",
    "slots.add_slot": "test_radio: added",
    "slots.change_slot": "test_radio: changed",
    "episodes.add_series": "test_radio: added",
    "episodes.add": "test_radio: added",
    "episodes.change": "test_radio: changed",
    "spoken.save": "test_radio: written, edited",
    "spoken.review": "test_radio: reviewed",
    "spoken.approve": "test_radio: approved",
    "meeting.add": "test_meeting: recorded",
    "meeting.correct": "test_meeting: recorded",
    "practice.switch": "test_practices: practice",
    "exports.take": "test_exports_page: begun, exported, broken_off",
    "purposes.ask": "test_purposes: asked",
    "purposes.decide": "test_purposes: accepted, opened, refused",
    "purposes.files": "test_purposes: handed_over",
    "purposes.end": "test_purposes: ended",
    "rhythm.add": "test_rhythm: added",
    "rhythm.change": "test_rhythm: changed",
    "rhythm.shift": "test_rhythm: changed",
    "rhythm.remove": "test_rhythm: removed",
    "steps.today": "test_steps: a day that has passed becomes today",
    "trial.confirm": "test_trial: phone_confirmed",
    "trial.send": "test_trial: trial",
}


@pytest.fixture
def day(browse: Browse, office: World) -> Day:
    """The office, and a commune with a village."""
    return Day(browse, office, commune(office, "Doucombo"))


def test_every_form_has_an_act_or_a_reason(app: Flask) -> None:
    forms = {rule.endpoint for rule in app.url_map.iter_rules() if "POST" in (rule.methods or ())}
    known = {*ACTS, *WITHOUT_A_LINE, *SEEN_ELSEWHERE}
    new = sorted(forms - known)
    assert not new, f"New forms: {new}. Please add an act for each to ACTS, so that its line in the log is asserted."
    assert not known - forms, f"These forms are gone: {sorted(known - forms)}. Take their rows out."


def test_every_act_that_changes_something_is_in_the_log(day: Day) -> None:
    complaints = []
    for endpoint, act in ACTS.items():
        before = day.lines()
        answer = act(day)
        is_silent = not set(actions(day, before)) - ({"signed_in"} if endpoint != "security.login" else set())
        if answer.status_code >= 400:
            complaints.append(f"{endpoint}: answered {answer.status_code}")
        elif is_silent:
            complaints.append(f"{endpoint}: changed something and wrote no line into the log")
    assert not complaints, "\n".join(complaints)


def actions(day: Day, before: int) -> list[str]:
    """What the lines after the first `before` say was done."""
    with day.office.db.read() as session:
        return list(session.scalars(sa.select(Audit.action).order_by(Audit.id).offset(before)))


def test_auditor_reads_who_did_what_with_before_and_after(day: Day) -> None:
    sort(day)
    sort_again = day.sms("Merci")
    day.send("officer", f"{POST}/sort", **{
        "one": sort_again, f"as-{sort_again}": "noise", f"was-{sort_again}": "thanks",
    })  # fmt: skip
    page = day.browse("auditor").read(LOG)
    row = next(part for part in page.split("<tr>") if "SMS rangé" in part)
    for said in ("officer", f"SMS reçu {sort_again}", "rangé comme", "<del>merci</del>", "<ins>sans suite</ins>"):
        assert said in row, said


def test_log_links_where_the_auditor_may_go(day: Day) -> None:
    day.send("editor", TEXT, seen=1, sms="Du savon.", read_aloud="Du savon.")
    page = day.browse("auditor").read(LOG)
    assert f'<a href="{PLACE}/mains">texte mains (fr), hygiene-essai</a>' in page
    for path in re.findall(r'<td data-label="Objet"><a href="([^"]+)"', page):
        assert day.browse("auditor").get(path).status_code == 200, path


CUTS = [
    ("one person", "?who={editor}", "modification", "rangé"),
    ("one kind of thing", "?what=inbound", "SMS rangé", "modification"),
    ("days to come", "?since=31/12/2099", "Aucun changement ici", "SMS rangé"),
    ("until long ago", "?until=2020-01-01", "Aucun changement ici", "SMS rangé"),
    ("until today", "?since=2020-01-01&until=31/12/2099", "SMS rangé", "Aucun changement"),
]


def test_log_is_cut_by_person_thing_and_day(day: Day) -> None:
    sort(day)
    day.send("editor", TEXT, seen=1, sms="Du savon.", read_aloud="Du savon.")
    auditor, editor = day.browse("auditor"), account(day.office, "editor").id
    for label, where, there, not_there in CUTS:
        rows = auditor.read(LOG + where.format(editor=editor)).split("</form>", 2)[1]
        assert there in rows, label
        assert not_there not in rows, label


def test_a_day_that_is_none_is_told_and_kept(day: Day) -> None:
    answer = day.browse("auditor").get(f"{LOG}?since=hier")
    assert (answer.status_code, 'value="hier"' in answer.text) == (400, True)
    assert "Écrivez le jour ainsi" in answer.text


def test_log_is_the_auditors_alone(browse: Browse) -> None:
    for who in ACCOUNTS:
        assert browse(who).get(LOG).status_code == (200 if who == "auditor" else 403), who
        assert (LOG in browse(who).get(SETTINGS).text) is (who == "auditor"), who


def test_what_belongs_to_another_programme_is_not_in_the_log(browse: Browse, other: World) -> None:
    page = browse("auditor").read(f"{LOG}?what=campaign")
    assert "hygiene-essai" in page or "Mains propres" in page or "campaigns/hygiene-essai" in page
    assert "autre" not in page.split("<table", 1)[1]


def test_log_goes_on_where_it_stopped(day: Day, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("campaigns.admin.paging.page.__defaults__", (5,))
    auditor = day.browse("auditor")
    total, seen, where = day.lines(), 0, LOG
    while where:
        page = auditor.get(where).text
        seen += page.count("<tr>") - 1
        further = re.search(r'class="further"><a class="button quiet" href="([^"]+)"', page)
        where = further[1].replace("&amp;", "&") if further else ""
    assert seen == total


NOTED = [
    ("a number", "Awa, 76 12 34 56", "Awa, [numéro]"),
    ("a long text", "x" * 81, "x" * 79 + "…"),
    ("a short text", "x" * 80, "x" * 80),
    ("lines", "une\nautre", "une autre"),
    ("a list", ["bm", "fr"], "bm; fr"),
    ("a table in a table", {"kind": "quiz", "days": [1, 2]}, "kind: quiz; days: 1; 2"),
    ("a number in a list", ["+223 76 12 34 56"], "[numéro]"),
    ("yes", True, True),
    ("nothing", None, None),
]


@pytest.mark.parametrize(("given", "kept"), [row[1:] for row in NOTED], ids=[row[0] for row in NOTED])
def test_no_number_and_no_long_text_is_ever_noted(office: World, given: object, kept: object) -> None:
    with office.db.write() as session:
        audit.note(session, audit.COMMAND, "changed", "thing", "76 12 34 56", office.now, after={"value": given})
    with office.db.read() as session:
        row = session.scalars(sa.select(Audit).where(Audit.object == "thing")).one()
    assert (row.object_id, row.after) == ("[numéro]", {"value": kept})


def test_log_holds_no_number_of_the_day(day: Day) -> None:
    answer = day.send("officer", day.phone(), do="talk", reason="Rappeler le 76 00 00 11 avant midi")
    assert answer.status_code == 200
    page = day.browse("auditor").read(LOG)
    assert "conversation lue" in page
    for number in day.office.phones:
        assert number[-8:] not in page.replace(" ", "")
    assert ORIGIN not in page
    with day.office.db.read() as session:
        assert staff.roles(session, account(day.office, "auditor").id) == {Role.AUDITOR: {""}}


def test_log_leaves_out_what_belongs_to_another_programme(browse: Browse, office: World, other: World) -> None:
    ours, theirs, who = office.phones["+22376000011"], other.phones["+22376000052"], account(office, "auditor").id
    with office.db.write() as session:
        first = session.scalars(sa.select(Inbound).where(Inbound.text.startswith("Merci"))).one()
        first.phone_id = theirs
        place = Proposal(
            kind="lower_risk", programme_id=other.programme_id, object="place", object_id="1", details={}, asked_by=who,
            asked_at=office.now,
        )  # fmt: skip
        session.add(place)
        session.flush()
        for what, ident in (("phone", theirs), ("inbound", first.id), ("proposal", place.id), ("members", "autre")):
            audit.note(session, "staff:1", "number_shown", what, ident, office.now, after={"reason": "pas à nous"})
        for what, ident in (("phone", ours), ("members", "essai")):
            audit.note(session, "staff:1", "number_shown", what, ident, office.now, after={"reason": "à nous"})
    page = browse("auditor").read(LOG)
    assert "pas à nous" not in page
    assert page.count("à nous") == 2
