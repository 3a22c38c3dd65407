"""Joining by SMS: whose club or village was meant, who becomes a member by it, and what a refusal leaves."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from campaigns import retention
from campaigns.models import Enrolment
from messaging import inbox, people
from messaging.installation import Installation
from messaging.models import (
    Club,
    ClubMember,
    Consent,
    Gateway,
    Inbound,
    Member,
    MemberPhone,
    Message,
    Pending,
    Phone,
    Place,
    PlaceParent,
    Programme,
    ProgrammeVillage,
)
from messaging.models.people import MemberStatus, Ownership, Purpose, Route, Sex, Way
from messaging.models.place import Level
from messaging.places import folded
from tests.script import Script
from tests.traces import traces
from tests.world import World, hygiene

NUMBERS = {"awa": "+22370000001", "inconnu": "+22370000077"}
ASKED = "Info club: messages du club 1041, gratuit. Accepter? OUI, NON ou INFO. Arreter a tout moment: STOP"
ASKED_VILLAGE = ASKED.replace("1041", "Korissana")
WELCOME = "Merci, c'est note. Les messages commencent demain. Arreter a tout moment: STOP"
JOINED = f"inconnu > JOIN 1041\ninconnu < {ASKED}\ninconnu > OUI\ninconnu < {WELCOME}"


@pytest.fixture
def script(installation: Installation, world: World) -> Script:
    world.club("1041", language="bm")
    world.campaign(hygiene(when={"after_enrolment": 0}, hour="08:00"))
    return Script(installation, NUMBERS, world.now)


def every(world: World, table: type[Any], *which: sa.ColumnElement[bool]) -> list[Any]:
    with world.db.read() as session:
        return list(session.scalars(sa.select(table).where(*which)))


def phone(world: World, who: str = "inconnu") -> Phone:
    with world.db.read() as session:
        found = people.find_phone(session, NUMBERS[who])
        assert found is not None
        return found


def test_a_stranger_who_agrees_becomes_a_member_of_the_club(script: Script, world: World) -> None:
    script.play(JOINED)
    (member,) = every(world, Member)
    (link,), (club,), (enrolled,) = every(world, MemberPhone), every(world, ClubMember), every(world, Enrolment)
    assert (member.village_id, member.programme_id, member.language) == (world.village_id, world.programme_id, "bm")
    assert (member.sex, member.route, member.status) == (Sex.UNKNOWN, Route.PHONE, MemberStatus.ACTIVE)
    assert (member.first_name, member.birth_year) == (None, None)
    assert NUMBERS["inconnu"][-4:] not in member.code
    assert (link.member_id, link.phone_id, link.ownership) == (member.id, phone(world).id, Ownership.HOUSEHOLD)
    assert (club.club_id, club.member_id) == (world.clubs["1041"], member.id)
    assert (enrolled.member_id, enrolled.anchor_on) == (member.id, (world.now + timedelta(days=1)).date())


def test_the_consent_tells_who_agreed_to_what_in_which_words(script: Script, world: World) -> None:
    script.play(JOINED)
    (member,) = every(world, Member)
    consents = every(world, Consent)
    assert {(row.member_id, row.phone_id) for row in consents} == {(member.id, None), (None, phone(world).id)}
    for row in consents:
        assert (row.purpose, row.granted, row.way) == (Purpose.MESSAGES, True, Way.SMS)
        assert (row.text_version, row.language, row.given_at) == ("sms-1", "fr", world.now)


SHARED = {
    # who is reached on the phone already: route, in the club, active; whose club it is afterwards, how many members
    "nobody": ([], "a new one", 1),
    "one person": ([(Route.PHONE, False, True)], 0, 1),
    "one person who had left": ([(Route.PHONE, False, False)], 0, 1),
    "two people: none is guessed": ([(Route.PHONE, False, True), (Route.PHONE, False, True)], "a new one", 3),
    "one who chose the club alone is left alone": ([(Route.GROUP, False, True)], "a new one", 2),
    "one of two is in the club": ([(Route.PHONE, True, True), (Route.PHONE, False, True)], 0, 2),
}


@pytest.mark.parametrize("case", SHARED)
def test_who_joins_from_a_phone_that_has_people(script: Script, world: World, case: str) -> None:
    on_it, expected, count = SHARED[case]
    for route, in_club, active in on_it:
        ident = world.member(NUMBERS["inconnu"], route=route, club="1041" if in_club else None)
        if not active:
            with world.db.write() as session:
                session.get_one(Member, ident).status = MemberStatus.LEFT
    script.write("inconnu", "JOIN 1041")
    script.write("inconnu", "OUI")
    members = [row.id for row in every(world, Member)]
    joined = {row.member_id for row in every(world, ClubMember)}
    assert len(members) == count
    assert joined == {members[-1] if expected == "a new one" else members[expected]}
    assert all(row.status is MemberStatus.ACTIVE for row in every(world, Member, Member.id.in_(joined)))


@pytest.mark.parametrize("others", [1, 2])
def test_nobody_consents_for_another_of_the_same_phone(script: Script, world: World, others: int) -> None:
    theirs = [world.member(NUMBERS["inconnu"], consent=False, route=Route.GROUP) for _ in range(others)]
    script.play(JOINED)
    assert every(world, Consent, Consent.member_id.in_(theirs)) == []


def test_a_member_of_the_club_whose_phone_is_closed_is_asked_again(script: Script, world: World) -> None:
    world.member(NUMBERS["awa"], club="1041")
    script.play(
        f"""
        awa > STOP
        awa < C'est fait. Plus de messages. Pour reprendre: REPRENDRE
        awa > JOIN 1041
        awa < {ASKED}
        awa > oui
        awa < {WELCOME}
        """
    )
    assert phone(world, "awa").opted_out_at is None
    assert len(every(world, Member)) == 1


def test_who_is_in_one_club_and_declines_another_stays_as_she_was(script: Script, world: World) -> None:
    world.club("1055")
    world.member(NUMBERS["awa"], club="1055")
    script.play(
        f"""
        awa > JOIN 1041
        awa < {ASKED}
        awa > non
        awa < C'est note: vous n'entrez pas dans ce club. Rien d'autre ne change.
        """
    )
    assert phone(world, "awa").opted_out_at is None
    assert every(world, Consent, Consent.granted.is_(False)) == []


def test_a_refusal_leaves_the_hash_and_the_refusal_alone(
    installation: Installation, script: Script, world: World
) -> None:
    script.write("inconnu", "JOIN 1041")
    script.write("inconnu", "non")
    retention.keep(installation, world.now + timedelta(days=1))
    left = phone(world)
    assert (left.sealed, left.last_two, left.prefix, left.hash) == (
        b"",
        "",
        "",
        installation.keys.find(NUMBERS["inconnu"]),
    )
    (refusal,) = every(world, Consent)
    assert (refusal.granted, refusal.phone_id, refusal.member_id) == (False, left.id, None)
    assert [row.text for row in every(world, Inbound)] == ["", ""]
    assert [row.body for row in every(world, Message)] == [None, None]
    assert every(world, Member) == []
    assert traces(installation, NUMBERS["inconnu"], "JOIN 1041") == []


def test_who_refused_may_still_join(installation: Installation, script: Script, world: World) -> None:
    script.write("inconnu", "JOIN 1041")
    script.write("inconnu", "non")
    retention.keep(installation, world.now + timedelta(days=1))
    script.now += timedelta(days=2)
    script.seen["inconnu"] = 2
    script.play(JOINED)
    assert phone(world).opted_out_at is None
    retention.keep(installation, script.now + timedelta(days=1))
    assert installation.keys.open(phone(world).sealed) == NUMBERS["inconnu"]
    assert len(every(world, ClubMember)) == 1


def test_a_stop_that_came_after_the_yes_wins(script: Script, world: World) -> None:
    script.write("inconnu", "JOIN 1041")

    arrivals = [
        script.here.adapters.book.write(NUMBERS["inconnu"], text, script.now + timedelta(seconds=at), f"b{at}")
        for at, text in enumerate(("OUI", "STOP"), 1)
    ]
    inbox.receive(world.db, "simulator", arrivals)
    script.now += timedelta(seconds=10)
    script.turn()
    assert phone(world).opted_out_at is not None
    assert every(world, Member) == []


@pytest.mark.parametrize("said", ["", "peut-etre", "oui non", "ok c'est qui?", "OUI je veux bien savoir"])
def test_what_is_not_clear_is_no_consent(script: Script, world: World, said: str) -> None:
    script.write("inconnu", "JOIN 1041")
    script.write("inconnu", said)
    assert every(world, Member) == []
    assert every(world, Consent) == []
    assert [row.kind for row in every(world, Pending)] == ["consent"]


# Which club


@pytest.fixture
def second(world: World) -> int:
    """Another programme on the same number, with a club 1041 of its own."""
    with world.db.write() as session:
        village = Place(level=Level.VILLAGE, name="Autre", folded="autre", sms_name="Autre", languages=["fr"])
        row = Programme(
            code="autre", name_fr="Autre", name_en="Other", service_name="Autre", always_open=True, language="fr",
            languages=["fr"], details={}, created_at=world.now,
        )  # fmt: skip
        session.add_all([row, village])
        session.flush()
        club = Club(
            programme_id=row.id, code="1041", kind="apfls", name="Autre", sms_name="Autre", village_id=village.id,
            language="fr",
        )  # fmt: skip
        session.add(club)
        session.flush()
        return row.id


def test_of_two_programmes_with_the_same_code_the_sender_s_own_is_meant(
    script: Script, world: World, second: int
) -> None:
    with world.db.write() as session:
        session.execute(sa.delete(Club).where(Club.id == world.clubs["1041"]))
    script.write("inconnu", "JOIN 1041")
    script.write("inconnu", "OUI")
    assert [row.programme_id for row in every(world, Member)] == [second]
    assert {row.programme_id for row in every(world, Consent)} == {second}


CLUBS = {
    # how the club of the code stands, and whether one may join it
    "open": ({}, True),
    "closed yesterday": ({"closed": -1}, False),
    "closes next month": ({"closed": 30}, True),
    "of another number": ({"number": "36111"}, False),
    "of the number that was written to": ({"number": "36000"}, True),
    "of a programme that ended": ({"ended": True}, False),
}


@pytest.mark.parametrize("case", CLUBS)
def test_which_club_may_be_joined(script: Script, world: World, case: str) -> None:
    how, may_join = CLUBS[case]
    with world.db.write() as session:
        club = session.get_one(Club, world.clubs["1041"])
        club.number = how.get("number", "")
        club.closed_on = (world.now + timedelta(days=how["closed"])).date() if "closed" in how else None
        if how.get("ended"):
            session.get_one(Programme, world.programme_id).ended_at = world.now
    arrival = script.here.adapters.book.write(NUMBERS["inconnu"], "JOIN 1041", script.now)

    inbox.receive(world.db, "simulator", [replace(arrival, recipient="36000")])
    script.turn()
    assert bool(every(world, Pending, Pending.kind == "consent")) is may_join


def test_no_stranger_joins_a_demonstration_by_a_real_gateway(script: Script, world: World) -> None:
    with world.db.write() as session:
        session.get_one(Gateway, 1).adapter = "other"
        session.get_one(Programme, world.programme_id).demonstration = True
    script.write("inconnu", "JOIN 1041")
    assert every(world, Pending) == []


# By village


@pytest.fixture
def villages(world: World) -> dict[str, int]:
    """Two communes; Dourou lies in both, Kori in the first, twice a Sanga in the second."""
    made: dict[str, int] = {}
    with world.db.write() as session:
        for commune in ("Diamnati", "Metoumou"):
            made[commune] = place(session, commune, Level.COMMUNE)
        for name, commune in (
            ("Dourou", "Diamnati"), ("Dourou", "Metoumou"), ("Korissana", "Diamnati"), ("Sangabougou", "Metoumou"),
            ("Sangabougou", "Metoumou"),
        ):  # fmt: skip
            ident = place(session, name, Level.VILLAGE)
            session.add(PlaceParent(place_id=ident, parent_id=made[commune]))
            session.add(ProgrammeVillage(programme_id=world.programme_id, place_id=ident))
            made[f"{name}, {commune}"] = ident
    return made


def place(session: Any, name: str, level: Level) -> int:
    row = Place(level=level, name=name, folded=folded(name), sms_name=name, languages=["fr"])
    session.add(row)
    session.flush()
    return row.id


def test_a_village_by_its_name(script: Script, world: World, villages: dict[str, int]) -> None:
    script.play(
        f"""
        inconnu > JOIN Korissana
        inconnu < {ASKED_VILLAGE}
        inconnu > oui
        inconnu < {WELCOME}
        """
    )
    (member,) = every(world, Member)
    assert (member.village_id, member.language) == (villages["Korissana, Diamnati"], "fr")
    assert every(world, ClubMember) == []


def test_a_village_that_is_nearly_named_is_asked(script: Script, world: World, villages: dict[str, int]) -> None:
    script.play(
        f"""
        inconnu > JOIN Korisana
        inconnu < Korissana: est-ce votre village? Repondez OUI ou NON
        inconnu > non
        inconnu < Pour entrer, envoyez: JOIN et le code du club. Demandez le code a l'animateur.
        inconnu > JOIN Korisana
        inconnu < Korissana: est-ce votre village? Repondez OUI ou NON
        inconnu > oui
        inconnu < {ASKED_VILLAGE}
        inconnu > oui
        inconnu < {WELCOME}
        """
    )
    assert [row.village_id for row in every(world, Member)] == [villages["Korissana, Diamnati"]]


def test_of_two_villages_of_one_name_the_commune_is_asked(
    script: Script, world: World, villages: dict[str, int]
) -> None:
    script.play(
        f"""
        inconnu > JOIN Dourou
        inconnu < Dourou: quelle commune? Repondez par son nom: Diamnati, Metoumou
        inconnu > metoumou
        inconnu < Info club: messages du club Dourou, gratuit. Accepter? OUI, NON ou INFO. Arreter a tout moment: STOP
        inconnu > oui
        inconnu < {WELCOME}
        """
    )
    assert [row.village_id for row in every(world, Member)] == [villages["Dourou, Metoumou"]]


def test_two_villages_that_nothing_tells_apart_are_joined_by_a_code(
    script: Script, world: World, villages: dict[str, int]
) -> None:
    script.play(
        """
        inconnu > JOIN Sangabougou
        inconnu < Pour entrer, envoyez: JOIN et le code du club. Demandez le code a l'animateur.
        """
    )
    assert every(world, Pending) == []


def test_codes_of_new_members_never_meet_a_code_that_is_there(
    script: Script, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.member()
    drawn = iter([482913, 482913, 7])
    monkeypatch.setattr("campaigns.conversation.enrolment.secrets.randbelow", lambda _: next(drawn))
    monkeypatch.setattr("campaigns.conversation.enrolment.secrets.choice", lambda _: "K")
    script.numbers["awa"] = NUMBERS["awa"]
    for who in ("awa", "inconnu"):
        script.write(who, "JOIN 1041")
        script.write(who, "OUI")
    assert [row.code for row in every(world, Member)][1:] == ["JK-482913", "JK-000007"]
