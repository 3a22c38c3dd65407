"""Questions to air: only what is sorted enters, without a name; it is grouped and answered, its askers are told."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa

from campaigns import erasure, sorting
from campaigns.clubs import askers, questions
from campaigns.clubs.names import Known
from campaigns.models import AirQuestion, AirQuestionAsker, AirQuestionState, Attendance, Episode
from messaging import staff
from messaging.errors import RefusedError
from messaging.installation import Installation
from messaging.models import Inbound, Member, Message, Phone, Place, PlaceParent, Programme, Risk, Station
from messaging.models.people import Route, Sex
from messaging.models.place import Level, RiskLevel
from tests.script import Script
from tests.world import World

AWA, BINTA, FANTA, KADIA = "+22370000001", "+22370000002", "+22370000009", "+22371000001"
NUMBERS = {"awa": AWA, "binta": BINTA, "fanta": FANTA, "kadia": KADIA}
AIRING = datetime(2026, 3, 17, 20, 30, tzinfo=UTC)  # a Tuesday
HENS = "Comment soigner les poules ?"
TOLD_CLUB = "Une question du club 1041 passera a l'emission 12, mardi 17/03 a 20h30, sur Radio Exemple."
TOLD = "L'emission 12 repondra a des questions recues: mardi 17/03 a 20h30, sur Radio Exemple."


@pytest.fixture
def script(installation: Installation, world: World) -> Script:
    """A club with its facilitator; two members who agreed to SMS, and one who speaks Bambara; an episode on Tuesday."""
    world.club("1041", facilitator=FANTA)
    for number, language in ((AWA, "fr"), (BINTA, "fr"), (KADIA, "bm")):
        world.member(number, language, club="1041")
    world.airing(AIRING)
    with world.db.write() as session:
        session.add_all([staff_row(session, "un"), staff_row(session, "deux")])
    return Script(installation, NUMBERS, world.now)


def staff_row(session, name: str):
    staff.add(session, f"{name}@essai.example", [], datetime(2026, 1, 1, tzinfo=UTC))
    return staff.by_email(session, f"{name}@essai.example")


def offered(world: World) -> list[str]:
    """What the officer is offered, in the words she reads."""
    with world.db.read() as session:
        query = askers.offered(world.programme_id).order_by(Inbound.id)
        return [question or inbound.text for inbound, question in session.execute(query)]


def act(world: World, do: Callable[..., object], text: str, *given: object, who: int = 1) -> int:
    """Make or join a question of the SMS with this text."""
    with world.db.write() as session:
        programme = session.get_one(Programme, world.programme_id)
        inbound = session.scalars(sa.select(Inbound).where(Inbound.text.contains(text))).one()
        found = tuple(session.get(AirQuestion, one) if isinstance(one, int) else one for one in given)
        made = (
            questions.make(session, programme, inbound, *found, None, Sex.F, who, world.now)
            if do is questions.make
            else do(
                session, programme, *found, inbound, *([Sex.UNKNOWN] if do is questions.join else []), who, world.now
            )
        )
        return made.id if isinstance(made, AirQuestion) else 0


def change(world: World, ident: int, do: Callable[..., None]) -> None:
    with world.db.write() as session:
        do(session, session.get_one(AirQuestion, ident))


def on_air(world: World, *idents: int) -> None:
    """Let the episode take some questions up."""
    with world.db.write() as session:
        episode = session.scalars(sa.select(Episode)).one()
        for ident in idents:
            questions.attach(session, session.get_one(AirQuestion, ident), episode, 1, world.now)


def tell(script: Script, at: datetime) -> None:
    script.now = at
    askers.tell_due(script.here.db, at)
    script.turn()


# --- what is offered

SMS = [
    ("awa", "QUESTION comment soigner les poules", True, "a member's question"),
    ("awa", "comment soigner les poules?", True, "free words that end in a question mark"),
    ("fanta", "QUESTION quand semer le mil", True, "a facilitator's question"),
    ("awa", "merci beaucoup", False, "no question"),
    ("awa", "QUESTION pourquoi l'agent demande de l'argent", False, "a sensitive one"),
    ("kadia", "QUESTION a bɛ di cogo di", False, "words that no list has screened"),
    ("fanta", "PRES 1041 F12 H8 T20", False, "a report"),
]


@pytest.mark.parametrize(("who", "text", "wanted"), [one[:3] for one in SMS], ids=[one[3] for one in SMS])
def test_what_the_officer_is_offered(script: Script, world: World, who: str, text: str, wanted: bool) -> None:
    script.write(who, text)
    assert offered(world) == ([text] if wanted else [])


def test_what_nobody_had_screened_is_offered_once_it_is_sorted(script: Script, world: World) -> None:
    script.write("kadia", "QUESTION a bɛ di cogo di")
    with world.db.write() as session:
        sorting.sort(session, {1: "question"}, {1: ""}, 1, world.programme_id, world.now)
    assert offered(world) == ["QUESTION a bɛ di cogo di"]


def test_the_question_of_a_report_is_offered_without_the_report(script: Script, world: World) -> None:
    script.write("fanta", "ECOUTE 1041 E12 F12 H8 T20 QUESTION quand semer le mil")
    with world.db.write() as session:
        session.execute(sa.update(Attendance).values(question="quand semer le mil"))
    assert offered(world) == ["quand semer le mil"]
    with world.db.write() as session:
        session.execute(sa.update(Attendance).values(sensitive=True))
    assert offered(world) == []


def test_what_was_erased_is_not_offered(script: Script, world: World) -> None:
    script.write("awa", "QUESTION comment soigner les poules")
    with world.db.write() as session:
        erasure.erase(session, session.get_one(Phone, world.phones[AWA]), world.now)
    assert offered(world) == []


def test_an_sms_asks_one_question(script: Script, world: World) -> None:
    script.write("awa", "QUESTION les poules")
    act(world, questions.make, "poules", HENS)
    assert offered(world) == []
    with pytest.raises(RefusedError, match="n'est plus à proposer"):
        act(world, questions.make, "poules", HENS)


def test_what_is_not_for_the_air_is_not_offered_again(script: Script, world: World) -> None:
    script.write("awa", "QUESTION quand venez-vous?")
    act(world, questions.set_aside, "venez")
    assert offered(world) == []
    with world.db.read() as session:
        assert session.execute(askers.counted()).all() == [], "it is no question of the queue"


def test_who_asks(script: Script, world: World) -> None:
    for who in ("awa", "fanta"):
        script.write(who, f"QUESTION de {who} sur les poules?")
    with world.db.read() as session:
        found = [askers.of(session, world.programme_id, row) for row in session.scalars(sa.select(Inbound))]
    club = world.clubs["1041"]
    assert found == [askers.Asker(club, Sex.F), askers.Asker(club, Sex.UNKNOWN)]


# --- the words

KNOWN = Known(frozenset({"awa", "fatou bintou"}), frozenset({"doucombo"}))
WORDS = [
    (HENS, []),
    ("Peut-on semer 2 fois par an ?", []),
    ("", ["Écrivez les mots"]),
    ("Awa demande comment soigner les poules", ["« awa » est un prénom"]),
    ("FATOU BINTOU a-t-elle raison ?", ["« fatou bintou » est un prénom"]),
    ("Où trouver du grillage à Doucombo ?", ["« doucombo » est un lieu"]),
    ("Qui appeler ? 76 12 34 56", ["« 76 12 34 56 » est un numéro"]),
    ("Pourquoi le club 1055 ?", ["« 1055 » est un numéro"]),
    ("Pourquoi l'agent demande de l'argent ?", ["message sensible"]),
    ("x" * 201, ["Trop long"]),
]


@pytest.mark.parametrize(("words", "faults"), WORDS, ids=[words[:30] or "none" for words, _faults in WORDS])
def test_words_that_are_read_on_the_air_name_nobody(words: str, faults: list[str]) -> None:
    found = list(questions.refusals(words, KNOWN))
    assert len(found) == len(faults)
    assert all(fault in said for fault, said in zip(faults, found, strict=True))


OTHERS = [(1, HENS), (2, "Quand semer le mil ?"), (3, "Les poules malades, que leur donner ?"), (4, "Le prix du mil ?")]
LIKE = [
    ("comment on soigne les poules svp", [1]),  # soigner, soigne
    ("mes poules sont malades", [3, 1]),
    ("quand faut il semer le mil", [2, 4]),
    ("la rougeole", []),
    ("", []),
]


@pytest.mark.parametrize(("words", "wanted"), LIKE)
def test_what_seems_to_ask_the_same(words: str, wanted: list[int]) -> None:
    assert questions.alike(words, OTHERS) == wanted


def test_days_waiting_count_from_the_first_asking_to_the_answer(script: Script, world: World) -> None:
    script.write("awa", "QUESTION les poules")
    script.now += timedelta(days=3)
    script.write("binta", "QUESTION mes poules malades")
    late = act(world, questions.make, "mes poules", HENS)
    act(world, questions.join, "les poules", late)
    with world.db.write() as session:
        row = session.get_one(AirQuestion, late)
        assert questions.waited(row, world.now + timedelta(days=9, hours=23)) == 9
        questions.mark(session, row, AirQuestionState.ANSWERED, "staff:1", world.now + timedelta(days=5))
        assert questions.waited(row, world.now + timedelta(days=9)) == 5


# --- what becomes of it


def test_an_answer_is_approved_by_another_and_anew_when_it_changes(script: Script, world: World) -> None:
    script.write("awa", "QUESTION les poules")
    ident = act(world, questions.make, "poules", HENS)
    change(world, ident, lambda session, row: questions.answer(session, row, "Vaccinez.", 1, world.now))
    with pytest.raises(RefusedError, match="autre personne"):
        change(world, ident, lambda session, row: questions.approve(session, row, 1, world.now, "Vaccinez."))
    with pytest.raises(RefusedError, match="a changé"):
        change(world, ident, lambda session, row: questions.approve(session, row, 2, world.now, "Isolez."))
    change(world, ident, lambda session, row: questions.approve(session, row, 2, world.now, "Vaccinez."))
    change(world, ident, lambda session, row: questions.answer(session, row, "Isolez.", 1, world.now))
    with world.db.read() as session:
        assert session.get_one(AirQuestion, ident).approved_by is None


def test_an_approved_answer_serves_who_asks_the_same_later(script: Script, world: World) -> None:
    script.write("awa", "QUESTION les poules")
    ident = act(world, questions.make, "poules", HENS)
    change(world, ident, lambda session, row: questions.answer(session, row, "Vaccinez.", 1, world.now))
    done = AirQuestionState.ANSWERED
    change(world, ident, lambda session, row: questions.mark(session, row, done, "staff:1", world.now))
    script.write("binta", "QUESTION mes poules malades")
    with pytest.raises(RefusedError, match="pas approuvée"):
        act(world, questions.join, "malades", ident)
    change(world, ident, lambda session, row: questions.approve(session, row, 2, world.now, "Vaccinez."))
    again = act(world, questions.join, "malades", ident)
    with world.db.read() as session:
        row = session.get_one(AirQuestion, again)
        assert (row.answer, row.answered_from, row.state, questions.waited(row, world.now)) == (
            "Vaccinez.", ident, done, 0,
        )  # fmt: skip
        (first,) = questions.most_asked(session, world.programme_id, world.now - timedelta(days=30))
        assert (first.AirQuestion.id, first.askings) == (ident, 2)


def test_the_host_gets_what_the_episode_takes_up_the_most_asked_first(script: Script, world: World) -> None:
    for who, text in (("awa", "le mil"), ("awa", "les poules"), ("binta", "mes poules"), ("fanta", "la pluie")):
        script.write(who, f"QUESTION {text}")
    millet, hens, rain = (
        act(world, questions.make, text, words)
        for text, words in (("le mil", "Quand semer ?"), ("les poules", HENS), ("la pluie", "Pleuvra-t-il ?"))
    )
    act(world, questions.join, "mes poules", hens)
    on_air(world, millet, hens, rain)
    change(
        world, rain, lambda session, row: questions.mark(session, row, AirQuestionState.SKIPPED, "host:1", world.now)
    )
    with world.db.read() as session:
        assert [tuple(row) for row in words_for_host(session)] == [(HENS, 2), ("Quand semer ?", 1)]
    with world.db.write() as session:  # one of its SMS turns out sensitive: the question is heard by nobody
        sorting.sort(session, {2: "fraud"}, {2: ""}, 1, world.programme_id, world.now)
        assert [tuple(row) for row in words_for_host(session)] == [("Quand semer ?", 1)]


def words_for_host(session) -> list[tuple[str, int]]:
    return [(row.AirQuestion.wording, row.askings) for row in questions.for_host(session, 1)]


# --- its askers are told

WHEN = [
    (datetime(2026, 3, 14, 20, tzinfo=UTC), False, "three days before"),
    (datetime(2026, 3, 15, 9, tzinfo=UTC), False, "the morning two days before"),
    (datetime(2026, 3, 15, 16, tzinfo=UTC), True, "the afternoon two days before"),
    (datetime(2026, 3, 16, 9, tzinfo=UTC), True, "the day before"),
    (datetime(2026, 3, 17, 20, 31, tzinfo=UTC), False, "when it is on the air"),
]


@pytest.mark.parametrize(("now", "wanted"), [one[:2] for one in WHEN], ids=[one[2] for one in WHEN])
def test_askers_are_told_with_the_call(now: datetime, wanted: bool) -> None:
    assert askers.is_time(AIRING, now, "Africa/Bamako") is wanted


def asked(script: Script, world: World, *who: str) -> None:
    """Each asks a question of her own; the episode takes them all up."""
    for number, name in enumerate(who):
        script.write(name, f"QUESTION {name} numero {number}")
        script.seen[name] = len(script.sent(NUMBERS[name]))
        on_air(world, act(world, questions.make, f"{name} numero {number}", f"Question {name} ?"))


def test_each_asker_is_told_once_and_nothing_of_what_was_asked(script: Script, world: World) -> None:
    asked(script, world, "fanta", "fanta", "awa")
    tell(script, datetime(2026, 3, 15, 16, tzinfo=UTC))
    script.play(f"fanta < {TOLD_CLUB}\nfanta <\nawa < {TOLD}\nawa <\nbinta <")
    tell(script, datetime(2026, 3, 16, 16, tzinfo=UTC))
    script.play("fanta <\nawa <")
    with world.db.read() as session:
        assert None not in session.scalars(sa.select(AirQuestionAsker.told_at)).all()
        rows = session.execute(sa.select(Message.kind, Message.occurrence).where(Message.occurrence.startswith("told")))
        assert {tuple(row) for row in rows} == {("service", "told:1"), ("service", "told:3")}


def quiet(name: str, world: World) -> None:
    with world.db.write() as session:
        awa = session.get_one(Phone, world.phones[AWA])
        if name == "STOP on her phone":
            awa.opted_out_at = world.now
        if name == "group only":
            session.execute(sa.update(Member).values(route=Route.GROUP))
        if name.startswith("red"):
            commune = Place(level=Level.COMMUNE, name="Rouge", folded="rouge", sms_name="Rouge", languages=["fr"])
            session.add(commune)
            session.flush()
            session.add(PlaceParent(place_id=world.village_id, parent_id=commune.id))
            session.add(Risk(place_id=commune.id, level=RiskLevel.RED, since=world.now - timedelta(days=1)))
            session.execute(sa.update(Station).values(tells_hours=name.endswith("agreed")))
        if name == "skipped":
            session.execute(sa.update(AirQuestion).values(state=AirQuestionState.SKIPPED))
        if name == "not open":
            session.get_one(Programme, world.programme_id).always_open = False
    if name == "not open":
        world.hours("08:00-11:30", "both")


SOON = "La radio repondra bientot a des questions recues."
TO_WHOM = {
    "plain": f"awa < {TOLD}\nfanta <",
    "STOP on her phone": f"awa <\nfanta < {TOLD_CLUB}",
    "group only": f"awa <\nfanta < {TOLD_CLUB}",
    "red": f"awa < {SOON}\nfanta <",
    "red, but the station agreed": f"awa < {TOLD}\nfanta <",
    "skipped": "awa <\nfanta <",
    "not open": "awa <\nfanta <",
}


@pytest.mark.parametrize("name", TO_WHOM)
def test_whom_it_is_told_and_how_much(script: Script, world: World, name: str) -> None:
    asked(script, world, "awa")
    quiet(name, world)
    tell(script, datetime(2026, 3, 15, 16, tzinfo=UTC))
    script.play(TO_WHOM[name])
