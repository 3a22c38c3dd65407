"""One phone: found without its number in an address, shown once for a reason, held and given a new SIM; own places."""

from __future__ import annotations

import html
import re
from collections.abc import Callable
from datetime import timedelta

import pytest
import sqlalchemy as sa
from flask import Flask
from werkzeug.test import TestResponse

from campaigns.admin.numbers import ACTS
from campaigns.conversation.converse import converse
from messaging import inbox, people, sender
from messaging.clock import utc_now
from messaging.gateways.protocol import Arrival
from messaging.installation import Installation
from messaging.models import (
    Audit,
    Club,
    Facilitator,
    Inbound,
    Member,
    MemberPhone,
    Message,
    Pending,
    Phone,
    Place,
    PlaceParent,
    ProgrammeVillage,
    Staff,
    StaffPlace,
    Text,
    TextVersion,
)
from messaging.models.people import Ownership, Quarantine
from messaging.models.place import Level
from messaging.models.post import Delivery, InboundState, Kind, State
from messaging.places import folded
from tests.campaigns.admin.conftest import Browser, account
from tests.world import World

Browse = Callable[[str], Browser]
PAGE = "/admin/essai/people/phones"
AWA, BINTA, LEADER, ELSEWHERE, STRANGER = (
    "+22376000011", "+22376000012", "+22376000041", "+22376000099", "+22376000077",
)  # fmt: skip
NEW = "+22376990012"
WHY = "elle a appelé du village"


@pytest.fixture
def places(office: World) -> World:
    """Two villages of the programme; Awa lives in the first, somebody else in the second, a stranger nowhere."""
    with office.db.write() as session:
        far = Place(level=Level.VILLAGE, name="Loin", folded=folded("Loin"), sms_name="Loin", languages=["fr"])
        session.add(far)
        session.flush()
        for village in (office.village_id, far.id):
            session.add(ProgrammeVillage(programme_id=office.programme_id, place_id=village))
        session.execute(sa.update(Member).values(first_name="Yassa"))
        there = Member(
            programme_id=office.programme_id, code="LOIN-1", village_id=far.id, first_name="Ramata", language="fr",
            created_at=office.now,
        )  # fmt: skip
        phone = people.add_phone(session, ELSEWHERE, office.now)
        stranger = people.add_phone(session, STRANGER, office.now)
        session.add(there)
        session.flush()
        session.add(MemberPhone(member_id=there.id, phone_id=phone.id, ownership=Ownership.OWN))
        office.phones |= {ELSEWHERE: phone.id, STRANGER: stranger.id}
    return office


def near(world: World, who: str) -> None:
    """Bind an account to the first village."""
    person = account(world, who)
    with world.db.write() as session:
        session.add(StaffPlace(staff_id=person.id, place_id=world.village_id))


def at(world: World, number: str = AWA) -> str:
    return f"{PAGE}/{world.phones[number]}"


def do(browser: Browser, world: World, act: str, whose: str = AWA, **form: str) -> TestResponse:
    """Press a button of the page of a phone."""
    return browser.post(at(world, whose), PAGE, do=act, **form)


def phone(world: World, number: str = AWA) -> Phone:
    with world.db.read() as session:
        return session.scalars(sa.select(Phone).where(Phone.id == world.phones[number])).one()


def notes(world: World, action: str) -> list[dict]:
    with world.db.read() as session:
        return [row.after for row in session.scalars(sa.select(Audit).where(Audit.action == action))]


# --- found


def test_found_by_its_whole_number_typed_any_way(browse: Browse, places: World) -> None:
    officer = browse("officer")
    for typed in ("76 00 00 11", "+223 76000011", "0022376000011"):
        answer = officer.post(PAGE, PAGE, number=typed)
        assert (answer.status_code, answer.headers["Location"]) == (303, at(places))


FAULTS = (
    ("none", "", 400, "Écrivez le numéro."),
    ("too short", "76 00", 400, "Il manque des chiffres."),
    ("unknown", "76 12 34 56", 404, "Aucun téléphone de vos lieux n'a ce numéro."),
    ("of another place", ELSEWHERE, 404, "Aucun téléphone de vos lieux n'a ce numéro."),
    ("a stranger's", STRANGER, 404, "Aucun téléphone de vos lieux n'a ce numéro."),
)


@pytest.mark.parametrize(("label", "typed", "status", "sentence"), FAULTS, ids=[row[0] for row in FAULTS])
def test_a_number_that_is_not_found(
    browse: Browse, places: World, label: str, typed: str, status: int, sentence: str
) -> None:
    near(places, "officer")
    answer = browse("officer").post(PAGE, PAGE, number=typed)
    assert answer.status_code == status
    assert sentence in html.unescape(answer.text)
    assert f'value="{typed}"' in answer.text  # what was typed is not lost


def test_a_number_in_the_address_is_taken_out_of_sight(browse: Browse) -> None:
    officer = browse("officer")
    for name in ("place", "digits"):
        answer = officer.get(f"{PAGE}?{name}=76000011")
        assert (answer.status_code, answer.headers["Location"]) == (303, PAGE)
    assert "ne laisse pas de trace" in officer.read(PAGE)


def rows(page: str) -> list[list[str]]:
    """The cells of the list, as a person reads them."""
    body = page.split("<tbody>")[1].split("</tbody>")[0] if "<tbody>" in page else ""
    cells = [re.findall(r"<t[hd][^>]*>(.*?)</t[hd]>", row, re.DOTALL) for row in body.split("</tr>")[:-1]]
    return [[" ".join(html.unescape(re.sub("<[^>]+>", "", cell)).split()) for cell in row] for row in cells]


def test_list_of_a_village_shows_two_digits_and_who(browse: Browse, places: World) -> None:
    found = rows(browse("officer").get(f"{PAGE}?place=village+esai").text)  # spelling is forgiven
    assert [row[:3] for row in found] == [
        ["numéro finissant par•• 41", "animateur", "Village Essai"],
        ["numéro finissant par•• 11", "membre", "Village Essai"],
        ["numéro finissant par•• 12", "membre", "Village Essai"],
    ]
    assert [row[0][-2:] for row in rows(browse("officer").get(f"{PAGE}?place=village+essai&digits=12").text)] == ["12"]
    assert len(rows(browse("officer").get(f"{PAGE}?place=1041").text)) == 3
    assert "ne ressemble à" in browse("officer").read(f"{PAGE}?place=Tombouctou")
    assert "Aucun téléphone ici." in browse("officer").read(f"{PAGE}?place=loin&digits=11")


def test_list_goes_on_where_it_stopped(browse: Browse, places: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("campaigns.admin.paging.page.__defaults__", (2,))
    officer, where, seen = browse("officer"), f"{PAGE}?place=village+essai", []
    while where:
        page = officer.get(where).text
        seen += [row[0][-2:] for row in rows(page)]
        further = re.search(r'class="further"><a class="button quiet" href="([^"]+)"', page)
        where = html.unescape(further[1]) if further else ""
    assert seen == ["41", "11", "12"]


def test_focal_point_names_a_commune_and_no_village(browse: Browse, places: World) -> None:
    with places.db.write() as session:
        commune = Place(level=Level.COMMUNE, name="Doucombo", folded=folded("Doucombo"), sms_name="D", languages=[])
        session.add(commune)
        session.flush()
        session.add(PlaceParent(place_id=places.village_id, parent_id=commune.id))
    focal = browse("focal_point")
    assert [row[:3] for row in rows(focal.get(f"{PAGE}?place=doukombo&digits=11").text)] == [
        ["numéro finissant par•• 11", "membre", "Doucombo"]
    ]
    assert len(rows(browse("officer").get(f"{PAGE}?place=doucombo").text)) == 3
    assert "Code de club" not in focal.read(PAGE)
    assert "ne ressemble à" in focal.read(f"{PAGE}?place=village+essai")
    assert "ne ressemble à" in focal.read(f"{PAGE}?place=1041")
    page = focal.read(at(places))
    for word in ("Village Essai", "Yassa"):
        assert word not in page
    assert "Village Essai" in browse("officer").read(at(places))
    assert "Yassa" in browse("officer").read(at(places))


# --- for whom


@pytest.mark.parametrize("who", ["editor", "translator", "approver", "evaluation", "auditor", "administrator"])
def test_other_roles_see_no_phone(browse: Browse, places: World, who: str) -> None:
    browser = browse(who)
    for path in (PAGE, at(places)):
        assert browser.get(path).status_code == 403
    assert browser.post(PAGE, "/admin/settings", number=AWA).status_code == 403
    for act in ACTS:
        assert browser.post(at(places), "/admin/settings", do=act, reason=WHY).status_code == 403
    assert f'href="{PAGE}"' not in browser.get("/admin/essai/people").text


@pytest.mark.parametrize("act", ["hold", "lift", "replace", "stop"])
def test_focal_point_changes_nothing(browse: Browse, places: World, act: str) -> None:
    focal = browse("focal_point")
    form = {"why": "lost", "number": NEW, "reason": WHY, "held": "drop", "by": "person", "sure": "yes"}
    assert do(focal, places, act, **form).status_code == 403
    assert "Mettre en quarantaine" not in focal.read(at(places))
    assert "Noter un arrêt" not in focal.read(at(places))
    assert phone(places).quarantine is None
    assert phone(places).opted_out_at is None


def test_phones_of_another_place_and_of_nobody_are_not_there(browse: Browse, app: Flask, places: World) -> None:
    """Every address of the room, with the ids of another place, of nobody, of another programme, and of nothing."""
    near(places, "officer")
    theirs = World(places.db, places.now).programme("autre", demonstration=True)
    theirs.member("+22376000055")
    officer = browse("officer")
    idents = [places.phones[ELSEWHERE], places.phones[STRANGER], theirs.phones["+22376000055"], 10**6]
    rules = [
        rule
        for rule in app.url_map.iter_rules()
        if rule.endpoint.startswith("numbers.") and rule.arguments > {"programme"}
    ]
    assert rules
    for ident in idents:
        for rule in rules:
            path = f"{PAGE}/{ident}"
            if "GET" in rule.methods:
                assert officer.get(path).status_code == 404
            for act in ACTS if "POST" in rule.methods else ():
                form = {"do": act, "reason": WHY, "why": "lost", "by": "person", "sure": "yes"}
                assert officer.post(path, PAGE, **form).status_code == 404
    with places.db.read() as session:
        assert not session.scalars(sa.select(Phone.id).where(Phone.opted_out_at.is_not(None))).all()
    assert officer.get(at(places)).status_code == 200
    assert not notes(places, "number_shown") + notes(places, "conversation_read") + notes(places, "quarantined")
    assert browse("focal_point").get(f"{PAGE}/{places.phones[STRANGER]}").status_code == 200  # she works everywhere


def test_who_shares_the_phone_elsewhere_is_only_counted(browse: Browse, places: World) -> None:
    with places.db.write() as session:
        far = session.scalars(sa.select(Member.id).where(Member.code == "LOIN-1")).one()
        session.add(MemberPhone(member_id=far, phone_id=places.phones[AWA], ownership=Ownership.NEIGHBOUR))
    near(places, "officer")
    page = browse("officer").read(at(places))
    assert "Et 1 personne d'un autre lieu." in page
    for word in ("LOIN-1", "Ramata", "Loin"):
        assert word not in page


def test_own_phone_of_an_account_is_not_there(browse: Browse, places: World) -> None:
    account(places, "editor")
    with places.db.write() as session:
        session.execute(sa.update(Staff).where(Staff.name == "editor").values(phone_id=places.phones[STRANGER]))
    assert browse("officer").get(at(places, STRANGER)).status_code == 404


# --- its number


def test_number_is_shown_once_for_a_reason_that_is_noted(browse: Browse, places: World) -> None:
    officer = browse("officer")
    answer = do(officer, places, "number", reason=f"{WHY}, son mari a le 76 00 00 12")
    assert AWA in answer.text
    assert "no-store" in answer.headers["Cache-Control"]
    assert AWA[-4:] not in officer.get(at(places)).text
    assert notes(places, "number_shown") == [{"reason": f"{WHY}, son mari a le [numéro]"}]


@pytest.mark.parametrize("act", ["number", "talk"])
@pytest.mark.parametrize("reason", ["", "oui", "x" * 201], ids=["none", "too short", "too long"])
def test_without_a_reason_nothing_is_shown_or_noted(browse: Browse, places: World, act: str, reason: str) -> None:
    answer = do(browse("officer"), places, act, reason=reason)
    assert answer.status_code == 400
    assert "Écrivez pourquoi" in answer.text
    assert AWA[-4:] not in answer.text
    assert 'class="talk"' not in answer.text
    assert f'value="{reason}"' in answer.text
    assert not notes(places, "number_shown") + notes(places, "conversation_read")


# --- its SMS


def talk(page: str) -> list[str]:
    """The conversation, as a person reads it."""
    body = page.split('<ol class="talk">')[1].split("</ol>")[0]
    return [
        f"{'<' if 'ours' in item else '>'} {html.unescape(re.search(r'<p[^>]*>(?:<em>)?(.*?)(?:</em>)?</p>', item)[1])}"
        for item in body.split("</li>")[:-1]
    ]


@pytest.fixture
def said(places: World) -> World:
    """A text that left with its words, a trial, one on pregnancy, and an SMS that nobody has read yet."""
    with places.db.write() as session:
        version = session.execute(
            sa.select(TextVersion).join(Text, Text.id == TextVersion.text_id).where(Text.language == "fr")
        ).scalars().first()  # fmt: skip
        which = sa.update(Message).where(Message.phone_id == places.phones[AWA])
        text = {"text_id": version.text_id, "text_version": version.version}
        session.execute(which.where(Message.occurrence == "o0").values(**text))
        session.execute(which.where(Message.occurrence == "o1").values(**text, personal=True))
        person = account_id(session)
        session.execute(
            which.where(Message.occurrence == "o2").values(
                body="ESSAI: code 123456", trial_of=person, handed_over_at=places.now - timedelta(hours=1)
            )
        )
        session.execute(
            sa.insert(Inbound).values(
                gateway_id=1, dedupe_key="neuf", text="attaque au village", phone_id=places.phones[AWA],
                received_at=places.now + timedelta(seconds=1), next_at=places.now, digest="n", state=InboundState.NEW,
                kind="sms", replaced=False, stopped=False, tries=0, maybe_sensitive=False,
            )
        )  # fmt: skip
    return places


def account_id(session) -> int:
    person = Staff(email="essai@essai.example", name="e", password="x", created_at=utc_now(), fs_uniquifier="e" * 64)
    session.add(person)
    session.flush()
    return person.id


def test_officer_reads_the_conversation_with_its_masks(browse: Browse, said: World) -> None:
    page = do(browse("officer"), said, "talk", reason=WHY).text
    assert talk(page) == [
        "< essai d'un compte",
        "> pas encore trié",
        "< Lavez les mains au savon ou a la cendre.",
        "> Merci, mon numéro est [numéro]",
        "< Lavez les mains au savon ou a la cendre.",
        "> pas encore lu",
    ]
    for word in ("argent", "a bɛ di", "attaque", "123456"):
        assert word not in page
    assert notes(said, "conversation_read") == [{"reason": WHY}]
    assert 'class="talk"' not in browse("officer").get(at(said)).text


def test_focal_point_reads_what_was_understood_and_nothing_personal(browse: Browse, said: World) -> None:
    page = do(browse("focal_point"), said, "talk", reason=WHY).text
    assert talk(page) == [
        "< essai d'un compte", "< message personnel", "> avis", "< Lavez les mains au savon ou a la cendre.",
    ]  # fmt: skip


def test_older_sms_come_with_the_same_reason(browse: Browse, said: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("campaigns.admin.talk.SIZE", 3)
    officer, seen, before = browse("officer"), [], ""
    while True:
        page = do(officer, said, "talk", reason=WHY, before=before).text
        seen = talk(page) + seen
        older = re.search(r'name="before" value="([^"]+)"', page)
        if not older:
            break
        before = older[1]
        assert f'name="reason" value="{WHY}"' in page
    assert len(seen) == 6
    assert seen[0] == "< essai d'un compte"
    assert notes(said, "conversation_read") == [{"reason": WHY}] * 2
    assert len(talk(do(officer, said, "talk", reason=WHY, before="zzz~0~x").text)) == 3  # an invented key


def test_held_and_dropped_sms_are_never_shown(browse: Browse, places: World) -> None:
    officer = browse("officer")
    do(officer, places, "hold", why="seized")
    write(places, "attaque demain")
    assert talk(do(officer, places, "talk", reason=WHY).text)[-1] == "> pas encore lu"
    do(officer, places, "lift", reason=WHY, held="drop")
    assert talk(do(officer, places, "talk", reason=WHY).text)[-1] == "> pas encore trié"


def write(world: World, text: str, number: str = AWA) -> None:
    now = utc_now()
    arrival = Arrival(dedupe_key=text[:20] + number, sender=number, text=text, received_at=now, digest="d")
    inbox.receive(world.db, "simulator", [arrival])


# --- quarantine


def test_quarantine_and_lifting(browse: Browse, places: World) -> None:
    officer = browse("officer")
    answer = do(officer, places, "hold", why="lost")
    assert (answer.status_code, answer.headers["Location"]) == (303, at(places))
    page = officer.read(at(places))
    assert "Numéro en quarantaine" in page
    assert "quarantaine : perdu" in page
    assert "2 messages à envoyer, 0 SMS reçu" in page
    assert [row[3] for row in rows(officer.get(f"{PAGE}?place=village+essai&digits=11").text)] == [
        "quarantaine : perdu"
    ]
    write(places, "aide")
    assert "1 SMS reçu" in officer.read(at(places))
    missing = do(officer, places, "lift", reason="", held="read")
    assert missing.status_code == 400
    assert 'value="read" checked' in missing.text
    assert do(officer, places, "lift", reason=WHY, held="read").status_code == 303
    assert phone(places).quarantine is None
    assert notes(places, "quarantined") == [{"why": "lost", "messages": 1, "inbounds": 0}]
    assert notes(places, "quarantine_lifted")[0]["reason"] == WHY


@pytest.mark.parametrize(
    ("act", "form", "sentence"),
    [
        ("hold", {"why": "vendu"}, "Choisissez ce qui est arrivé."),
        ("lift", {"reason": WHY}, "Choisissez que faire des SMS retenus."),
        ("lift", {"reason": WHY, "held": "drop"}, "pas en quarantaine"),
        ("replace", {"number": NEW}, "Mettez d'abord l'ancien numéro en quarantaine."),
        ("replace", {"number": "76"}, "Il manque des chiffres."),
    ],
)
def test_what_cannot_be_done_is_said(
    browse: Browse, places: World, act: str, form: dict[str, str], sentence: str
) -> None:
    answer = do(browse("officer"), places, act, **form)
    assert answer.status_code == 400
    assert sentence in html.unescape(answer.text)
    assert browse("officer").post(at(places), PAGE, do="rien").status_code == 400
    assert phone(places).quarantine is None


def test_sentences_stand_at_their_forms(browse: Browse, places: World) -> None:
    officer = browse("officer")
    do(officer, places, "hold", why="seized")
    answer = officer.post(at(places), PAGE, do="replace", number="76 00 00 41 2")
    text = html.unescape(answer.text)
    assert "Il y a trop de chiffres." in text
    assert 'value="76 00 00 41 2"' in text
    assert 'aria-describedby="replace-fault"' in text


def test_a_new_sim_takes_the_place_after_its_yes(browse: Browse, installation: Installation, places: World) -> None:
    officer = browse("officer")
    do(officer, places, "hold", LEADER, why="seized")
    answer = officer.post(at(places, LEADER), PAGE, do="replace", number="76 99 00 12")
    assert answer.status_code == 303
    page = officer.read(at(places, LEADER))
    assert "en attente de son OUI" in page
    assert NEW[-4:] not in page
    sender.send_due(installation, utc_now())
    assert "remplace-t-elle" in installation.adapters.book.sent(NEW)[-1][1]
    write(places, "Oui", NEW)
    converse(places.db, utc_now() + timedelta(seconds=1))
    with places.db.read() as session:
        new = people.find_phone(session, NEW)
        assert session.scalars(sa.select(Facilitator.phone_id)).all() == [new.id]
    places.phones[NEW] = new.id
    assert f'href="{at(places, LEADER)}"' in officer.get(at(places, NEW)).text  # to the history
    old = officer.read(at(places, LEADER))
    assert f'href="{at(places, NEW)}"' in old
    assert "Remplacé par" in old


def test_history_of_a_replaced_number_is_for_who_sees_the_new_one(browse: Browse, places: World) -> None:
    with places.db.write() as session:
        session.execute(
            sa.update(Phone).where(Phone.id == places.phones[STRANGER]).values(replaced_by_id=places.phones[AWA])
        )
        session.execute(sa.update(Phone).where(Phone.id == places.phones[AWA]).values(quarantine=Quarantine.LOST))
    near(places, "officer")
    assert browse("officer").get(at(places, STRANGER)).status_code == 200
    with places.db.write() as session:
        session.execute(
            sa.update(Phone).where(Phone.id == places.phones[STRANGER]).values(replaced_by_id=places.phones[ELSEWHERE])
        )
    assert browse("officer").get(at(places, STRANGER)).status_code == 404


def test_state_is_told_in_words(browse: Browse, places: World) -> None:
    with places.db.write() as session:
        session.execute(
            sa.update(Phone)
            .where(Phone.id == places.phones[AWA])
            .values(opted_out_at=places.now, opted_out_by="voice", invalid_at=places.now, last_delivered_at=places.now)
        )
        session.execute(sa.update(Club).values(relay_phone_id=places.phones[AWA]))
        session.execute(sa.update(Message).values(delivery=Delivery.DELIVERED))
    page = browse("officer").read(at(places))
    for words in ("de vive voix", "dit par l'opérateur", "jamais", "+22376", "club 1041"):
        assert words in re.sub(r"\s+", " ", re.sub("<[^>]+>", "", page)), words


# --- a STOP that is said by mouth


def queue(world: World, *numbers: str) -> None:
    """One text of the campaign for each of these phones, due now, for people who agreed."""
    moment = utc_now() - timedelta(minutes=1)
    with world.db.write() as session:
        session.execute(sa.delete(Message))
        text = session.scalars(sa.select(Text).where(Text.language == "fr").order_by(Text.id)).first()
        for number in numbers:
            session.add(Message(
                programme_id=world.programme_id, kind=Kind.CAMPAIGN, step_id=text.step_id, occurrence="o",
                phone_id=world.phones[number], text_id=text.id, text_version=text.version, language_wanted="fr",
                member_id=session.scalar(
                    sa.select(MemberPhone.member_id).where(MemberPhone.phone_id == world.phones[number])
                ),
                language="fr", encoding="GSM-7", segments=1, due_at=moment, next_at=moment,
                useful_until=moment + timedelta(days=1), created_at=moment,
            ))  # fmt: skip


@pytest.mark.parametrize(
    ("by", "told"), [("person", "la personne elle-même"), ("facilitator", "l'animatrice")], ids=["herself", "for her"]
)
def test_a_stop_by_mouth_lets_nothing_leave(
    browse: Browse, places: World, installation: Installation, by: str, told: str
) -> None:
    queue(places, AWA, BINTA)
    officer = browse("officer")
    answer = do(officer, places, "stop", by=by, sure="yes")
    assert (answer.status_code, answer.headers["Location"]) == (303, at(places))
    sender.send_due(installation, utc_now())
    converse(places.db, utc_now())
    sender.send_due(installation, utc_now())
    assert installation.adapters.book.sent(AWA) == [], "no text, and no SMS that confirms it"
    assert len(installation.adapters.book.sent(BINTA)) == 1
    with places.db.read() as session:
        closed = session.scalars(sa.select(Message).where(Message.phone_id == places.phones[AWA])).all()
        assert [(row.state, row.reason) for row in closed] == [(State.CLOSED, "opted_out")]
    page = " ".join(re.sub("<[^>]+>", " ", officer.read(at(places))).split())
    assert "C'est noté : plus rien ne part vers ce téléphone" in page
    assert f", de vive voix dit par {told}" in page
    assert "Noter un arrêt" not in page, "it is done"
    assert notes(places, "stop_noted") == [{"by": by}]
    assert notes(places, "opted_out") == [None]
    log = browse("auditor").read("/admin/audit")
    for words in ("STOP dit de vive voix, noté", "une personne, de vive voix", told):
        assert words in log, words


NOT_NOTED = (
    ("nobody said it", {"sure": "yes"}, "Choisissez qui l'a dit."),
    ("somebody unknown", {"by": "gateway", "sure": "yes"}, "Choisissez qui l'a dit."),
    ("not confirmed", {"by": "facilitator"}, "Cochez la case pour confirmer."),
)


@pytest.mark.parametrize(("form", "sentence"), [row[1:] for row in NOT_NOTED], ids=[row[0] for row in NOT_NOTED])
def test_a_stop_is_confirmed_once(browse: Browse, places: World, form: dict[str, str], sentence: str) -> None:
    answer = do(browse("officer"), places, "stop", **form)
    assert answer.status_code == 400
    assert sentence in html.unescape(answer.text)
    assert answer.text.count('value="facilitator" checked') == (form.get("by") == "facilitator"), "what was chosen"
    assert phone(places).opted_out_at is None
    assert not notes(places, "stop_noted")


def test_a_stop_by_mouth_drops_what_was_asked_and_only_the_person_comes_back(browse: Browse, places: World) -> None:
    officer = browse("officer")
    assert "seule revient, en écrivant REPRENDRE" in officer.read(at(places))
    with places.db.write() as session:
        session.add(Pending(
            phone_id=places.phones[AWA], kind="consent", made_at=utc_now(), kept={},
            expires_at=utc_now() + timedelta(days=1),
        ))  # fmt: skip
    do(officer, places, "stop", by="person", sure="yes")
    with places.db.read() as session:
        assert session.get(Pending, places.phones[AWA]) is None, "a late yes answers nothing"
    write(places, "oui", AWA)
    converse(places.db, utc_now() + timedelta(seconds=1))
    assert phone(places).opted_out_at is not None
    for words in ("REPRENDRE", "OUI"):
        write(places, words, AWA)
        converse(places.db, utc_now() + timedelta(seconds=1))
    assert phone(places).opted_out_at is None
    assert "Noter un arrêt" in officer.read(at(places))


def test_a_second_stop_is_noted_too(browse: Browse, places: World) -> None:
    """Another window still shows the form: a later yes must be later than the last STOP."""
    officer = browse("officer")
    do(officer, places, "stop", by="person", sure="yes")
    first = phone(places).opted_out_at
    assert do(officer, places, "stop", by="facilitator", sure="yes").status_code == 303
    assert phone(places).opted_out_at > first
    assert len(notes(places, "stop_noted")) == 2
    assert len(notes(places, "opted_out")) == 1
