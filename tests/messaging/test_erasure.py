"""Erasing the people behind a phone: what goes, what stays, whom it spares, and the number that comes again."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from messaging import erasure, inbox, outbox, people, quarantine, sender
from messaging.database import Database
from messaging.errors import RefusedError
from messaging.gateways.protocol import Arrival
from messaging.installation import Installation
from messaging.models import (
    Audit,
    Call,
    Club,
    ClubMember,
    Consent,
    Facilitator,
    FacilitatorClub,
    Gateway,
    Inbound,
    Member,
    MemberPhone,
    Message,
    Pending,
    Phone,
    Programme,
    Staff,
    StationPhone,
)
from messaging.models.people import LifeStage, MemberStatus, Ownership, Quarantine, Route, Sex
from messaging.models.post import InboundState, State
from messaging.phones import Keys
from tests.traces import traces
from tests.world import World

AWA, BINTA, OLD = "+22370000001", "+22370000002", "+22370000003"
TYPED = "appelez-moi au 70 00 00 01, Awa"
READ = {
    "readings": [
        {
            "intent": "attendance", "status": "ok",
            "fields": {"club": "1041", "women": 12, "men": 8, "total": 20, "note": "Awa 70000001", "person": "Awa"},
        }
    ],
    "reply": "att.ok",
}  # fmt: skip


@pytest.fixture
def awa(world: World) -> int:
    """Awa, a mother with a phone of her own, in a club; she wrote, and was answered."""
    world.club("1041")
    ident = world.member(AWA, club="1041", personal=True, life_stage=LifeStage.PREGNANT, child_born=date(2025, 11, 1))
    with world.db.write() as session:
        values = {
            "first_name": "Awa",
            "birth_year": 1990,
            "age_band": "25-49",
            "safe_hours": "soir",
            "variety": "kolum",
        }
        session.execute(sa.update(Member).where(Member.id == ident).values(**values))
    wrote(world, AWA, TYPED, READ)
    answered(world, AWA, "OK 1041, Awa")
    return ident


def wrote(world: World, number: str, text: str, readings: dict[str, Any] | None = None) -> None:
    with world.db.write() as session:
        gateway = session.get_one(Gateway, 1)
        ident = inbox.store(
            session, gateway, Arrival(f"sms-{len(text)}-{number[-2:]}", number, text, world.now, "digest")
        )
        row = session.get_one(Inbound, ident)
        row.state, row.readings, row.intent = InboundState.HANDLED, readings, "attendance"


def answered(world: World, number: str, text: str) -> None:
    with world.db.write() as session:
        programme = session.get_one(Programme, world.programme_id)
        letter = outbox.reply(
            session, programme, text, "fr", occurrence=f"reply:{len(text)}", due_at=world.now,
            useful_until=world.now + timedelta(days=1),
        )  # fmt: skip
        outbox.put(session, letter, people.find_phone(session, number).id, world.now)  # type: ignore[union-attr]


def erase(world: World, number: str = AWA) -> erasure.Erased:
    with world.db.write() as session:
        phone = people.find_phone(session, number)
        assert phone is not None
        return erasure.erase(session, phone, world.now)


def phone_of(world: World, number: str = AWA) -> Phone:
    with world.db.read() as session:
        found = people.find_phone(session, number)
        assert found is not None
        return found


def get(db: Database, table: type[Any], ident: Any) -> Any:
    with db.read() as session:
        return session.get(table, ident)


def test_of_the_number_only_its_hash_is_left_and_it_stays_closed(world: World, awa: int, keys: Keys) -> None:
    erase(world)
    phone = phone_of(world)
    assert (phone.sealed, phone.last_two, phone.prefix, phone.language) == (b"", "", "", None)
    assert phone.hash == keys.find(AWA)
    assert (phone.opted_out_at, phone.erased_at) == (world.now, world.now)


def test_nothing_of_her_is_left_in_any_table(installation: Installation, world: World, awa: int) -> None:
    assert traces(installation, AWA, "Awa", "kolum"), "the test must be able to fail"
    erase(world)
    installation.db.scrub(["inbound", "message", "phone"])
    assert traces(installation, AWA, "Awa", "kolum") == []


def test_what_is_erased_is_written_over_in_the_files(installation: Installation) -> None:
    if installation.db.is_sqlite:
        with installation.db.read() as session:
            assert session.scalar(sa.text("PRAGMA secure_delete")) == 1
    assert installation.adapters.book._file.execute("PRAGMA secure_delete").fetchone() == (1,)


def test_what_was_counted_stays_and_no_word_of_it(world: World, awa: int) -> None:
    erase(world)
    with world.db.read() as session:
        (inbound,) = session.scalars(sa.select(Inbound)).all()
        (message,) = session.scalars(sa.select(Message)).all()
    assert inbound.text == ""
    assert inbound.readings["readings"][0]["fields"] == {"club": "1041", "women": 12, "men": 8, "total": 20}
    assert inbound.readings["reply"] == "att.ok"
    assert (message.body, message.state) == (None, State.CLOSED)


def test_the_member_is_nobody_any_more(world: World, awa: int) -> None:
    gone = erase(world)
    member = get(world.db, Member, awa)
    assert gone.members == (awa,)
    assert {name: getattr(member, name) for name in erasure.NOBODY} == dict(erasure.NOBODY)
    assert (member.status, member.sex) == (MemberStatus.LEFT, Sex.F)
    with world.db.read() as session:
        assert session.scalars(sa.select(ClubMember)).all() == []
        assert session.scalars(sa.select(MemberPhone)).all() == []
        assert all(row.withdrawn_at == world.now for row in session.scalars(sa.select(Consent)))


SPARED: Mapping[str, tuple[dict[str, Any], MemberStatus, bool, str | None]] = {
    # who shares the phone: her columns and the link's, how she is afterwards, in her club still, her name
    "reached on it too": ({}, MemberStatus.LEFT, False, None),
    "by her club, on her husband's phone": (
        {"route": Route.GROUP, "ownership": Ownership.SPOUSE}, MemberStatus.ACTIVE, True, None,
    ),
    "by her club, on her own phone": (
        {"route": Route.GROUP, "ownership": Ownership.OWN}, MemberStatus.LEFT, False, None,
    ),
    "reached on another phone too": ({"also": BINTA}, MemberStatus.ACTIVE, True, "Binta"),
}  # fmt: skip


@pytest.mark.parametrize("case", SPARED)
def test_who_shares_the_phone(world: World, awa: int, case: str) -> None:
    given, status, stays, name = SPARED[case]
    other = world.member(AWA, club="1041", route=given.get("route", Route.PHONE))
    also = world.phone(given["also"]) if "also" in given else None
    with world.db.write() as session:
        session.execute(sa.update(Member).where(Member.id == other).values(first_name="Binta"))
        link = session.get_one(MemberPhone, (other, world.phones[AWA]))
        link.ownership = given.get("ownership", Ownership.HOUSEHOLD)
        if also:
            session.add(MemberPhone(member_id=other, phone_id=also, ownership=Ownership.OWN))
    erase(world)
    with world.db.read() as session:
        member = session.get_one(Member, other)
        in_club = session.get(ClubMember, (world.clubs["1041"], other)) is not None
        links = session.scalars(sa.select(MemberPhone.phone_id).where(MemberPhone.member_id == other)).all()
    assert (member.status, in_club, member.first_name) == (status, stays, name)
    assert links == ([also] if also else [])


def test_every_role_of_the_phone_ends(world: World) -> None:
    club = world.club("1041", facilitator=AWA)
    world.airing(world.now, host=AWA)
    with world.db.write() as session:
        session.get_one(Club, club).relay_phone_id = world.phones[AWA]
        account = Staff(
            email="fanta@essai.example", name="Fanta", created_at=world.now, password="-", fs_uniquifier="f",
            phone_id=world.phones[AWA], phone_confirmed_at=world.now,
        )  # fmt: skip
        session.add(account)
        session.flush()
        ident = account.id
    erase(world)
    with world.db.read() as session:
        for table in (Facilitator, FacilitatorClub, StationPhone):
            assert session.scalars(sa.select(table)).all() == [], table
        assert session.get_one(Club, club).relay_phone_id is None
        assert (session.get_one(Staff, ident).phone_id, session.get_one(Staff, ident).phone_confirmed_at) == (
            None,
            None,
        )


def test_what_waits_is_closed_and_asked_no_more(world: World, awa: int) -> None:
    with world.db.write() as session:
        phone = world.phones[AWA]
        session.add(Pending(phone_id=phone, kind="erase", kept={}, made_at=world.now, expires_at=world.now))
        session.add(Call(phone_id=phone, reason="errors", asked_at=world.now))
    erase(world)
    with world.db.read() as session:
        assert session.scalars(sa.select(Pending)).all() == []
        assert [row.done_at for row in session.scalars(sa.select(Call))] == [world.now]


def test_the_number_that_this_one_replaced_goes_too(installation: Installation, world: World, awa: int) -> None:
    old = world.phone(OLD)
    with world.db.write() as session:
        former = session.get_one(Phone, old)
        former.quarantine, former.replaced_by_id = Quarantine.LOST, world.phones[AWA]
    wrote(world, OLD, "c'est Awa")
    gone = erase(world)
    installation.db.scrub(["inbound"])
    assert set(gone.phones) == {old, world.phones[AWA]}
    assert traces(installation, OLD, "c'est Awa") == []
    assert phone_of(world, OLD).quarantine is Quarantine.LOST


def test_a_second_erasure_finds_nothing(world: World, awa: int) -> None:
    erase(world)
    assert erase(world).members == ()


def test_the_log_names_the_phone_by_its_id_alone(world: World, awa: int) -> None:
    erase(world)
    with world.db.read() as session:
        line = session.scalars(sa.select(Audit).where(Audit.action == "erased")).one()
    assert (line.actor, line.object_id, line.after) == (
        "job:retention",
        str(world.phones[AWA]),
        {"phones": 1, "members": 1},
    )


DUE = {
    # when she asked, what is on its way to her, whether this night erases her
    "not asked": (None, False, False),
    "a moment ago: her answer may not have left": (timedelta(minutes=5), False, False),
    "this evening": (timedelta(hours=6), False, True),
    "this evening, and her answer is on its way": (timedelta(hours=6), True, False),
    "a week ago, and nobody knows what became of it": (timedelta(days=7), True, True),
}


@pytest.mark.parametrize("case", DUE)
def test_who_is_due(world: World, case: str) -> None:
    ago, on_its_way, is_due = DUE[case]
    ident = world.phone(AWA)
    with world.db.write() as session:
        session.get_one(Phone, ident).erase_asked_at = world.now - ago if ago else None
    if on_its_way:
        answered(world, AWA, "C'est fait")
    with world.db.read() as session:
        assert list(erasure.due(session, world.now, 10)) == ([ident] if is_due else [])


def test_a_message_to_an_erased_number_is_closed_and_stops_nobody_else(
    installation: Installation, world: World, awa: int
) -> None:
    world.phone(BINTA)
    erase(world)
    answered(world, AWA, "trop tard")
    answered(world, BINTA, "bonjour")
    done = sender.send_due(installation, world.now)
    assert (done["claimed"], done["opted_out"], done["accepted"]) == (1, 1, 1)
    assert installation.adapters.book.sent(AWA) == []
    assert len(installation.adapters.book.sent(BINTA)) == 1


def test_an_erased_number_that_writes_is_kept_until_the_next_night_and_stays_closed(
    world: World, awa: int, keys: Keys
) -> None:
    ident = phone_of(world).id
    erase(world)
    later = world.now + timedelta(days=3)
    with world.db.write() as session:
        assert people.add_phone(session, AWA, later).id == ident
    phone = phone_of(world)
    assert keys.open(phone.sealed) == AWA
    assert (phone.last_two, phone.prefix) == ("01", "+22370")
    assert (phone.opted_out_at, phone.erased_at, phone.erase_asked_at) == (world.now, None, later)
    with world.db.read() as session:
        assert list(erasure.due(session, later + timedelta(days=1), 10)) == [ident]


def test_an_import_does_not_bring_the_number_back(world: World, awa: int) -> None:
    ident = phone_of(world).id
    erase(world)
    with world.db.write() as session:
        assert people.add_phones(session, [AWA], world.now) == {AWA: ident}
    assert phone_of(world).sealed == b""


def test_an_erased_number_takes_no_other_number_s_place(world: World, awa: int) -> None:
    old = world.phone(OLD)
    erase(world)
    with world.db.write() as session:
        quarantine.put(session, session.get_one(Phone, old), Quarantine.LOST, "staff:1", world.now)
    with pytest.raises(RefusedError), world.db.write() as session:
        programme = session.get_one(Programme, world.programme_id)
        quarantine.replace(session, session.get_one(Phone, old), AWA, "staff:1", world.now, programme=programme)
    assert phone_of(world).sealed == b""
