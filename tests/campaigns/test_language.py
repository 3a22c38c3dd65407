"""The language of a phone: which one is nearest to what was said, whom it changes, and what is counted."""

from __future__ import annotations

import pytest
import sqlalchemy as sa

from campaigns.conversation import language
from messaging.installation import Installation
from messaging.models import Facilitator, Language, Member, Phone, Programme
from messaging.models.people import Route
from tests.script import Script
from tests.world import World

NUMBERS = {"awa": "+22370000001", "fanta": "+22370000009"}
LANGUAGES = {"fr": "french", "bm": "manding", "dts": "dogon", "dds": "dogon"}
NAMES = {"fr": "français", "bm": "bambara", "dts": "dogon (toro so)", "dds": "dogon (donno so)"}

NEAREST = {
    # what the programme has, what was asked for: language and variety; what is used
    "a language it has": ("fr bm", "bm", None, "bm"),
    "one it has not": ("fr", "bm", None, None),
    "Dogon, and it has one": ("fr dds", "dts", None, "dds"),
    "Dogon, and it has two: the one that was read": ("fr dds dts", "dts", None, "dts"),
    "a variety that it has": ("fr dts dds", "dts", "donno so", "dds"),
    "a variety it has not: the nearest": ("fr dts", "dts", "donno so", "dts"),
    "a variety that nobody knows": ("fr dts", "dts", "kolum so", "dts"),
    "Bambara stands for no Dogon": ("fr bm", "dts", None, None),
    "nothing": ("fr bm", "", None, None),
}


@pytest.mark.parametrize("case", NEAREST)
def test_the_nearest_language(case: str) -> None:
    has, wanted, variety, used = NEAREST[case]
    offered = [Language(code=code, name_fr=NAMES[code], family=LANGUAGES[code]) for code in has.split()]
    found = language.nearest(offered, wanted, variety)
    assert (found and found.code) == used


@pytest.fixture
def script(installation: Installation, world: World) -> Script:
    world.club("1041", facilitator=NUMBERS["fanta"])
    world.member(NUMBERS["awa"], club="1041")
    return Script(installation, NUMBERS, world.now)


def spoken(world: World) -> list[str | None]:
    """The language of Awa's phone, then those of all members."""
    with world.db.read() as session:
        phone = session.get_one(Phone, world.phones[NUMBERS["awa"]])
        return [phone.language, *session.scalars(sa.select(Member.language).order_by(Member.id))]


def test_the_only_person_of_a_phone_speaks_its_language(script: Script, world: World) -> None:
    script.write("awa", "LANGUE BM")
    assert spoken(world) == ["bm", "bm"]


def test_on_a_shared_phone_the_phone_alone_changes(script: Script, world: World) -> None:
    world.member(NUMBERS["awa"])
    script.write("awa", "bambara")
    assert spoken(world) == ["bm", "fr", "fr"]


def test_who_chose_the_club_alone_keeps_her_language(script: Script, world: World) -> None:
    with world.db.write() as session:
        session.execute(sa.update(Member).values(route=Route.GROUP))
    script.write("awa", "bambara")
    assert spoken(world) == ["bm", "fr"]


def test_a_facilitator_is_called_in_the_language_she_chose(script: Script, world: World) -> None:
    script.write("fanta", "LANGUE BAMBARA")
    with world.db.read() as session:
        assert session.scalars(sa.select(Facilitator.language)).all() == ["bm"]


def test_the_menu_holds_what_the_programme_has_and_nothing_else(script: Script, world: World) -> None:
    with world.db.write() as session:
        session.get_one(Programme, world.programme_id).languages = ["fr", "bm"]
    script.play(
        """
        awa > LANGUE
        awa < Quelle langue? Repondez par le numero: 1 francais, 2 bambara
        awa > 2
        awa < C'est note: bambara.
        """
    )
    assert spoken(world) == ["bm", "bm"]


@pytest.mark.parametrize("said", ["3", "LANGUE PEUL", "LANGUE DOGON"])
def test_what_the_programme_has_not_changes_nothing(script: Script, world: World, said: str) -> None:
    with world.db.write() as session:
        session.get_one(Programme, world.programme_id).languages = ["fr", "bm"]
    script.write("awa", "LANGUE")
    script.write("awa", said)
    assert spoken(world) == [None, "fr"]


def test_varieties_and_languages_that_are_missing_are_counted(script: Script, world: World) -> None:
    for text in ("LANGUE DOGON kolum so", "LANGUE PEUL", "LANGUE BM", "LANGUE PEUL", "LANGUE DOGON kolum so"):
        script.write("awa", text)
    with world.db.read() as session:
        assert language.demand(session, world.programme_id) == {"kolum so": 1, "peul": 2}


def test_a_variety_is_forgotten_with_its_language_only(script: Script, world: World) -> None:
    held = []
    for text in ("dogon kolum so", "LANGUE DOGON", "bambara"):
        script.write("awa", text)
        with world.db.read() as session:
            held.append(session.scalar(sa.select(Member.variety)))
    assert held == ["kolum so", "kolum so", None]
