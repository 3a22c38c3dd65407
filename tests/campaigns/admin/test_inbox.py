"""The inbox: sorting one or several, taking back, what may be sensitive, the focal point's own page, own places."""

from __future__ import annotations

import html
import re
from collections.abc import Callable

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from campaigns.models import Feedback, Step
from messaging import people, staff
from messaging.models import Audit, Club, Inbound, Member, MemberPhone, Message, Phone, Place, Role, StaffPlace
from messaging.models.place import Level
from messaging.models.post import InboundState, Kind, State
from messaging.places import folded
from tests.campaigns.admin.conftest import ACCOUNTS, Browser
from tests.world import World

Browse = Callable[[str], Browser]
INBOX = "/admin/essai/messages"
SENSITIVE = f"{INBOX}/sensitive"


def words(page: str) -> str:
    """What a page shows of SMS: without the choices of its forms."""
    return re.sub(r"<select.*?</select>", "", page, flags=re.DOTALL)


def ident(world: World, begin: str) -> int:
    """The SMS that begins so."""
    with world.db.read() as session:
        return session.scalars(sa.select(Inbound.id).where(Inbound.text.startswith(begin))).one()


def kind(world: World, begin: str) -> str | None:
    """What staff said it is."""
    with world.db.read() as session:
        return session.scalars(sa.select(Inbound.sorted_as).where(Inbound.text.startswith(begin))).one()


def more(world: World, *texts: str) -> None:
    """Further SMS that nobody understood, of the member's phone."""
    with world.db.write() as session:
        first = session.scalars(sa.select(Inbound).order_by(Inbound.id)).first()
        assert first is not None
        for text in texts:
            session.add(Inbound(
                gateway_id=first.gateway_id, dedupe_key=text, text=text, phone_id=first.phone_id,
                received_at=world.now, next_at=world.now, digest=text, state=InboundState.HANDLED, role="member",
                intent="unknown",
            ))  # fmt: skip


def test_one_is_sorted_and_leaves_the_list(browse: Browse, office: World) -> None:
    officer, one = browse("officer"), ident(office, "Merci")
    answer = officer.post(f"{INBOX}/sort?view=waiting", INBOX, one=one, **{f"as-{one}": "thanks"})
    assert answer.status_code == 303
    page = officer.read(answer.headers["Location"])
    assert "1 SMS rangé : merci." in page
    assert "Rien à trier" in page
    assert "Merci, mon numéro" in officer.read(f"{INBOX}?view=sorted")
    with office.db.read() as session:
        case = session.scalars(sa.select(Feedback)).one()
    assert (case.category, case.sorted_by is not None) == ("thanks", True)


def test_it_is_taken_back_within_the_page(browse: Browse, office: World) -> None:
    officer, one = browse("officer"), ident(office, "Merci")
    answer = officer.post(f"{INBOX}/sort", INBOX, one=one, **{f"as-{one}": "noise"})
    page = officer.get(answer.headers["Location"]).text
    back = re.search(r'name="back" value="([^"]+)"', page)
    assert back
    assert officer.post(f"{INBOX}/unsort", INBOX, back=back[1]).status_code == 303
    assert kind(office, "Merci") is None


def test_several_are_sorted_at_once(browse: Browse, office: World) -> None:
    more(office, "abc", "def", "ghi")
    officer = browse("officer")
    ticked = [ident(office, "abc"), ident(office, "def")]
    answer = officer.post(f"{INBOX}/sort", INBOX, **{"sms": ticked, "as": "wrong_number"})
    assert "2 SMS rangés : faux numéro." in officer.read(answer.headers["Location"])
    assert [kind(office, text) for text in ("abc", "def", "ghi")] == ["wrong_number", "wrong_number", None]


REFUSALS = [
    ("nothing ticked", {"as": "noise"}, "Cochez au moins un SMS."),
    ("nothing chosen", {"as": ""}, "Choisissez ce que c'est."),
    ("no such kind", {"as": "gossip"}, "Choisissez ce que c'est."),
]


@pytest.mark.parametrize(("form", "said"), [row[1:] for row in REFUSALS], ids=[row[0] for row in REFUSALS])
def test_a_refusal_keeps_every_tick_and_choice(browse: Browse, office: World, form: dict[str, str], said: str) -> None:
    more(office, "abc")
    one, other = ident(office, "abc"), ident(office, "Merci")
    ticks = {} if said.startswith("Cochez") else {"sms": str(one)}
    answer = browse("officer").post(f"{INBOX}/sort?view=waiting", INBOX, **form, **ticks, **{f"as-{other}": "report"})
    assert answer.status_code == 400
    page = html.unescape(answer.text)
    assert said in page
    assert (f'value="{one}" aria-label="Cocher le SMS numéro {one}" checked' in page) is bool(ticks)
    chosen = page.split(f'id="as-{other}"')[1].split("</select>")[0]
    assert '<option value="report" selected>' in chosen
    assert kind(office, "abc") is None


def test_what_a_colleague_sorted_first_is_told(browse: Browse, office: World) -> None:
    officer, one = browse("officer"), ident(office, "Merci")
    officer.post(f"{INBOX}/sort", INBOX, one=one, **{f"as-{one}": "thanks", f"was-{one}": ""})
    answer = officer.post(f"{INBOX}/sort", INBOX, one=one, **{f"as-{one}": "noise", f"was-{one}": ""})
    assert "déjà rangé par quelqu'un d'autre" in officer.read(answer.headers["Location"])
    assert kind(office, "Merci") == "thanks"


def test_sorted_as_sensitive_it_is_gone_from_every_list(browse: Browse, office: World) -> None:
    officer, one = browse("officer"), ident(office, "Merci")
    answer = officer.post(f"{INBOX}/sort", INBOX, one=one, **{f"as-{one}": "psea"})
    said = officer.read(answer.headers["Location"])
    assert "Aucun compte n'est point focal pour cela" in said
    assert 'name="back"' not in words(said)
    for view in ("waiting", "doubtful", "sorted", "all"):
        assert "Merci, mon numéro" not in officer.get(f"{INBOX}?view={view}").text
    assert officer.post(f"{INBOX}/unsort", INBOX, back=one).status_code == 404
    assert officer.post(f"{INBOX}/sort", INBOX, one=one, **{f"as-{one}": "noise"}).status_code == 404
    assert "Merci, mon numéro" not in browse("focal_point").get(SENSITIVE).text  # the focal point of fraud


def test_what_may_be_sensitive_is_in_the_officers_list_alone(browse: Browse, office: World) -> None:
    officer = browse("officer")
    page = officer.read(f"{INBOX}?view=doubtful")
    assert "a bɛ di" in page
    assert "Vous seul les voyez" in page
    assert "argent" not in words(page)
    for who in ("editor", "administrator", "auditor", "focal_point", "evaluation"):
        other = browse(who)
        for view in ("doubtful", "all", "waiting", "sorted"):
            assert "a bɛ di" not in other.get(f"{INBOX}?view={view}").text, who
        assert "à vérifier <span" not in other.get(INBOX).text
    one = ident(office, "a bɛ di")
    officer.post(f"{INBOX}/sort?view=doubtful", INBOX, one=one, **{f"as-{one}": "question"})
    assert "a bɛ di" in officer.get(f"{INBOX}?view=sorted").text
    assert "a bɛ di" not in officer.get(f"{INBOX}?view=doubtful").text


def test_what_crashed_before_it_was_screened_may_be_sensitive(browse: Browse, office: World) -> None:
    with office.db.write() as session:
        crashed = {"state": InboundState.FAILED, "intent": None, "category": None}
        session.execute(sa.update(Inbound).where(Inbound.text.startswith("Merci")).values(**crashed))
    officer = browse("officer")
    assert "Merci, mon numéro" not in officer.get(f"{INBOX}?view=all").text
    assert "Merci, mon numéro" in officer.get(f"{INBOX}?view=doubtful").text


def test_a_focal_point_reads_for_a_reason_that_is_logged(browse: Browse, office: World) -> None:
    focal, one = browse("focal_point"), ident(office, "l'agent")
    assert "argent" not in words(focal.get(SENSITIVE).text).replace("fraude, argent demandé", "")
    refused = focal.post(f"{SENSITIVE}/{one}", SENSITIVE, reason="")
    assert refused.status_code == 400
    assert "demande argent" not in refused.text
    opened = focal.post(f"{SENSITIVE}/{one}", SENSITIVE, reason="first")
    assert "demande argent" in opened.text
    with office.db.read() as session:
        row = session.scalars(sa.select(Audit).where(Audit.action == "read")).one()
    assert (row.object_id, row.after) == (str(one), {"reason": "first", "category": "fraud"})


def test_a_focal_point_settles_and_others_cannot_look(
    browse: Browse, office: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    focal, one = browse("focal_point"), ident(office, "l'agent")
    assert focal.post(f"{SENSITIVE}/{one}/settle", SENSITIVE).status_code == 303
    assert "Aucun message sensible ici" in focal.read(SENSITIVE)
    assert "fraude" in focal.read(f"{SENSITIVE}?view=settled")
    monkeypatch.setitem(ACCOUNTS, "focal_psea", [(Role.FOCAL_POINT, "psea")])
    other = browse("focal_psea")
    assert "Aucun message sensible ici" in other.read(SENSITIVE)
    assert other.post(f"{SENSITIVE}/{one}", SENSITIVE, reason="first").status_code == 404
    for who in ("officer", "editor", "administrator", "auditor"):
        assert browse(who).get(SENSITIVE).status_code == 403, who
        assert browse(who).post(f"{SENSITIVE}/{one}", reason="first").status_code == 403, who


def test_a_false_alarm_goes_back_to_the_officer(browse: Browse, office: World) -> None:
    focal, one = browse("focal_point"), ident(office, "l'agent")
    assert focal.post(f"{SENSITIVE}/{one}/sort", SENSITIVE, **{"as": ""}).status_code == 400
    focal.post(f"{SENSITIVE}/{one}/sort", SENSITIVE, **{"as": "suggestion"})
    assert "l'agent demande" in browse("officer").read(f"{INBOX}?view=sorted")
    assert focal.post(f"{SENSITIVE}/{one}", SENSITIVE, reason="first").status_code == 404


def placed(world: World, who: str, village_id: int) -> None:
    """Give an account one village."""
    with world.db.write() as session:
        person = staff.by_email(session, f"{who}@essai.example")
        session.add(StaffPlace(staff_id=person.id, place_id=village_id))


def test_sms_of_other_places_and_of_strangers_are_not_there(browse: Browse, office: World) -> None:
    officer, one = browse("officer"), ident(office, "Merci")
    with office.db.write() as session:
        far = Place(level=Level.VILLAGE, name="Loin", folded=folded("Loin"), sms_name="Loin", languages=["fr"])
        session.add(far)
        session.flush()
        stranger = session.get_one(Inbound, ident(office, "a bɛ di"))
        stranger.phone_id, stranger.maybe_sensitive = None, False
        near, far_id = office.village_id, far.id
    assert "a bɛ di" in officer.get(INBOX).text
    placed(office, "officer", near)
    assert "Merci, mon numéro" in officer.get(INBOX).text
    assert "a bɛ di" not in officer.get(INBOX).text
    with office.db.write() as session:
        session.execute(sa.update(Member).values(village_id=far_id))
    assert "Merci, mon numéro" not in officer.get(INBOX).text
    assert officer.post(f"{INBOX}/sort", INBOX, one=one, **{f"as-{one}": "noise"}).status_code == 404
    assert kind(office, "Merci") is None


def test_list_is_cut_by_kind_and_place(browse: Browse, office: World) -> None:
    more(office, "abc")
    officer = browse("officer")
    assert "abc" not in words(officer.get(f"{INBOX}?kind=thanks").text)
    assert "Merci, mon numéro" in officer.get(f"{INBOX}?kind=thanks").text
    assert "Aucun lieu ne ressemble" in officer.read(f"{INBOX}?place=Tombouctou")


@pytest.mark.parametrize("kind", ["selection", "adverse"])
def test_complaints_on_the_choice_of_people_and_harm_are_the_officers(browse: Browse, office: World, kind: str) -> None:
    officer, one = browse("officer"), ident(office, "Merci")
    officer.post(f"{INBOX}/sort", INBOX, one=one, **{f"as-{one}": kind})
    assert words(officer.get(f"{INBOX}?view=sorted").text).count("<tr>") == 2
    assert words(browse("editor").get(f"{INBOX}?view=sorted").text).count("<tr>") == 0


def test_nobody_but_the_officer_sorts(browse: Browse, office: World) -> None:
    one = ident(office, "Merci")
    for who in ("editor", "approver", "evaluation", "auditor", "administrator", "focal_point"):
        browser = browse(who)
        assert browser.post(f"{INBOX}/sort", one=one, **{f"as-{one}": "noise"}).status_code == 403, who
        assert browser.post(f"{INBOX}/unsort", back=one).status_code == 403, who
        assert '<select id="as"' not in browser.get(INBOX).text


def test_outbox_is_cut_by_campaign_and_place_and_says_what_to_do(browse: Browse, office: World) -> None:
    officer = browse("officer")
    page = officer.read(f"{INBOX}/out?state=held")
    assert "Numéro mis en quarantaine" in page
    assert "voir le téléphone" in page
    assert "voir le téléphone" not in browse("editor").read(f"{INBOX}/out?state=held")
    assert officer.get(f"{INBOX}/out?campaign=hygiene-essai").text.count("<tr>") == 5
    assert "Aucun message ici" in officer.read(f"{INBOX}/out?place=Tombouctou")
    placed(office, "officer", office.village_id)
    assert "Aucun message ici" in officer.read(f"{INBOX}/out")  # these were planned for no village


def test_a_reply_does_not_tell_that_something_sensitive_came(browse: Browse, office: World) -> None:
    with office.db.write() as session:
        for row in session.scalars(sa.select(Inbound)).all():
            session.add(answer_to(office, row))
    officer, editor = browse("officer"), browse("editor")
    assert officer.read(f"{INBOX}/out").count("réponse</td>") == 2  # not that to « l'agent demande argent »
    assert editor.read(f"{INBOX}/out").count("réponse</td>") == 1  # nor that to what nobody has screened
    one = ident(office, "Merci")
    officer.post(f"{INBOX}/sort", INBOX, one=one, **{f"as-{one}": "psea"})
    assert officer.read(f"{INBOX}/out").count("réponse</td>") == 1
    assert editor.read(f"{INBOX}/out").count("réponse</td>") == 0


TELLING = [
    ("a stage of life", {"life_stages": ["pregnant"]}, False),
    ("a wealth group", {"hea": ["very_poor"]}, False),
    ("women", {"sex": "f"}, True),
]


@pytest.mark.parametrize(("audience", "shown"), [row[1:] for row in TELLING], ids=[row[0] for row in TELLING])
def test_the_outbox_tells_nothing_masked_of_a_phone(
    browse: Browse, office: World, audience: dict[str, object], shown: bool
) -> None:
    with office.db.write() as session:
        step = session.get_one(Step, 1)
        step.definition = {**step.definition, "audience": audience}
    for who in ("officer", "editor", "evaluation"):
        page = browse(who).get(f"{INBOX}/out").text
        assert ('class="digits"' in page) is shown, who


def test_a_personal_message_tells_nothing_of_its_phone(browse: Browse, office: World) -> None:
    with office.db.write() as session:
        session.execute(sa.update(Message).values(personal=True))
    assert 'class="digits"' not in browse("officer").get(f"{INBOX}/out").text


@pytest.mark.parametrize("whose", ["an old number", "a club's own phone"])
def test_sms_of_another_programme_are_not_taken_for_a_strangers(
    browse: Browse, office: World, other: World, whose: str
) -> None:
    with office.db.write() as session:
        phone = replaced(session, other) if whose == "an old number" else relayed(session, other)
        session.get_one(Inbound, ident(office, "Merci")).phone_id = phone
    page = browse("officer").get(f"{INBOX}?view=all").text
    assert "Merci, mon numéro" not in page
    assert browse("officer").post(f"{INBOX}/sort", INBOX, one=ident(office, "Merci")).status_code == 404


def test_what_an_old_number_wrote_stays_with_its_people(browse: Browse, office: World) -> None:
    officer = browse("officer")
    placed(office, "officer", office.village_id)
    with office.db.write() as session:
        old = office.phones["+22376000011"]
        new = people.add_phone(session, "+22376000077", office.now)
        session.execute(sa.update(MemberPhone).where(MemberPhone.phone_id == old).values(phone_id=new.id))
        session.get_one(Phone, old).replaced_by_id = new.id
    assert "Merci, mon numéro" in officer.get(INBOX).text


def test_a_number_typed_as_a_place_does_not_stay_in_the_address(browse: Browse, office: World) -> None:
    for page in (INBOX, f"{INBOX}/out", "/admin/essai/people/members", "/admin/essai/people/households"):
        for typed in ("76 00 00 11", "76000011", "+22376000011"):
            answer = browse("officer").get(page, query_string={"place": typed})
            assert (answer.status_code, answer.headers["Location"]) == (303, "/admin/essai/people?number=1"), typed


def answer_to(world: World, inbound: Inbound) -> Message:
    """The reply that left to an SMS."""
    assert inbound.phone_id is not None
    return Message(
        programme_id=world.programme_id, kind=Kind.REPLY, occurrence=f"reply:{inbound.id}", phone_id=inbound.phone_id,
        inbound_id=inbound.id, body="Message recu. Merci.", language_wanted="fr", language="fr", encoding="GSM-7",
        segments=1, state=State.HANDED_OVER, due_at=world.now, next_at=world.now, useful_until=world.now,
        created_at=world.now, handed_over_at=world.now,
    )  # fmt: skip


def replaced(session: Session, world: World) -> int:
    """An old number whose member of a programme is reached on a new one."""
    old = people.add_phone(session, "+22376000078", world.now)
    old.replaced_by_id = world.phones["+22376000052"]
    return old.id


def relayed(session: Session, world: World) -> int:
    """The own phone of a club."""
    phone = people.add_phone(session, "+22376000079", world.now)
    session.get_one(Club, world.clubs["2035"]).relay_phone_id = phone.id
    return phone.id
