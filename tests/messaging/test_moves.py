"""What staff change about a member holds at once, is audited by ids, and never overwrites what somebody else did."""

from __future__ import annotations

from datetime import date

import pytest
import sqlalchemy as sa

from messaging import moves, people
from messaging.errors import RefusedError, StaleError
from messaging.models import Audit, Club, ClubMember, Consent, Household, Member, Phone, Place, ProgrammeVillage
from messaging.models.people import ContentLevel, LifeStage, MemberStatus, Purpose, Route, Way
from messaging.models.place import Level
from messaging.moves import Author
from tests.world import World

NUMBER = "+22376000011"
TODAY = date(2026, 3, 12)


class Office:
    """One member with a phone in a club of her village, and a second village with a club and a household."""

    def __init__(self, world: World) -> None:
        self.world, self.by = world, Author(None, world.now)
        world.club("1041")
        self.member_id = world.member(NUMBER, club="1041")
        with world.db.write() as session:
            self.there = self._village(session, "Là-bas")
            self.elsewhere = self._village(session, "Ailleurs", ticked=False)
            session.add(ProgrammeVillage(programme_id=world.programme_id, place_id=world.village_id))
            home = Household(programme_id=world.programme_id, code="M-2", village_id=self.there)
            session.add(home)
            session.flush()
            self.household_id = home.id
        world.club("2035")
        with world.db.write() as session:
            session.get_one(Club, world.clubs["2035"]).village_id = self.there

    def change(self, act, seen=None):
        """Do one thing to her, as the page does."""
        with self.world.db.write() as session:
            seen = seen or moves.mark(session, session.get_one(Member, self.member_id))
            act(session, moves.find(session, self.member_id, seen))

    def seen(self) -> str:
        with self.world.db.read() as session:
            return moves.mark(session, session.get_one(Member, self.member_id))

    def member(self) -> Member:
        with self.world.db.read() as session:
            return session.get_one(Member, self.member_id)

    def clubs(self) -> set[str]:
        with self.world.db.read() as session:
            own = sa.select(Club.code).join(ClubMember).where(ClubMember.member_id == self.member_id)
            return set(session.scalars(own))

    def last(self) -> Audit:
        with self.world.db.read() as session:
            return session.scalars(sa.select(Audit).order_by(Audit.id.desc()).limit(1)).one()

    def lines(self) -> int:
        with self.world.db.read() as session:
            return session.scalar(sa.select(sa.func.count(Audit.id))) or 0

    def club(self, session, code: str) -> Club:
        return moves.club_of(session, self.world.programme_id, code, lambda _column: sa.true())

    def _village(self, session, name: str, ticked: bool = True) -> int:
        row = Place(level=Level.VILLAGE, name=name, folded=name.lower(), sms_name=name, languages=[])
        session.add(row)
        session.flush()
        if ticked:
            session.add(ProgrammeVillage(programme_id=self.world.programme_id, place_id=row.id))
        return row.id


@pytest.fixture
def office(world):
    return Office(world)


def test_a_move_takes_her_to_the_village_its_household_and_clubs(office):
    def act(session, member):
        home = session.get_one(Household, office.household_id)
        moves.move(session, member, office.there, home, [office.club(session, "2035")], office.by)

    before = office.member().village_id
    office.change(act)
    member = office.member()
    assert (member.village_id, member.household_id) == (office.there, office.household_id)
    assert office.clubs() == {"2035"}
    log = office.last()
    assert (log.actor, log.action, log.object, log.object_id) == ("command", "moved", "member", str(member.id))
    assert (log.before["village"], log.after["village"]) == (before, office.there)
    assert log.before["clubs"] == str(office.world.clubs["1041"])


def test_a_club_elsewhere_stays_hers_when_she_moves(office):
    office.change(lambda session, member: moves.join(session, member, office.club(session, "2035"), office.by))
    with office.world.db.write() as session:
        session.get_one(Club, office.world.clubs["2035"]).village_id = office.elsewhere
    office.change(lambda session, member: moves.move(session, member, office.there, None, [], office.by))
    assert office.clubs() == {"2035"}


def test_phones_and_consent_follow_her(office):
    office.change(lambda session, member: moves.move(session, member, office.there, None, [], office.by))
    with office.world.db.read() as session:
        assert office.member_id in set(session.scalars(people.agreed(Purpose.MESSAGES)))


REFUSED_MOVES = [
    ("where she lives", lambda o: o.world.village_id, "habite déjà"),
    ("a village outside the programme", lambda o: o.elsewhere, "n'est pas du programme"),
]


@pytest.mark.parametrize("case", REFUSED_MOVES, ids=[row[0] for row in REFUSED_MOVES])
def test_moves_that_are_refused(office, case):
    _label, village, sentence = case
    seen = office.seen()
    with pytest.raises(RefusedError, match=sentence):
        office.change(lambda session, member: moves.move(session, member, village(office), None, [], office.by))
    assert office.seen() == seen


def test_the_household_must_live_there(office):
    with office.world.db.write() as session:
        session.get_one(Household, office.household_id).village_id = office.elsewhere

    def act(session, member):
        moves.move(session, member, office.there, session.get_one(Household, office.household_id), [], office.by)

    with pytest.raises(RefusedError, match="n'habite pas ce village"):
        office.change(act)


def test_the_second_of_two_officers_is_told_and_nothing_is_lost(office):
    seen = office.seen()
    office.change(lambda session, member: moves.set_status(session, member, MemberStatus.DISPLACED, office.by), seen)
    with pytest.raises(StaleError, match="entre-temps"):
        office.change(lambda session, member: moves.set_language(session, member, "bm", None, office.by), seen)
    member = office.member()
    assert (member.status, member.language) == (MemberStatus.DISPLACED, "fr")


CHANGES = [
    ("village", lambda s, m, o: moves.move(s, m, o.there, None, [], o.by)),
    ("situation", lambda s, m, o: moves.set_status(s, m, MemberStatus.LEFT, o.by)),
    ("language", lambda s, m, o: moves.set_language(s, m, "bm", None, o.by)),
    ("fallback", lambda s, m, o: moves.set_language(s, m, "fr", [], o.by)),
    ("route", lambda s, m, o: moves.set_route(s, m, Route.GROUP, "", o.by, TODAY)),
    ("safe hours", lambda s, m, o: moves.set_route(s, m, Route.PHONE, "soir", o.by, TODAY)),
    ("a club more", lambda s, m, o: moves.join(s, m, o.club(s, "2035"), o.by)),
    ("a club less", lambda s, m, o: moves.leave(s, m, o.world.clubs["1041"], o.by)),
    ("consent", lambda s, m, o: moves.withdraw(s, m, Purpose.MESSAGES, o.by)),
]


@pytest.mark.parametrize("case", CHANGES, ids=[row[0] for row in CHANGES])
def test_every_change_is_seen_by_who_looked_before_it_and_audited(office, case):
    seen, lines = office.seen(), office.lines()
    office.change(lambda session, member: case[1](session, member, office))
    assert office.seen() != seen
    log = office.last()
    assert office.lines() == lines + 1
    assert (log.object, log.object_id) == ("member", str(office.member_id))
    assert NUMBER[-8:] not in f"{log.before}{log.after}"


def test_what_changes_nothing_is_not_audited(office):
    lines = office.lines()
    office.change(lambda session, member: moves.set_status(session, member, MemberStatus.ACTIVE, office.by))
    office.change(lambda session, member: moves.set_language(session, member, "fr", None, office.by))
    assert office.lines() == lines


CHAINS = [
    ("as the programme", None, None), ("nothing else", [], []), ("her own, once each", ["bm", "fr", "bm"], ["bm"]),
]  # fmt: skip


@pytest.mark.parametrize("case", CHAINS, ids=[row[0] for row in CHAINS])
def test_her_own_fallback_chain(office, case):
    office.change(lambda session, member: moves.set_language(session, member, "fr", case[1], office.by))
    assert office.member().falls_to == case[2]


@pytest.mark.parametrize("codes", [("xx", None), ("fr", ["xx"])], ids=["language", "fallback"])
def test_an_unknown_language_is_refused(office, codes):
    with pytest.raises(RefusedError, match="Langue inconnue : « xx »"):
        office.change(lambda session, member: moves.set_language(session, member, *codes, office.by))


ROUTES = [
    ("under 18", {"age_band": "under18"}, "soir", "Moins de 18 ans"),
    ("perhaps under 18: 18 this year", {"birth_year": 2008}, "soir", "ou peut-être"),
    ("personal content without safe hours", {"content_level": ContentLevel.PERSON}, "  ", "heures où"),
    ("hours that are too long", {"age_band": "25-49"}, "x" * 61, "60 signes"),
]


@pytest.mark.parametrize("case", ROUTES, ids=[row[0] for row in ROUTES])
def test_ways_to_be_reached_that_are_refused(office, case):
    _label, values, hours, sentence = case
    with office.world.db.write() as session:
        session.execute(sa.update(Member).where(Member.id == office.member_id).values(**values))
    with pytest.raises(RefusedError, match=sentence):
        office.change(lambda session, member: moves.set_route(session, member, Route.PHONE, hours, office.by, TODAY))


def test_without_a_phone_it_is_by_the_club(office):
    office.member_id = office.world.member()
    with pytest.raises(RefusedError, match="Aucun téléphone"):
        office.change(lambda session, member: moves.set_route(session, member, Route.PHONE, "", office.by, TODAY))
    office.change(lambda session, member: moves.set_route(session, member, Route.GROUP, " le  soir ", office.by, TODAY))
    assert office.member().safe_hours == "le soir"


def test_clubs_joined_twice_left_twice_or_closed_are_refused(office):
    for act, sentence in (
        (lambda s, m: moves.join(s, m, office.club(s, "1041"), office.by), "déjà du club 1041"),
        (lambda s, m: moves.leave(s, m, office.world.clubs["2035"], office.by), "n'est plus de ce club"),
        (lambda s, m: moves.join(s, m, office.club(s, "1042"), office.by), "Aucun club ouvert n'a le code « 1042 »"),
    ):
        with pytest.raises(RefusedError, match=sentence):
            office.change(act)
    with office.world.db.write() as session:
        session.get_one(Club, office.world.clubs["2035"]).closed_on = TODAY
    with pytest.raises(RefusedError, match="Aucun club ouvert"):
        office.change(lambda s, m: moves.join(s, m, office.club(s, "2035"), office.by))


def test_a_consent_is_withdrawn_once(office):
    office.change(lambda session, member: moves.withdraw(session, member, Purpose.MESSAGES, office.by))
    with office.world.db.read() as session:
        assert session.scalars(sa.select(Consent.withdrawn_at)).one() == office.world.now
    with pytest.raises(RefusedError, match="déjà retiré"):
        office.change(lambda session, member: moves.withdraw(session, member, Purpose.MESSAGES, office.by))


def test_what_was_noted_of_her_life_goes_with_the_consent(office):
    evidence = people.Evidence("1", "fr", Way.ORAL, office.world.now, "anim-01", "K")
    with office.world.db.write() as session:
        member = session.get_one(Member, office.member_id)
        member.life_stage, member.life_stage_until = LifeStage.PREGNANT, date(2030, 1, 1)
        member.child_birth_month = date(2026, 1, 1)
        people.give(session, member.programme_id, Purpose.LIFE_STAGE, evidence, member_id=member.id)
    office.change(lambda session, member: moves.withdraw(session, member, Purpose.LIFE_STAGE, office.by))
    member = office.member()
    assert (member.life_stage, member.life_stage_until, member.child_birth_month) == (LifeStage.NONE, None, None)
    assert "pregnant" not in f"{office.last().before}{office.last().after}"


def test_the_phone_itself_is_untouched(office):
    with office.world.db.read() as session:
        before = session.scalars(sa.select(Phone.opted_out_at)).all()
    office.change(lambda session, member: moves.set_status(session, member, MemberStatus.LEFT, office.by))
    with office.world.db.read() as session:
        assert session.scalars(sa.select(Phone.opted_out_at)).all() == before
