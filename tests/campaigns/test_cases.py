"""The life of a case: filed, taken, answered, confirmed by the complainant; pauses, referral, sensitive ones, two at
once; and the SMS to the person on duty."""

from __future__ import annotations

from datetime import date, datetime, timedelta

import pytest
import sqlalchemy as sa

from campaigns import answering, caseload, cases, clocks, sorting
from campaigns.models import CasePause, Feedback
from messaging import calls, people, quarantine, staff
from messaging.errors import RefusedError, StaleError
from messaging.installation import Installation
from messaging.models import (
    Audit,
    Call,
    Hours,
    Inbound,
    Message,
    Pending,
    Phone,
    Place,
    Programme,
    Role,
    Staff,
    StaffPlace,
)
from messaging.models.people import ClubKind, Quarantine
from messaging.models.place import Level
from messaging.places import folded
from tests.script import Script
from tests.world import World

AWA, BINTA, STRANGER = "+22370000001", "+22370000002", "+22370000077"
DUTY, OTHER_DUTY = "+22379000001", "+22379000002"
NUMBERS = {"awa": AWA, "binta": BINTA, "inconnu": STRANGER, "garde": DUTY, "autre": OTHER_DUTY}
TAKEN = "On a parle au magasinier. Les semences arrivent lundi."


@pytest.fixture
def script(installation: Installation, world: World) -> Script:
    """A member who writes French, one who writes Bambara, and an officer."""
    world.club("1041", ClubKind.LISTENERS_CLUB)
    world.member(AWA, club="1041")
    world.member(BINTA, "bm", club="1041")
    with world.db.write() as session:
        staff.add(session, "awa@essai.example", [(Role.OFFICER, "")], world.now, programmes=["essai"])
    return Script(installation, NUMBERS, world.now)


def on_duty(script: Script, world: World, number: str, *roles: tuple[Role, str], **more: bool) -> None:
    """An account with a confirmed phone."""
    world.on_duty(number, *roles, **more)


def filed(world: World) -> Feedback:
    """The last case."""
    with world.db.read() as session:
        return session.scalars(sa.select(Feedback).order_by(Feedback.id.desc()).limit(1)).one()


def do(script: Script, act: str, *given: object, mark: str | None = None, who: int = 1) -> object:
    """One act of an account on the last case."""
    with script.here.db.write() as session:
        ident = session.scalars(sa.select(sa.func.max(Feedback.id))).one()
        case = cases.locked(session, ident, mark)
        return getattr(cases, act)(session, case, *given, who, script.now)


def answer(script: Script, words: str = TAKEN) -> bool:
    """Answer by SMS."""
    with script.here.db.write() as session:
        case = cases.locked(session, session.scalars(sa.select(sa.func.max(Feedback.id))).one())
        programme = session.scalars(sa.select(Programme)).one()
        is_asked = cases.answer(session, case, words, "fr", programme, 1, script.now)
    script.turn()  # the answer leaves now, the question a minute later
    return is_asked


def test_a_complaint_is_answered_and_closed_by_the_complainant(script: Script, world: World) -> None:
    script.play("awa > PLAINTE les semences ne sont pas la")
    number = caseload.number(filed(world).id)
    script.play(f"awa < Recu, numero {number}. Reponse sous 14 jours.")
    assert answer(script)
    script.play(f"""
        @ 2026-03-12 17:35
        awa < {TAKEN}
        awa < Numero {number}: etes-vous satisfait de la reponse? OUI ou NON
        awa > oui
        awa < Merci. Le numero {number} est clos.
        awa <
    """)
    case = filed(world)
    assert (case.satisfied, case.closed_at is not None, case.reopened) == (True, True, 0)
    assert (case.taken_by, case.answered_by, case.answer) == (1, 1, TAKEN)


def test_a_no_opens_it_again_for_a_call_and_the_second_is_a_supervisors(script: Script, world: World) -> None:
    script.play("awa > PLAINTE les semences ne sont pas la")
    number = caseload.number(filed(world).id)
    script.play(f"awa < Recu, numero {number}. Reponse sous 14 jours.")
    for time, times in (("17:35", 1), ("17:45", 2)):
        answer(script)
        script.play(f"""
            @ 2026-03-12 {time}
            awa < {TAKEN}
            awa < Numero {number}: etes-vous satisfait de la reponse? OUI ou NON
            awa > NON
            awa < Le numero {number} reste ouvert. On vous appelle.
        """)
        case = filed(world)
        assert (case.satisfied, case.reopened, case.answered_at, case.closed_at) == (False, times, None, None)
        with world.db.read() as session:
            assert [row.reason for row in session.scalars(sa.select(Call))] == ["case"], "one open call, not two"
            supervised = session.scalars(caseload.cases().where(caseload.IS_SUPERVISED)).all()
        assert len(supervised) == times - 1


def test_without_an_answer_staff_close_after_a_day(script: Script, world: World) -> None:
    script.play("awa > PLAINTE les semences ne sont pas la")
    answer(script)
    script.play("@ 2026-03-13 12:00")
    with pytest.raises(RefusedError, match="attendez ses 24 heures"):
        do(script, "close")
    script.play("@ 2026-03-13 17:31")
    do(script, "close")
    assert filed(world).closed_at == script.now


def test_a_late_yes_is_no_answer_any_more(script: Script, world: World) -> None:
    script.play("awa > PLAINTE les semences ne sont pas la")
    answer(script)
    script.play("""
        @ 2026-03-14 18:00
        awa > oui
    """)
    assert filed(world).category == "unclassified", "a day later it is free text, and a case of its own"


def test_a_keyword_alone_waits_for_its_words(script: Script, world: World) -> None:
    script.play("""
        awa > PLAINTE
        awa < Ecrivez votre message svp.
        awa > on n'a rien recu
    """)
    case = filed(world)
    script.play(f"awa < Recu, numero {caseload.number(case.id)}. Reponse sous 14 jours.")
    assert case.category == "complaint_minor"
    with world.db.read() as session:
        assert session.get(Pending, world.phones[AWA]) is None


# --- who is not asked, and not written to


def stop(script: Script) -> None:
    script.play("awa > STOP")


def hold(script: Script) -> None:
    with script.here.db.write() as session:
        phone = people.find_phone(session, AWA)
        quarantine.put(session, phone, Quarantine.LOST, "staff:1", script.now)


def invalid(script: Script) -> None:
    with script.here.db.write() as session:
        people.find_phone(session, AWA).invalid_at = script.now


def harm(script: Script) -> None:
    with script.here.db.write() as session:
        session.execute(sa.update(Feedback).values(category="adverse"))


@pytest.mark.parametrize(
    ("happens", "says"),
    [(stop, "a dit STOP depuis"), (hold, "en quarantaine"), (invalid, "n'existe plus"), (harm, "lit peut-être")],
    ids=["a STOP since", "quarantine", "no such number", "harm by messages"],
)
def test_no_sms_goes_to(script: Script, world: World, happens, says: str) -> None:
    script.play("awa > PLAINTE les semences ne sont pas la")
    script.now += timedelta(minutes=1)
    happens(script)
    with pytest.raises(RefusedError, match=says):
        answer(script)
    assert filed(world).answered_at is None


def test_who_said_stop_before_is_answered_and_not_asked(script: Script, world: World) -> None:
    script.play("awa > STOP")
    script.now += timedelta(minutes=1)
    script.play("awa > PLAINTE les semences ne sont pas la")
    assert answer(script) is False
    script.now += timedelta(minutes=5)
    script.turn()
    assert [row.rpartition(" ")[2] for row in script.sent(AWA)][-1] == TAKEN.rpartition(" ")[2]


def test_nobody_is_asked_while_another_question_waits(script: Script, world: World) -> None:
    script.play("awa > PLAINTE les semences ne sont pas la")
    with world.db.write() as session:
        session.add(Pending(
            phone_id=world.phones[AWA], kind="consent", kept={"club": None, "text_version": "1"}, made_at=script.now,
            expires_at=script.now + timedelta(days=7),
        ))  # fmt: skip
    assert answer(script) is False
    with world.db.read() as session:
        assert session.get_one(Pending, world.phones[AWA]).kind == "consent"


WORDS = [
    ("nothing", "  ", "Écrivez la réponse"),
    ("letters that cost", "Mɔgɔ bɛ na sini", "ne passent pas"),
    ("two segments", "a" * 161, "Trop long de 1 signes"),
    ("an agency", "La FAO vient lundi.", "n'entre dans aucun SMS"),
    ("a list", "Vous etes sur la liste des vulnérables.", "n'entre dans aucun SMS"),
    ("money", "Vous recevrez 5000 FCFA.", "n'entre dans aucun SMS"),
    ("an amount", "Vous recevrez 5000 francs.", "n'entre dans aucun SMS|somme d'argent"),
    ("a link", "Voyez www.exemple.org", "adresse"),
    ("a request for money", "Envoyez votre argent au chef.", "argent"),
]


@pytest.mark.parametrize(("words", "says"), [row[1:] for row in WORDS], ids=[row[0] for row in WORDS])
def test_an_answer_cannot_leave_with(script: Script, world: World, words: str, says: str) -> None:
    script.play("awa > PLAINTE les semences ne sont pas la")
    with pytest.raises(RefusedError, match=says):
        answer(script, words)
    with world.db.read() as session:
        assert not session.scalars(sa.select(Message).where(Message.occurrence.startswith("case:"))).all()


def test_an_answer_is_spelt_for_the_air_and_passes_the_outbox(script: Script, world: World) -> None:
    script.play("awa > PLAINTE les semences ne sont pas la")
    with world.db.read() as session:
        assert answering.spelt(session, "Les  semences arrivent à la fête’", "fr") == "Les semences arrivent à la fete'"
    answer(script)
    with world.db.read() as session:
        rows = session.scalars(sa.select(Message).where(Message.occurrence.startswith("case:")).order_by(Message.id))
        found = [(row.kind.value, row.occurrence, row.village_id) for row in rows]
    ident = filed(world).id
    assert found == [("reply", f"case:{ident}:1", world.village_id), ("reply", f"case:{ident}:2:ask", world.village_id)]


# --- sensitive ones


def test_a_sensitive_case_is_never_answered_by_sms_nor_asked(script: Script, world: World) -> None:
    script.play("awa > l'agent demande de l'argent pour inscrire")
    with pytest.raises(RefusedError, match="aucun SMS ne part"):
        answer(script)
    do(script, "take")
    do(script, "phoned", "elle a donné un nom")
    case = filed(world)
    assert (case.answer, case.answered_at is not None) == (None, True), "dates alone are kept"
    with world.db.read() as session:
        assert session.get(Pending, world.phones[AWA]) is None
        assert not session.scalars(sa.select(Message).where(Message.occurrence.startswith("case:"))).all()


def test_a_referral_holds_the_body_and_the_date_alone(script: Script, world: World) -> None:
    script.play("awa > mon mari m'a frappe")
    do(script, "refer", "Service social, 76 12 34 56")
    case = filed(world)
    assert (case.referred_to, case.referred_at) == ("Service social, [numéro]", script.now)
    for body in ("", "x" * 81):
        with pytest.raises(RefusedError, match="nom du service"):
            do(script, "refer", body)


def test_closing_a_security_message_erases_its_words(script: Script, world: World) -> None:
    script.play("awa > on nous a attaque hier")
    with pytest.raises(RefusedError, match="Répondez d'abord"):
        do(script, "close")
    do(script, "phoned", "")
    do(script, "close")
    with world.db.read() as session:
        row = session.scalars(sa.select(Inbound)).one()
    assert (row.text, row.category) == ("", "security")


def test_what_is_found_sensitive_later_is_asked_nothing_any_more(script: Script, world: World) -> None:
    script.play("awa > PLAINTE les semences ne sont pas la")
    answer(script)
    with world.db.write() as session:
        row = session.scalars(sa.select(Inbound)).one()
        sorting.sort(session, {row.id: "psea"}, {row.id: row.sorted_as or ""}, 1, world.programme_id, script.now)
    with world.db.read() as session:
        assert session.get(Pending, world.phones[AWA]) is None
    assert filed(world).category == "sensitive_psea"


def test_a_case_somebody_works_on_is_closed_rather_than_lost(script: Script, world: World) -> None:
    script.play("awa > QUESTION quand passe l'emission")
    do(script, "take")
    ident = filed(world).id
    with world.db.write() as session:
        row = session.scalars(sa.select(Inbound)).one()
        assert row.sorted_as == "question", "taken is sorted too"
        sorting.sort(session, {row.id: "noise"}, {row.id: "question"}, 1, world.programme_id, script.now)
    case = filed(world)
    assert (case.id, case.closed_at) == (ident, script.now)


# --- clocks and pauses


def standing(world: World, now: datetime) -> str:
    """How the clock of the last case stands: by the row, and by every condition of a query."""
    case = filed(world)
    with world.db.read() as session:
        programme = session.scalars(sa.select(Programme)).one()
        days = caseload.days(session, programme)
        pauses = caseload.pauses_of(session, [case.id]).get(case.id, ())
        said = caseload.standing(case, now, days, pauses)
        for name in ("late", "near", "calm", "paused"):
            found = session.scalars(caseload.cases().where(caseload.stands(session, name, now, days))).all()
            assert (case.id in [row.id for row in found]) is (name == said), (name, said)
    return said


def test_a_clock_rests_for_a_reason_and_the_pause_is_logged(script: Script, world: World) -> None:
    script.play("awa > QUESTION quand passe l'emission")
    assert standing(world, script.now) == "calm"
    with pytest.raises(RefusedError, match="pourquoi le délai"):
        do(script, "pause", "holidays")
    do(script, "pause", "agency")
    with pytest.raises(RefusedError, match="déjà en pause"):
        do(script, "pause", "agency")
    script.now += timedelta(days=7)
    assert standing(world, script.now) == "paused"
    do(script, "resume")
    assert standing(world, script.now) == "calm"
    assert standing(world, script.now + timedelta(days=4)) == "near"
    assert standing(world, script.now + timedelta(days=5)) == "late"
    with world.db.read() as session:
        rest = session.scalars(sa.select(CasePause)).one()
        lines = session.scalars(sa.select(Audit).where(Audit.object == "case").order_by(Audit.id)).all()
    assert (rest.reason, rest.started_by, rest.ended_by, rest.ended_at) == ("agency", 1, 1, script.now)
    assert [(row.action, row.after) for row in lines] == [
        ("paused", {"reason": "agency"}), ("resumed", {"reason": "agency"}),
    ]  # fmt: skip


STANDINGS = [
    ("a question", "awa > QUESTION quand passe l'emission", "", timedelta(days=6), "late"),
    ("a complaint in its first days", "awa > PLAINTE rien recu", "", timedelta(days=1), "calm"),
    ("a complaint that nobody looked at", "awa > PLAINTE rien recu", "", timedelta(days=6), "late"),
    ("a complaint that somebody took", "awa > PLAINTE rien recu", "take", timedelta(days=6), "calm"),
    ("fraud after a day", "awa > l'agent demande de l'argent", "", timedelta(hours=24), "late"),
    ("fraud that somebody took", "awa > l'agent demande de l'argent", "take", timedelta(hours=24), "calm"),
    ("fraud after 14 days", "awa > l'agent demande de l'argent", "take", timedelta(days=14), "late"),
    ("violence taken, not referred", "awa > il m'a frappe", "take", timedelta(hours=24), "late"),
    ("violence referred", "awa > il m'a frappe", "refer", timedelta(days=30), "calm"),
    ("security not phoned", "awa > on nous a attaque", "take", timedelta(minutes=1), "late"),
    ("security phoned", "awa > on nous a attaque", "phoned", timedelta(days=30), "calm"),
]


@pytest.mark.parametrize(("sms", "act", "later", "wanted"), [r[1:] for r in STANDINGS], ids=[r[0] for r in STANDINGS])
def test_standing_by_row_and_by_query(
    script: Script, world: World, sms: str, act: str, later: timedelta, wanted: str
) -> None:
    script.play(sms)
    if act:
        do(script, act, *(["Service social"] if act == "refer" else [""] if act == "phoned" else []))
    assert standing(world, filed(world).told_at + later) == wanted


def test_days_on_which_the_programme_is_closed_do_not_count(script: Script, world: World) -> None:
    with world.db.write() as session:
        feast = {"starts": date(2026, 3, 16), "ends": date(2026, 3, 17)}
        for row in (feast, {"weekday": 4}, feast | {"closed_spans": "12:00-14:00"}):
            session.add(Hours(programme_id=world.programme_id, position=9, kind="both", reason="x", **row))
    with world.db.read() as session:
        days = caseload.days(session, session.scalars(sa.select(Programme)).one())
    assert days.closed == ((feast["starts"], feast["ends"]),)
    told = script.now  # a Thursday
    assert clocks.due("answer", "question", told, days) == told + timedelta(days=7), "a weekend and two days of feast"


# --- two at once


def test_the_second_of_two_is_told(script: Script, world: World) -> None:
    script.play("awa > PLAINTE les semences ne sont pas la")
    with world.db.read() as session:
        mark = cases.seen(session, filed(world))
    do(script, "take", mark=mark, who=1)
    with pytest.raises(StaleError, match="changé ce dossier"):
        do(script, "refer", "Mairie", mark=mark, who=1)
    assert filed(world).referred_at is None


def test_every_act_is_one_line_without_words(script: Script, world: World) -> None:
    script.play("awa > PLAINTE les semences ne sont pas la")
    do(script, "take")
    answer(script)
    do(script, "refer", "Mairie")
    with world.db.write() as session:
        session.execute(sa.delete(Pending))
    do(script, "close")
    do(script, "reopen")
    with world.db.read() as session:
        lines = session.scalars(sa.select(Audit).where(Audit.object == "case").order_by(Audit.id)).all()
    assert [row.action for row in lines] == ["taken", "answered", "asked", "referred", "closed", "reopened"]
    told = str([(row.object_id, row.before, row.after) for row in lines])
    assert "semences" not in told
    assert "Mairie" not in told


# --- the person on duty


WAITS = "Jekulu: un message vous attend."
FOCAL, OFFICER = (Role.FOCAL_POINT, "fraud"), (Role.OFFICER, "")


def test_the_focal_point_of_the_category_is_told_within_the_minute(script: Script, world: World) -> None:
    on_duty(script, world, DUTY, FOCAL)
    on_duty(script, world, OTHER_DUTY, (Role.FOCAL_POINT, "psea"), OFFICER)
    script.play(f"""
        awa > l'agent demande de l'argent pour inscrire
        awa < Message recu. Merci.
        garde < {WAITS}
        autre <
        awa > l'agent veut encore de l'argent
        awa < Message recu. Merci.
        garde <
    """)
    script.now += timedelta(minutes=10)
    script.play(f"""
        awa > l'agent demande argent
        awa < Message recu. Merci.
        garde < {WAITS}
    """)
    with world.db.read() as session:
        rows = session.scalars(sa.select(Message).where(Message.occurrence.startswith("duty:"))).all()
    assert {row.kind.value for row in rows} == {"reply"}


def test_officers_are_told_of_what_no_list_has_screened(script: Script, world: World) -> None:
    on_duty(script, world, DUTY, OFFICER)
    on_duty(script, world, OTHER_DUTY, FOCAL)
    script.play(f"""
        binta > a be di
        garde < {WAITS}
        autre <
    """)
    script.now += timedelta(minutes=11)
    script.play(f"""
        inconnu > bonjour
        garde < {WAITS}
    """)
    with world.db.read() as session:
        rows = session.scalars(sa.select(Inbound).order_by(Inbound.id)).all()
        assert [row.maybe_sensitive for row in rows] == [True, True]
        assert session.scalars(sa.select(sorting.BOX).order_by(Inbound.id)).all() == ["doubtful", "doubtful"]


def test_a_plain_french_question_calls_nobody(script: Script, world: World) -> None:
    on_duty(script, world, DUTY, OFFICER, FOCAL)
    script.play("""
        awa > QUESTION quand passe l'emission
        garde <
    """)


def silenced(session, person: Staff) -> None:
    session.get_one(Phone, person.phone_id).opted_out_at = person.created_at


def unconfirmed(session, person: Staff) -> None:
    person.phone_confirmed_at = None


def closed(session, person: Staff) -> None:
    person.active = False


def practising(session, person: Staff) -> None:
    person.demonstration = True


def elsewhere(session, person: Staff) -> None:
    far = Place(level=Level.VILLAGE, name="Loin", folded=folded("Loin"), sms_name="Loin", languages=["fr"])
    session.add(far)
    session.flush()
    session.add(StaffPlace(staff_id=person.id, place_id=far.id))


@pytest.mark.parametrize("is_so", [silenced, unconfirmed, closed, practising, elsewhere])
def test_nobody_is_told_who(script: Script, world: World, is_so) -> None:
    on_duty(script, world, DUTY, FOCAL)
    with world.db.write() as session:
        is_so(session, staff.by_email(session, "01@essai.example"))
    script.play("""
        awa > l'agent demande de l'argent pour inscrire
        garde <
    """)


def test_a_demonstration_never_writes_to_a_real_number(installation: Installation, now: datetime) -> None:
    world = World(installation.db, now).programme("essai", demonstration=True)
    world.member(AWA)
    script = Script(installation, NUMBERS, now)
    on_duty(script, world, DUTY, FOCAL)
    script.play("awa > l'agent demande de l'argent pour inscrire")
    with world.db.read() as session:
        row = session.scalars(sa.select(Message).where(Message.occurrence.startswith("duty:"))).one()
        assert row.gateway_id == 1, "the simulator"


def test_a_call_is_made_once(script: Script, world: World) -> None:
    with world.db.write() as session:
        calls.ask(session, world.programme_id, world.phones[AWA], "errors", None, script.now)
        calls.ask(session, world.programme_id, world.phones[AWA], "errors", None, script.now)
    with world.db.write() as session:
        one = session.scalars(sa.select(Call)).one()
        assert calls.done(session, one.id, 1, script.now)
        assert not calls.done(session, one.id, 1, script.now)
