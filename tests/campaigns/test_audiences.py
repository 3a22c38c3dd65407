"""Audiences of the activities: leaders, who only hears the radio, a platform that is asked whether it will come."""

from __future__ import annotations

import json
from typing import Any

import pytest
import sqlalchemy as sa

from campaigns import audience, library
from campaigns.definitions import Audience, Definition, read
from campaigns.definitions.model import merge
from campaigns.models import Answer, Step
from messaging.models import Facilitator, Household, Member, Programme
from messaging.models.people import ClubKind, Sex
from tests.script import Script
from tests.world import World, hygiene

HEARERS = {"awa": "+22370000001", "binta": "+22370000002", "coumba": "+22370000003", "djeneba": "+22370000004"}
LEADERS = {"fanta": "+22370000009", "moussa": "+22370000008"}


@pytest.fixture
def world(world: World) -> World:
    """Awa is in a club, Binta of a household, Coumba and the man Djeneba of neither; Fanta is an opinion leader."""
    world.club("1041", ClubKind.IYCF, LEADERS["fanta"])
    world.club("1055", ClubKind.PLATFORM, LEADERS["moussa"])
    for who, number in HEARERS.items():
        world.member(number, club="1041" if who == "awa" else None, sex=Sex.M if who == "djeneba" else Sex.F)
    with world.db.write() as session:
        home = Household(programme_id=world.programme_id, code="H1", village_id=world.village_id)
        session.add(home)
        session.flush()
        session.get_one(Member, world.members[1]).household_id = home.id
        phone_id = world.phones[LEADERS["fanta"]]
        session.scalars(sa.select(Facilitator).where(Facilitator.phone_id == phone_id)).one().leader = True
    return world


CALL = (
    "serez-vous à la prochaine réunion? L'animateur dit le jour. 1 OUI 2 NON. Répondez par le numéro. "
    "SMS de réponse: 0 FCFA."
)
MEANT = (
    ("leaders", {"role": "facilitator", "only": "leaders"}, ["fanta"]),
    ("facilitators", {"role": "facilitator"}, ["fanta", "moussa"]),
    ("who only hears the radio", {"only": "radio"}, ["coumba", "djeneba"]),
    ("women of those", {"only": "radio", "sex": "f"}, ["coumba"]),
    ("women", {"sex": "f"}, ["awa", "binta", "coumba"]),
    ("a village", {"places": ["Village Essai"], "sex": "m"}, ["djeneba"]),
    ("groups of a kind", {"role": "club", "club_kinds": ["platform"]}, ["moussa"]),
)


def test_who_is_meant(world: World) -> None:
    names = {world.phones[number]: who for who, number in (HEARERS | LEADERS).items()}
    with world.db.read() as session:
        programme = session.get_one(Programme, world.programme_id)
        for label, given, expected in MEANT:
            meant = merge(Audience.model_validate(given), None)
            where = audience.scope(session, programme, 0, meant, world.now.date())
            found = session.execute(audience.source(meant, where, None))
            assert sorted(names[row.phone_id] for row in found) == expected, label


MERGED = (
    # of the campaign, of the step, what is left
    ({"only": "radio"}, {}, "radio"),
    ({"only": "radio"}, {"role": "facilitator"}, None),
    ({"role": "adviser", "only": "leaders"}, {"role": "facilitator"}, "leaders"),
    ({"role": "adviser", "only": "leaders"}, {"role": "club"}, None),
    ({}, {"role": "facilitator", "only": "leaders"}, "leaders"),
)


@pytest.mark.parametrize(("whole", "own", "left"), MERGED)
def test_a_step_of_another_role_is_not_narrowed(whole: dict[str, str], own: dict[str, str], left: str | None) -> None:
    assert merge(Audience.model_validate(whole), Audience.model_validate(own)).only == left


@pytest.mark.parametrize("given", [{"only": "leaders"}, {"role": "club", "only": "radio"}], ids=str)
def test_a_narrowing_that_fits_no_such_role_is_refused(given: dict[str, str]) -> None:
    whole = hygiene().model_dump(mode="json", exclude_none=True)
    whole["audience"] = given
    problems = read_back(whole)
    assert "only_role" in [problem.rule for problem in problems]


def test_a_platform_is_convened_and_its_answer_is_counted(installation, world: World) -> None:
    text = next(path for path in library.files() if path.stem == "groupes-bandiagara").read_text(encoding="utf-8")
    shipped, _problems = read(text, "groupes-bandiagara")
    assert shipped is not None
    step = next(one for one in shipped.steps if one.step == "convocation")
    called = step.model_copy(update={"when": step.when.model_copy(update={"anchor": world.now.date()})})
    whole = {**shipped.model_dump(mode="json"), "steps": [called.model_dump(mode="json")]}
    world.campaign(Definition.model_validate(whole))
    script = Script(installation, LEADERS, world.now)
    script.play(
        f"""
        @ 2026-04-07 16:30
        moussa < Plateforme 1055: {CALL}
        fanta <
        moussa > oui
        moussa < Merci, c'est noté. Une question? Envoyez QUESTION et vos mots.
        """
    )
    with world.db.read() as session:
        answers = session.execute(sa.select(Step.code, Answer.value).join(Step, Step.id == Answer.step_id)).all()
        assert [tuple(row) for row in answers] == [("convocation", "yes")]


def read_back(whole: dict[str, Any]) -> list[Any]:
    """The problems of a definition as a file."""
    return list(read(json.dumps(whole, default=str), "essai")[1])
