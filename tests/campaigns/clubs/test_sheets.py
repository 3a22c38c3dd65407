"""The club's sheet: what stands on it and what must never, where each text goes, what fits, and who is owed airtime."""

from __future__ import annotations

from collections import namedtuple
from collections.abc import Callable
from datetime import UTC, date, datetime, time

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from campaigns import life, loading
from campaigns.clubs import airtime, month
from campaigns.clubs.readings import Passage, Reading
from campaigns.clubs.sheets import (
    TYPES,
    Meeting,
    Option,
    Sheet,
    State,
    Talk,
    arranged,
    card,
    fitted,
    hands,
    numbered,
)
from campaigns.conversation.grammar import read
from campaigns.definitions import Definition
from campaigns.models import (
    Attendance,
    AttendanceState,
    ClubSession,
    ClubSessionKind,
    ClubSessionStatus,
    Episode,
    EpisodeText,
    Step,
)
from messaging.database import Database
from messaging.models import (
    Club,
    ClubStation,
    Facilitator,
    FacilitatorClub,
    Phone,
    Place,
    PlaceParent,
    Programme,
    Risk,
    Text,
    TextState,
    TextVersion,
)
from messaging.models.people import ClubKind
from messaging.models.place import Level, RiskLevel
from tests.world import World, approve_texts

APRIL = date(2026, 4, 1)
LONG = "Le moringa se cueille le matin et se garde au sec. " * 8


def meeting(day: int, topic: str | None = None, **more: object) -> Meeting:
    return Meeting(date(2026, 4, day), topic=topic, **more)  # type: ignore[arg-type]


def reading(name: str, day: int, topic: str = "nutrition", words: str = "Des feuilles dans la sauce.") -> Reading:
    return Reading(f"c/{name}", topic, date(2026, 4, day), Passage("fr", "", words))


def talk(number: int = 12, words: str = "Lavez les mains.", guide: str = "Montrez le geste.") -> Talk:
    options = tuple(Option(digit, Passage("bm", "", said)) for digit, said in (("1", "oui"), ("2", "non")))
    said = [Passage("bm", "", part) for part in (words, guide, "L'avez-vous fait ?")]
    return Talk(number, number, "hygiene", "Les mains", *said, options)


def sheet(*meetings: Meeting, **more: object) -> Sheet:
    made: dict[str, object] = {
        "club_id": 1, "code": "1041", "kind": ClubKind.LISTENERS_CLUB, "language": "bm", "village": "A",
        "commune_id": 1, "commune": "B", "level": RiskLevel.GREEN, "month": APRIL, "meetings": meetings,
    }  # fmt: skip
    return Sheet(**made | more)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("label", "kind", "meetings", "readings", "expected"),
    [
        ("to the first meeting from its day on", ClubKind.APFLS, [meeting(7), meeting(14)],
         [reading("a", 3), reading("b", 7), reading("c", 8)], [["a", "b"], ["c"]]),
        ("behind the last meeting to that one", ClubKind.APFLS, [meeting(7), meeting(14)], [reading("a", 30)],
         [[], ["a"]]),
        ("those of the meeting's topic come first", ClubKind.LISTENERS_CLUB, [meeting(7, "hygiene")],
         [reading("a", 1), reading("b", 2, "hygiene")], [["b", "a"]]),
        ("a group of mothers hears of feeding first", ClubKind.IYCF, [meeting(7)],
         [reading("a", 1), reading("b", 2, "iycf")], [["b", "a"]]),
        ("each meeting has its share", ClubKind.APFLS, [meeting(7), meeting(14)],
         [reading(name, 1) for name in "abc"], [["a", "b"], ["c"]]),
        ("no more than five at one meeting", ClubKind.APFLS, [meeting(7)],
         [reading(name, 1) for name in "abcdefg"], [list("abcde")]),
        ("without a meeting there is no place", ClubKind.APFLS, [], [reading("a", 1)], []),
    ],
)  # fmt: skip
def test_each_text_has_its_meeting(
    label: str, kind: ClubKind, meetings: list[Meeting], readings: list[Reading], expected: list[list[str]]
) -> None:
    found, left = arranged(kind, meetings, readings)
    assert [[one.step.removeprefix("c/") for one in meeting.readings] for meeting in found] == expected, label
    assert len(left) == len(readings) - sum(map(len, expected)), label


def test_an_episode_heard_again_is_not_printed_again() -> None:
    found = numbered([meeting(2, talk=talk(7)), meeting(7, talk=talk(7)), meeting(12, talk=talk(8))])
    assert [one.again for one in found] == [None, 1, None]
    assert not list(found[1].passages)


@pytest.mark.parametrize(
    ("label", "meetings", "size", "left_out", "without_text"),
    [
        ("little stands large", [meeting(7, readings=(reading("a", 1),))], "14", 0, 0),
        ("more stands smaller", [meeting(d, readings=(reading("a", 1, words=LONG),) * 3) for d in (1, 8, 15, 22)], "11",
         0, 0),
        ("too much leaves the last texts of the meetings",
         [meeting(d, talk=talk(d, LONG), readings=(reading("a", 1, words=LONG),) * 3) for d in (1, 8, 15, 22)], "11",
         7, 0),
        ("far too much leads to the page of the episode",
         [meeting(d, talk=talk(d, LONG * 9)) for d in (1, 8, 15, 22)], "11", 0, 4),
    ],
)  # fmt: skip
def test_a_sheet_keeps_to_two_sides(
    label: str, meetings: list[Meeting], size: str, left_out: int, without_text: int
) -> None:
    found = fitted(sheet(*meetings))
    assert (found.type, len(found.left_out)) == (size, left_out), label
    assert sum(not one.has_aloud for one in found.meetings) == without_text, label
    assert len(found.meetings) == len(meetings), "no meeting is left out"
    assert found.type in {one.name for one in TYPES}


def filled(line: str) -> str:
    """The line with the counts of a meeting."""
    return (
        line.replace("F..", "F12")
        .replace("H..", "H8")
        .replace("T..", "T20")
        .replace("1=..", "1=15")
        .replace("2=..", "2=5")
    )


@pytest.mark.parametrize(
    ("line", "intent", "fields"),
    [
        (card(sheet(), meeting(7)), "attendance", {"women": 12, "men": 8}),
        (card(sheet(), meeting(7, lesson=7)), "attendance", {"women": 12, "session": 7}),
        (card(sheet(), meeting(7, talk=talk())), "listening", {"women": 12, "episode": 12}),
        (hands(sheet(), talk()), "hands", {"question": 12, "counts": {"1": 15, "2": 5}}),
        ("ECOUTE 1041 PAS CAPTE", "listening", {}),
        ("PRES 1041 ANNULE", "attendance", {}),
        ("PRES 1041 07/04 F.. H.. T..", "attendance", {"date": "2026-04-07"}),
        ("CORR 1041 F.. H.. T..", "attendance", {"women": 12}),
        ("DECISION 1041 on plante", "decision", {"club": "1041"}),
    ],
)
def test_every_line_that_is_printed_is_read(line: str, intent: str, fields: dict[str, object]) -> None:
    context = {"now": "2026-04-08T18:00:00+00:00", "lang": "fr", "clubs": ["1041"]}
    (found,) = read(filled(line), "facilitator", context).readings
    assert (found.intent, found.status) == (intent, "ok")
    assert {key: found.fields.get(key) for key in fields} == fields


@pytest.mark.parametrize(
    ("label", "passages", "lacking", "state"),
    [
        ("approved in the club's language", [Passage("bm", "Safunɛ.", "Savon.")], (), State.READY),
        ("in French only", [Passage("bm", "Safunɛ.", "Savon."), Passage("bm", "", "Savon.")], (), State.TOLD),
        ("French is the club's language", [Passage("fr", "", "Savon.")], (), State.READY),
        ("something is approved in no language", [Passage("bm", "Safunɛ.", "Savon.")], ("c/mains",), State.LACKING),
        ("no date", [], (), State.NO_DATE),
    ],
)  # fmt: skip
def test_how_far_a_sheet_is(label: str, passages: list[Passage], lacking: tuple[str, ...], state: State) -> None:
    found = [Reading("c/a", "hygiene", APRIL, one) for one in passages]
    meetings = (meeting(7, readings=tuple(found)),) if passages else ()
    assert sheet(*meetings, lacking=lacking).state is state, label


Report = namedtuple("Report", "phone_id last_two code held_on received_at")


def test_airtime_is_counted_by_phone_with_what_came_late() -> None:
    def came(phone: int, two: str, code: str, day: int, at: int) -> Report:
        return Report(phone, two, code, date(2026, 4, day), datetime(2026, 4, at, 9, tzinfo=UTC))

    rows = [
        came(1, "41", "1041", 7, 7),
        came(1, "41", "1055", 8, 10),
        came(1, "41", "1041", 14, 17),
        came(2, "77", "2035", 1, 2),
    ]
    found = airtime.counted(rows, {1: ("facilitator", ["1041", "1055"])}, "Africa/Bamako")
    assert [(one.codes, one.last_two, one.kind, one.in_time, one.late) for one in found] == [
        (("1041", "1055"), "41", "facilitator", 2, 1), (("2035",), "77", "club", 1, 0),
    ]  # fmt: skip


# One programme with a green and a red commune; whatever the sheets of April say is told from it.


def step(name: str, **more: object) -> dict[str, object]:
    words = {"sms": f"SMS {name}.", "read_aloud": f"Lire {name}."}
    return {
        "step": name, "kind": "message", "when": {"date": "2026-04-02"}, "hour": "17:30", "facts": ["HY3"],
        "facts_checked": "2026-03-01", "one_act": True, "texts": {"fr": words}, **more,
    }  # fmt: skip


STEPS = [
    step("mains", texts={
        "fr": {"sms": "Savon.", "read_aloud": "Lire mains."},
        "bm": {"sms": "Safunè.", "official": "Safunɛ.", "read_aloud": "Safunɛ."},
    }),
    step("jour-trois", when={"after_enrolment": 21}),
    step("jour-loin", when={"after_enrolment": 90}),
    step("enfant", when={"child_month": 3}, personal="child_age", texts={
        "fr": {"sms": "SMS a elle seule.", "club": "Familles: aidez la mère.", "read_aloud": "Lire enfant."},
    }),
    step("enfant-autre", when={"child_month": 9}, personal="child_age", texts={
        "fr": {"sms": "SMS a elle seule.", "club": "Familles: autre.", "read_aloud": "Lire autre."},
    }),
    step("don", tags=["distribution"]),
    step("meres", audience={"role": "club", "club_kinds": ["iycf"]}),
    step("animateurs", audience={"role": "facilitator"}),
    step("pauvres", audience={"hea": ["poor"]}),
    step("brouillon"),
    step("apres", when={"after_airing": "1h"}, hour=None, texts={
        "fr": {"sms": "Apres {episode}.", "read_aloud": "Après l'émission {episode} à {hour}."},
    }),
    step("agence"),
]  # fmt: skip


@pytest.fixture
def april(db: Database, now: datetime) -> Callable[[str], Sheet]:
    """The sheets of April by club code."""
    world = World(db, now).programme()
    world.club("1041", language="bm", facilitator="+22376000041")
    world.club("1055", ClubKind.IYCF)
    world.club("2035", language="dds")
    world.member("+22376000011", child_born=date(2025, 12, 1), club="1041", personal=True)
    world.airing(datetime(2026, 4, 7, 20, 30, tzinfo=UTC), host="+22376000099")
    with db.write() as session:
        lay(session, world)
    definition = Definition.model_validate(
        {"campaign": "essai", "title": {"fr": "Essai"}, "topic": "hygiene", "pillar": "social", "steps": STEPS}
    )
    world.campaign(definition, start=False)
    with db.write() as session:
        campaign = loading.find(session, world.programme_id, "essai")
        assert campaign is not None
        approve_texts(session, campaign, now)
        campaign.state = campaign.state.APPROVED
        life.start(session, campaign.id, None, now)
        spoil(session, campaign.id)

    def of(code: str) -> Sheet:
        with db.read() as session:
            programme = session.get_one(Programme, world.programme_id)
            clubs = session.scalars(sa.select(Club).where(Club.code == code)).all()
            (found,) = month.sheets(session, programme, clubs, APRIL, now)
            return found

    return of


def lay(session: Session, world: World) -> None:
    """The rules of the clubs, a red commune for the last one, and the texts of the episode."""
    for place, code in enumerate(("1041", "1055", "2035")):
        club = session.scalars(sa.select(Club).where(Club.code == code)).one()
        club.meets_weekday, club.meets_at = 1, time(16) if place == 0 else None
        if code == "2035":
            village, commune = (
                Place(level=level, name=name, folded=name.lower(), sms_name=name, languages=["fr"])
                for level, name in ((Level.VILLAGE, "Secret"), (Level.COMMUNE, "Rouge"))
            )
            session.add_all([village, commune])
            session.flush()
            session.add(PlaceParent(place_id=village.id, parent_id=commune.id))
            session.add(Risk(place_id=commune.id, level=RiskLevel.RED, since=world.now))
            club.village_id = village.id
        if code == "1055":
            session.execute(sa.delete(ClubStation).where(ClubStation.club_id == club.id))
    episode = session.scalars(sa.select(Episode)).one()
    for language, state, words in (("fr", TextState.APPROVED, "Lire l'émission."), ("bm", TextState.DRAFT, "Arajo.")):
        session.add(EpisodeText(
            episode_id=episode.id, language=language, state=state, read_aloud=words, guide="Montrez.",
            question="Qui en a ?", options={"1": "moi", "2": "personne"}, changed_at=world.now,
        ))  # fmt: skip


def spoil(session: Session, campaign_id: int) -> None:
    """One text is a draft again; another names an agency all the same."""
    for name in ("brouillon", "agence"):
        text = session.scalars(
            sa.select(Text)
            .join(Step, Step.id == Text.step_id)
            .where(Step.campaign_id == campaign_id, Step.code == name)
        ).one()
        if name == "brouillon":
            text.state = TextState.DRAFT
        else:
            session.get_one(TextVersion, (text.id, text.version)).read_aloud = "Unicef vous le dit."


def words(found: Sheet) -> str:
    """All that is read aloud, and the radio hours."""
    said = [f"{one.own} {one.french}" for meeting in found.meetings for one in meeting.passages]
    return " | ".join([*said, *(f"{hour.at:%d/%m %Hh%M} {hour.station}" for hour in found.hours)])


CASES = [
    ("1041", "Safunɛ.", True, "its own language, approved"),
    ("1041", "Lire mains.", True, "with the French beside it"),
    ("1055", "Safunɛ.", False, "of another club's language nothing"),
    ("1041", "Lire jour-trois.", True, "a series counts from the first day of its campaign"),
    ("1041", "Lire jour-loin.", False, "what falls due in a later month"),
    ("1041", "Familles: aidez la mère.", True, "personal: its wording for the family"),
    ("1041", "SMS a elle seule.", False, "never the personal wording"),
    ("1041", "Lire enfant.", False, "never the personal wording read aloud"),
    ("1041", "Familles: autre.", False, "nobody of that age in the village"),
    ("1041", "Lire don.", True, "rights, in a green commune"),
    ("2035", "Lire don.", False, "nothing on distributions in a red one"),
    ("1055", "Lire meres.", True, "what is meant for groups of its kind"),
    ("1041", "Lire meres.", False, "what is meant for groups of another kind"),
    ("1041", "Lire animateurs.", False, "what is meant for the facilitator alone"),
    ("1041", "Lire pauvres.", False, "what is meant for some households"),
    ("1041", "Lire brouillon.", False, "a draft"),
    ("1041", "Unicef", False, "an agency, though it was approved"),
    ("1041", "Lire l'émission.", True, "the episode, in French"),
    ("1041", "Arajo.", False, "the episode's draft"),
    ("1041", "Après l'émission 12 à 20h30.", True, "what follows the airing, with its values"),
    ("1041", "07/04 20h30 Radio Exemple", True, "the hours of its station"),
    ("1055", "Radio Exemple", False, "hours of a station that it does not hear"),
    ("2035", "20h30", False, "no radio hour in a red commune"),
    ("2035", "Lire l'émission.", True, "but what the episode says"),
]  # fmt: skip


def test_what_appears_and_what_never_does(april: Callable[[str], Sheet]) -> None:
    found = {code: april(code) for code in ("1041", "1055", "2035")}
    wrong = [f"{code}: {why}" for code, part, appears, why in CASES if (part in words(found[code])) != appears]
    assert not wrong
    first = found["1041"]
    assert [f"{one.day:%d/%m} {one.at}" for one in first.meetings] == [
        f"{day:02}/04 16:00:00" for day in (7, 14, 21, 28)
    ]
    assert [one.talk.number if one.talk else None for one in first.meetings] == [12, None, None, None]
    assert first.lacking == ("essai/brouillon", "essai/agence")
    assert found["1041"].names_village
    assert not found["2035"].names_village
    for code, one in found.items():
        for other in set(found) - {code}:
            assert other not in repr(one), "the code of another club"
        assert "+223" not in repr(one)
        assert "7600" not in repr(one)


def test_planned_meetings_go_before_the_rule(april: Callable[[str], Sheet], db: Database, now: datetime) -> None:
    with db.write() as session:
        club = session.scalars(sa.select(Club).where(Club.code == "1055")).one()
        for day, status in ((3, ClubSessionStatus.PLANNED), (10, ClubSessionStatus.CANCELLED)):
            session.add(ClubSession(
                programme_id=club.programme_id, kind=ClubSessionKind.CLUB, club_id=club.id, status=status,
                planned_on=date(2026, 4, day),
            ))  # fmt: skip
    assert [one.day.day for one in april("1055").meetings] == [3, 14, 21, 28]


def test_airtime_counts_what_counts(april: Callable[[str], Sheet], db: Database) -> None:
    with db.write() as session:
        club = session.scalars(sa.select(Club).where(Club.code == "1041")).one()
        phone = session.scalars(sa.select(Facilitator.phone_id)).one()
        for day, at, state, source in (
            (7, 7, AttendanceState.CONFIRMED, "sms"), (7, 6, AttendanceState.CORRECTED, "sms"),
            (14, 19, AttendanceState.VERIFIED, "sms"), (21, 21, AttendanceState.CONFIRMED, "paper"),
            (28, 34, AttendanceState.CONFIRMED, "sms"),
        ):  # fmt: skip
            held = session.scalars(
                sa.select(ClubSession).where(ClubSession.held_on == date(2026, 4, day))
            ).one_or_none() or ClubSession(
                programme_id=club.programme_id, kind=ClubSessionKind.CLUB, club_id=club.id, held_on=date(2026, 4, day)
            )
            session.add(held)
            session.flush()
            came = datetime(2026, 4 + at // 31, at % 31 or 1, 9, tzinfo=UTC)
            session.add(Attendance(
                club_session_id=held.id, intent="attendance", total=20, received_at=came, state=state, source=source,
                phone_id=phone,
            ))  # fmt: skip
        session.flush()
        programme = session.get_one(Programme, club.programme_id)
        (found,) = airtime.of_month(session, programme, APRIL)
        leader = session.scalars(sa.select(Facilitator.id)).one()
        far = Club(
            programme_id=club.programme_id, code="3115", kind="apfls", name="Autre", sms_name="Autre", language="fr",
            village_id=club.village_id, created_on=date(2026, 1, 1),
        )  # fmt: skip
        session.add(far)
        session.flush()
        session.add(FacilitatorClub(facilitator_id=leader, club_id=far.id))
        session.flush()
        (own,) = airtime.of_month(session, programme, APRIL, Club.id == club.id)
        assert own.codes == ("1041",), "the codes of her clubs elsewhere are not shown"
        session.execute(sa.update(Phone).where(Phone.id == phone).values(erased_at=datetime(2026, 5, 1, tzinfo=UTC)))
        assert airtime.of_month(session, programme, APRIL) == []
    assert (found.codes, found.last_two, found.in_time, found.late) == (("1041",), "41", 1, 1)
