"""The invented people of the demonstration: documented sizes, the rules of an import, the same for the same seed."""

from __future__ import annotations

import time
from collections import Counter
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from campaigns import slots
from campaigns.clubs import airings, episodes
from campaigns.evaluation.surveys import SURVEYS
from campaigns.library import facts, population
from campaigns.library.population import radio
from campaigns.models import (
    Airing,
    AiringStatus,
    ClubCurriculum,
    DhisCode,
    Distribution,
    Episode,
    EpisodeText,
    Lesson,
    Measure,
    Series,
)
from messaging import codes, places, staff
from messaging.database import Database, keys_of
from messaging.imports.protection import has_stage, is_minor
from messaging.models import (
    Chain,
    Club,
    ClubMember,
    ClubStation,
    Consent,
    Facilitator,
    FacilitatorClub,
    Household,
    Language,
    Member,
    MemberPhone,
    Phone,
    Place,
    PlaceCode,
    Programme,
    ProgrammeVillage,
    Role,
    Station,
    TextState,
)
from messaging.models.people import ClubKind, ContentLevel, FacilitatorKind, Ownership, Purpose, Route, Sex, Way
from messaging.models.place import Level
from messaging.profile import sms_value

NOW = datetime(2026, 3, 12, 17, 30, tzinfo=UTC)
BANDIAGARA, KITA = "caisses-bandiagara", "acces-marche-kita"


@pytest.fixture(scope="module")
def loaded(sqlite_template, keys, tmp_path_factory):
    """Both programmes, loaded once for all tests that only look."""
    path = tmp_path_factory.mktemp("population") / "jekulu.sqlite"
    path.write_bytes(Path(sqlite_template).read_bytes())
    db = Database(f"sqlite:///{path}", keys)
    with db.write() as session:
        made = population.load(session, NOW)
    yield db, made
    db.dispose()


@pytest.fixture
def session(loaded):
    with loaded[0].read() as session:
        yield session


def ident(session, code):
    return session.scalars(sa.select(Programme.id).where(Programme.code == code)).one()


def rows(session, model, code):
    return session.scalars(sa.select(model).where(model.programme_id == ident(session, code))).all()


def test_it_loads_quickly_on_either_database_and_once(db, now):
    start = time.perf_counter()
    with db.write() as session:
        assert set(population.load(session, now)) == {BANDIAGARA, KITA}
    assert time.perf_counter() - start < 5

    with db.write() as session:
        assert population.load(session, now + timedelta(days=30), seed=2) == {}
        assert session.scalar(sa.select(sa.func.count()).select_from(Member)) == 3_600


SIZES = [
    (BANDIAGARA, "villages", 64),
    (BANDIAGARA, "households", 3_000),
    (BANDIAGARA, "members", 3_000),
    (BANDIAGARA, "clubs", 320),
    (BANDIAGARA, "facilitators", 192),
    (BANDIAGARA, "stations", 3),
    (BANDIAGARA, "airings", 56),
    (KITA, "villages", 32),
    (KITA, "households", 600),
    (KITA, "members", 600),
    (KITA, "clubs", 52),
    (KITA, "facilitators", 40),
    (KITA, "stations", 2),
    (KITA, "airings", 38),
]


@pytest.mark.parametrize(("code", "what", "number"), SIZES, ids=[f"{row[0]} {row[1]}" for row in SIZES])
def test_the_documented_sizes(loaded, code, what, number):
    assert loaded[1][code][what] == number


def test_the_population_has_the_size_of_its_targets_and_all_else_is_invented(session):
    """Each target of the documents, beside what is counted of the invented people."""
    for code in (BANDIAGARA, KITA):
        sexes = Counter(member.sex for member in rows(session, Member, code))
        kinds = Counter(club.kind for club in rows(session, Club, code))
        advisers = [row for row in rows(session, Facilitator, code) if row.kind == FacilitatorKind.ADVISER]
        counted = {
            "COV-HH": len(rows(session, Household, code)), "COV-VIL": len(rows(session, ProgrammeVillage, code)),
            "COV-F": sexes[Sex.F], "COV-M": sexes[Sex.M], "COV-W": 100 * sexes[Sex.F] / sum(sexes.values()),
            "COV-APFLS": kinds[ClubKind.APFLS], "COV-COOP": kinds[ClubKind.COOPERATIVE], "COV-ADV": len(advisers),
        }  # fmt: skip
        targets = {row.indicator: row.value for row in rows(session, Measure, code) if row.kind == "target"}
        assert targets == {name: counted[name] for name in targets}
        others = [row for row in rows(session, Measure, code) if row.kind != "target"]
        assert {row.source for row in others} == {"enquête inventée"}
        assert {row.indicator for row in others} == {"MDD-W", "MDD", "HW5", "EBF"} <= SURVEYS.keys()
        assert all(row.value == round(100 * row.numerator / row.denominator, 1) for row in others)
        assert all(row.theirs.startswith("DEMO") for row in rows(session, DhisCode, code))
    handed = rows(session, Distribution, BANDIAGARA)
    assert [(row.modality, "inventé" in row.item) for row in handed] == [("in_kind", True)] * 2
    assert not rows(session, Distribution, KITA)


def test_some_schools_follow_a_curriculum_and_some_clubs_are_of_an_arm(session):
    lessons = session.scalars(sa.select(Lesson).order_by(Lesson.number)).all()
    assert [lesson.number for lesson in lessons] == [*range(1, 25)]
    assert {lesson.track for lesson in lessons} == {"agro", "life"}
    following = session.execute(sa.select(Club.kind, ClubCurriculum.starts_on).join(ClubCurriculum)).all()
    assert [row.kind for row in following] == [ClubKind.APFLS] * 32
    assert {row.starts_on.weekday() for row in following} == {0}
    arms = Counter((row.kind, row.arm) for row in rows(session, Club, BANDIAGARA) if row.arm)
    assert arms == {(ClubKind.LISTENERS_CLUB, "t1"): 8, (ClubKind.LISTENERS_CLUB, "control"): 8}
    assert not [row.code for row in rows(session, Club, KITA) if row.arm]


def test_a_demonstration_says_so_and_has_no_closed_hours(session):
    for programme in session.scalars(sa.select(Programme)):
        assert programme.demonstration
        assert programme.always_open
        assert "démonstration" in programme.name_fr
        assert "demonstration" in programme.name_en
        assert programme.details["invented"]
        targets = programme.details["targets"]
        assert targets["households"] == len(rows(session, Household, programme.code))
        assert targets["women_percent"] == 50
        assert targets["villages"] == len(rows(session, ProgrammeVillage, programme.code))


@pytest.mark.parametrize("code", [BANDIAGARA, KITA])
def test_half_of_the_members_are_women_in_every_programme(session, code):
    sexes = Counter(member.sex for member in rows(session, Member, code))
    assert sexes[Sex.F] == sexes[Sex.M] == sum(sexes.values()) / 2


def test_the_groups_of_each_kind(session):
    kinds = {code: Counter(club.kind for club in rows(session, Club, code)) for code in (BANDIAGARA, KITA)}
    assert kinds[BANDIAGARA] == {ClubKind.APFLS: 128, ClubKind.LISTENERS_CLUB: 128, ClubKind.IYCF: 64}
    assert kinds[KITA] == {ClubKind.COOPERATIVE: 20, ClubKind.LISTENERS_CLUB: 32}
    assert sum(club.is_old for club in rows(session, Club, KITA)) == 13


def test_every_club_has_a_good_code_that_no_other_club_of_either_programme_has(session):
    found = session.scalars(sa.select(Club.code)).all()
    assert all(codes.is_valid(code) for code in found)
    assert len(set(found)) == len(found) == 372


def test_a_school_has_20_to_32_members_and_every_member_of_bandiagara_is_in_one(session):
    belonging = session.execute(
        sa.select(ClubMember.club_id, ClubMember.member_id)
        .join(Club, Club.id == ClubMember.club_id)
        .where(Club.kind == ClubKind.APFLS)
    ).all()
    sizes = Counter(club for club, _member in belonging)
    assert len(sizes) == 128
    assert all(20 <= size <= 32 for size in sizes.values())
    assert len({member for _club, member in belonging}) == 3_000


def test_every_club_has_a_facilitator_and_a_meeting_and_members_of_its_village(session):
    led = set(session.scalars(sa.select(FacilitatorClub.club_id)))
    for club in session.scalars(sa.select(Club)):
        assert club.id in led
        assert club.meets_weekday is not None or (club.meets_every_days and club.meets_anchor)
        assert club.size_f + club.size_m > 0
    listening = set(session.scalars(sa.select(ClubStation.club_id)))
    assert len(listening) == 160


def test_advisers_of_kita_have_one_to_three_groups(session):
    advisers = [row for row in rows(session, Facilitator, KITA) if row.kind == FacilitatorKind.ADVISER]
    assert len(advisers) == 20
    groups = Counter(session.scalars(sa.select(FacilitatorClub.facilitator_id)))
    assert all(1 <= groups[row.id] <= 3 for row in advisers)


REACHED = [(BANDIAGARA, 0.80), (KITA, 0.85)]


@pytest.mark.parametrize("case", REACHED, ids=[row[0] for row in REACHED])
def test_phones_are_missing_and_shared_as_documented(session, case):
    code, share = case
    members = rows(session, Member, code)
    sharing = Counter(
        session.scalars(
            sa.select(MemberPhone.phone_id).join(Member).where(Member.programme_id == ident(session, code))
        ).all()
    )
    assert sum(sharing.values()) == share * len(members)
    assert 0.11 < sum(number > 1 for number in sharing.values()) / len(sharing) < 0.20
    assert max(sharing.values()) == 3


def test_the_rules_of_an_import_hold(session):
    phones, consents = {}, {}
    for link in session.scalars(sa.select(MemberPhone)):
        phones.setdefault(link.member_id, []).append(link)
    for consent in session.scalars(sa.select(Consent)):
        consents.setdefault(consent.member_id, []).append(consent)
        assert consent.text_version
        assert consent.taken_by
        assert (consent.way == Way.ORAL) == bool(consent.witness)
        assert consent.given_at < NOW
    for member in session.scalars(sa.select(Member)):
        row = {column: getattr(member, column) for column in ("age_band", "birth_year", "life_stage")}
        row["child_birth_month"] = member.child_birth_month
        own, purposes = phones.get(member.id, []), {one.purpose for one in consents.get(member.id, [])}
        minor = is_minor(row, NOW.date())
        assert minor is not None
        assert not (minor and own)
        assert bool(own) == (Purpose.MESSAGES in purposes)
        assert member.route == Route.GROUP or own
        assert has_stage(row) == (Purpose.LIFE_STAGE in purposes) == bool(member.life_stage_until)
        if member.content_level == ContentLevel.PERSON:
            assert member.safe_hours
            assert [link.ownership for link in own] == [Ownership.OWN]


def test_children_are_spread_over_24_months_and_what_is_noted_of_them_ends_later(session):
    months = Counter()
    for member in session.scalars(sa.select(Member).where(Member.child_birth_month.is_not(None))):
        born = member.child_birth_month
        assert born.day == 1
        months[(NOW.year - born.year) * 12 + NOW.month - born.month] += 1
        assert member.life_stage_until > NOW.date()
    assert set(months) == set(range(25))


def test_some_said_stop_some_withdrew_and_some_with_a_phone_chose_the_club(session):
    def share(query):
        return session.scalar(sa.select(sa.func.count()).select_from(query.subquery()))

    assert 5 < share(sa.select(Phone.id).where(Phone.opted_out_at.is_not(None))) < 100
    assert 5 < share(sa.select(Consent.id).where(Consent.withdrawn_at.is_not(None))) < 100
    assert share(sa.select(Member.id).join(MemberPhone).where(Member.route == Route.GROUP)) > 50
    assert share(sa.select(Member.id).where(Member.age_band == "under18")) > 5
    assert share(sa.select(Member.id).where(Member.content_level == ContentLevel.PERSON)) > 100


def test_every_number_is_of_the_invented_block_and_every_name_says_that_it_is(session):
    opened = {keys_of(session).open(sealed) for sealed in session.scalars(sa.select(Phone.sealed))}
    assert all(number.startswith("+223500") and len(number) == 12 for number in opened)
    assert all("exemple" in club.name for club in session.scalars(sa.select(Club)))
    assert all("Exemple" in station.name for station in session.scalars(sa.select(Station)))
    names = session.scalars(sa.select(Place.name).where(Place.level == Level.VILLAGE)).all()
    assert all("exemple" in name for name in names)
    assert all(name is None or len(name) == 2 for name in session.scalars(sa.select(Member.first_name)))


def test_languages_are_known_and_fall_back_along_chains_of_the_programme(session):
    known = set(session.scalars(sa.select(Language.code)))
    for code in (BANDIAGARA, KITA):
        programme = session.get(Programme, ident(session, code))
        chains = {row.language: row.falls_to for row in rows(session, Chain, code)}
        spoken = {member.language for member in rows(session, Member, code)}
        assert spoken <= set(programme.languages) == set(chains) <= known
        assert all(set(chain) < known for chain in chains.values())
    assert {row.language: row.falls_to for row in rows(session, Chain, BANDIAGARA)}["dds"] == ["ffm", "bm", "fr"]
    assert {"dds", "dbg", "dtk", "dts", "ffm", "bm", "fr"} == {m.language for m in rows(session, Member, BANDIAGARA)}
    assert {"mwk", "bm", "fr"} == {member.language for member in rows(session, Member, KITA)}


def test_both_hierarchies_hold_the_same_villages(session):
    def region(name):
        query = sa.select(Place.id).where(Place.level == Level.REGION, Place.name == name)
        return session.scalars(query).one()

    def below(name, day):
        return len(session.scalars(places.villages_below([region(name)], day)).all())

    before, after = date(2022, 1, 1), date(2025, 1, 1)
    assert [below(name, before) for name in ("Mopti", "Bandiagara", "Kayes", "Kita")] == [64, 0, 32, 0]
    assert [below(name, after) for name in ("Mopti", "Bandiagara", "Kayes", "Kita")] == [0, 64, 0, 32]
    communes = dict(session.execute(places.communes(after)).all())
    assert sorted(Counter(communes.values()).values()) == [8] * 12
    assert session.scalar(sa.select(PlaceCode.place_id).where(PlaceCode.code == "MLI00500207"))


def test_weekly_episodes_are_aired_twice_by_each_station_around_now(session):
    for code, named in ((BANDIAGARA, ["famille"]), (KITA, ["climat", "marche"])):
        series = {row.id: row.code for row in rows(session, Series, code)}
        assert sorted(series.values()) == named
        stations = rows(session, Station, code)
        query = sa.select(Airing, Episode).join(Episode).where(Episode.series_id.in_(series))
        found = session.execute(query.order_by(Airing.planned_at)).all()
        assert NOW - timedelta(days=28) < found[0][0].planned_at < NOW - timedelta(days=14)
        assert NOW + timedelta(days=35) < found[-1][0].planned_at < NOW + timedelta(days=42)
        for station in stations:
            aired = [(row, episode) for row, episode in found if row.station_id == station.id]
            weeks = {row.planned_at.isocalendar().week for row, _episode in aired}
            live = [(series[episode.series_id], episode.number) for row, episode in aired if not row.is_repeat]
            repeats = [(series[episode.series_id], episode.number) for row, episode in aired if row.is_repeat]
            assert len(live) == len(weeks), "one new episode a week"
            assert [number for _, number in live] == list(range(1, len(live) + 1)), "a host says E12, and no series"
            assert repeats == live[: len(repeats)] and len(live) - len(repeats) <= 1
            if code == KITA:
                assert [name for name, _ in live] == ["marche", "climat"] * (len(live) // 2)
        for airing, _episode in found:
            assert (airing.planned_at < NOW) == (airing.status != AiringStatus.PLANNED)
            assert (airing.status == AiringStatus.AIRED) == (airing.aired_at is not None)
            assert airing.reason is None or airing.reason in airings.REASONS
        assert any(airing.reason for airing, _episode in found), "some were not aired"


def test_a_series_goes_on_for_ninety_days_and_more(session):
    for code in (BANDIAGARA, KITA):
        ids = [row.id for row in rows(session, Series, code)]
        count = session.scalar(sa.select(sa.func.count()).where(Episode.series_id.in_(ids)))
        assert count >= radio.WEEKS_BACK + 2 + 13, "three weeks back, a fortnight of past, thirteen weeks"


EPISODES = [(one["code"], place, episode) for one in radio.series() for place, episode in enumerate(one["episode"], 1)]


@pytest.mark.parametrize(("code", "number", "told"), EPISODES, ids=[f"{code} E{place}" for code, place, _ in EPISODES])
def test_what_a_club_is_given_of_an_episode(code, number, told):
    """It could be approved as it stands; its facts are ones that may be said, and its title fits an SMS whole."""
    words = episodes.Words(told["guide"], told["read_aloud"], told["question"], told["options"], told.get("source", ""))
    assert (episodes.faults(words), episodes.findings(words, told["topic"])) == ([], [])
    assert slots.short("title", told["title"]) == sms_value(told["title"])
    known, cited = facts.load(), [one for one in words.source.split(", ") if one]
    assert {known[one].level for one in cited} <= {"A"}
    assert bool(cited) == (told["topic"] in episodes.HEALTH), "only what is said of health rests on facts"
    assert len(words.read_aloud) < 400, "heard in half a minute"


def test_the_french_of_the_episodes_is_approved_by_three_accounts_of_the_demonstration(loaded):
    with loaded[0].write() as session:
        for name in "abc":
            staff.add(session, f"{name}@demo.example", [(Role.EDITOR, "")], NOW, demonstration=True)
        ids = [staff.by_email(session, f"{name}@demo.example").id for name in "abc"]
        episode = session.scalars(sa.select(Episode.id).order_by(Episode.id)).first()
        draft = EpisodeText(episode_id=episode, language="bm", state=TextState.DRAFT, changed_at=NOW)
        session.add(draft)
        session.flush()
        assert radio.approve(session, *ids) == len(EPISODES)
        session.refresh(draft)
        assert draft.state is TextState.DRAFT, "nobody who speaks it has read it"
        session.delete(draft)
        session.flush()
        text = session.scalars(sa.select(EpisodeText).limit(1)).one()
        assert (text.author_id, text.reviewer_id, text.approver_id) == tuple(ids)
        assert set(session.scalars(sa.select(EpisodeText.state))) == {TextState.APPROVED}
        session.rollback()


def picture(db):
    """What two loads of one seed share: everything but the seals."""
    with db.read() as session:
        people = session.execute(
            sa.select(Member.code, Member.sex, Member.language, Member.child_birth_month, Member.route, Phone.hash)
            .outerjoin(MemberPhone, MemberPhone.member_id == Member.id)
            .outerjoin(Phone, Phone.id == MemberPhone.phone_id)
            .order_by(Member.id, Phone.hash)
        ).all()
        return people, session.execute(sa.select(Club.code, Club.name, Club.size_f).order_by(Club.id)).all()


@pytest.mark.parametrize("seed", [1, 2])
def test_the_same_seed_gives_the_same_people(loaded, db, seed):
    with db.write() as session:
        population.load(session, NOW, seed=seed)

    assert (picture(db) == picture(loaded[0])) == (seed == 1)


def test_places_that_are_known_are_not_made_again(db, now):
    with db.write() as session:
        cercle = Place(level=Level.CERCLE, name="Bandiagara", folded="bandiagara", sms_name="B", languages=[])
        session.add(cercle)
        session.flush()
        session.add(PlaceCode(place_id=cercle.id, scheme="ocha-2017", code="MLI005002"))
        session.flush()
        population.load(session, now)

        assert len(session.scalars(places.villages_below([cercle.id], now.date())).all()) == 64


def test_a_thinned_population_keeps_its_proportions(db: Database) -> None:
    with db.write() as session:
        made = population.load(session, NOW, villages=2)
    assert {code: (one["villages"], one["members"], one["clubs"], one["stations"]) for code, one in made.items()} == {
        BANDIAGARA: (2, 94, 10, 2), KITA: (2, 38, 3, 2)
    }  # fmt: skip


def test_a_programme_has_no_more_villages_than_communes_when_it_is_thinned() -> None:
    with pytest.raises(ValueError, match="1 to 8 villages"):
        population.thinned(population.plans()[0], 9)
