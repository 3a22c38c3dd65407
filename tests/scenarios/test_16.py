"""Scenario 16: `RAD E12 NON panne`: clubs get the next airing or "heure a venir", what follows waits, it is counted."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime

import pytest
import sqlalchemy as sa

from campaigns.clubs import scorecard
from campaigns.definitions import Definition
from campaigns.models import Airing, Step
from messaging import communes, staff
from messaging.installation import Installation
from messaging.models import Message, Programme, Role, Station
from messaging.models.place import RiskLevel
from tests.land import commune
from tests.script import Script
from tests.wire import Wire, wired
from tests.world import World, hygiene

FANTA, MODIBO, AWA, HOST = "+22370000009", "+22370000008", "+22370000001", "+22370000007"
NAMES = {"fanta": FANTA, "modibo": MODIBO, "awa": AWA, "radio": HOST}
TUESDAY = datetime(2026, 3, 17, 20, 30, tzinfo=UTC)
SATURDAY = datetime(2026, 3, 21, 16, 30, tzinfo=UTC)
CALLS = "2026-03-17 18:30"
MONDAY = datetime(2026, 3, 16, 9, 0, tzinfo=UTC)
OFF = "L'emission 12 n'est pas passee. Elle passera le samedi 21/03 a 16h30 sur Radio Exemple. Merci."
LATER = "L'emission 12 n'est pas passee sur Radio Exemple. Heure a venir. Merci."
PROMPT = "Club 1041: emission 12 ecoutee?"
QUIZ = "Que prendre sans savon? 1 la cendre 2 rien"
HEARD = "Oui: la cendre."
STEPS = {
    "appel": {
        "kind": "listening_call", "send_as": "service", "when": {"before_airing": "2h"}, "audience": {"role": "club"},
        "texts": {"fr": {"sms": "Club {club}: emission {episode} le {date} a {hour} sur {station}."}},
    },
    "ecoute": {
        "kind": "attendance_prompt", "send_as": "service", "when": {"after_airing": "30m"},
        "audience": {"role": "club"}, "texts": {"fr": {"sms": "Club {club}: emission {episode} ecoutee?"}},
    },
    "quiz": {
        "kind": "question", "when": {"after_airing": "1h"}, "useful": "1d",
        "question": {"type": "single", "correct": [1], "closes": "1d"},
        "texts": {"fr": {"sms": QUIZ, "options": {"1": "la cendre", "2": "rien"}, "right": HEARD, "wrong": HEARD}},
    },
    "studio": {
        "kind": "message", "send_as": "service", "when": {"after_airing": "30m"}, "useful": "1d",
        "audience": {"role": "host"}, "texts": {"fr": {"sms": "Emission {episode}: est-elle passee?"}},
    },
}  # fmt: skip


def radio_campaign() -> Definition:
    """A call, a prompt, a quiz, and the question to the host."""
    steps = [
        {
            "step": code, "facts": ["HY3"], "facts_checked": "2026-03-01", **step,
            "texts": {"fr": {"read_aloud": "…", **step["texts"]["fr"]}},  # type: ignore[index]
        }
        for code, step in STEPS.items()
    ]  # fmt: skip
    body = hygiene().model_dump(mode="json", exclude={"steps"}, exclude_none=True)
    return Definition.model_validate({**body, "campaign": "radio-essai", "steps": steps})


@contextmanager
def on_air(here: Installation, world: World, *, repeat: bool = True) -> Iterator[Wire]:
    """Episode 12 on Tuesday evening and, perhaps, on Saturday; two clubs listen, and one member."""
    world.now = MONDAY
    world.club("1041", facilitator=FANTA)
    world.club("1055", facilitator=MODIBO)
    world.member(AWA, club="1041")
    first = world.airing(TUESDAY, host=HOST)
    with world.db.write() as session:
        one = session.get_one(Airing, first)
        if repeat:
            again = {"episode_id": one.episode_id, "station_id": one.station_id, "is_repeat": True}
            session.add(Airing(planned_at=SATURDAY, **again))
    world.campaign(radio_campaign())
    with wired(Script(here, NAMES, world.now)) as wire:
        yield wire


def scores(world: World) -> dict[str, str | int]:
    with world.db.read() as session:
        programme = session.get_one(Programme, world.programme_id)
        (score,) = scorecard.scorecard(session, programme, date(2026, 3, 1), date(2026, 3, 31))
        return score.row()


def went_live(wire: Wire) -> None:
    """The calls of the evening have left."""
    wire.play("""
        @ 2026-03-17 18:30
        fanta < Club 1041: emission 12 le 17/03 a 20h30 sur Radio Exemple.
        modibo < Club 1055: emission 12 le 17/03 a 20h30 sur Radio Exemple.
    """)


def test_clubs_get_the_next_airing_and_what_follows_waits_for_it(installation, world: World) -> None:
    with on_air(installation, world) as wire:
        went_live(wire)
        wire.play(f"""
            @ 2026-03-17 20:40
            radio > RAD E12 NON panne
            radio < OK E12 17/03: pas diffusee. Merci.
            fanta < {OFF}
            modibo < {OFF}
            awa <
            @ 2026-03-17 21:30
            @ 2026-03-17 22:00
            @ 2026-03-18 10:00
            radio <
            fanta <
            awa <
        """)
        told = scores(world)
        assert (told["planned"], told["aired"], told["not_aired"], told["not_aired_power"]) == (2, 0, 1, 1)
        wire.play(f"""
            # The repeat is the first broadcast now: it is called to, and the prompt and the quiz follow it.
            @ 2026-03-21 14:30
            fanta < Club 1041: emission 12 le 21/03 a 16h30 sur Radio Exemple.
            @ 2026-03-21 17:30
            fanta < {PROMPT}
            radio < Emission 12: est-elle passee?
            radio > RAD E12 OK
            radio < OK E12 21/03: diffusee. Merci.
            @ 2026-03-21 18:00
            awa < {QUIZ}
            awa > 1
            awa < {HEARD}
            @ 2026-03-22 09:00
            fanta <
            awa <
        """)
    told = scores(world)
    assert (told["aired"], told["not_aired"], told["unsaid"]) == (1, 1, 0)


def test_without_a_next_airing_the_hour_is_to_come(installation, world: World) -> None:
    with on_air(installation, world, repeat=False) as wire:
        went_live(wire)
        wire.play(f"""
            @ 2026-03-17 20:40
            radio > RAD E12 NON
            radio < OK E12 17/03: pas diffusee. Merci.
            fanta < {LATER}
            modibo < {LATER}
        """)


def test_what_waited_leaves_once_the_host_corrects(installation, world: World) -> None:
    """The prompt is planned a quarter of an hour before it is due: it is held, and let go."""
    with on_air(installation, world) as wire:
        went_live(wire)
        wire.play(f"""
            @ 2026-03-17 21:20
            radio > RAD E12 NON panne
            radio < OK E12 17/03: pas diffusee. Merci.
            fanta < {OFF}
            @ 2026-03-17 21:25
            radio > RAD E12 NON panne de courant
            radio < OK E12 17/03: pas diffusee. Merci.
            @ 2026-03-17 21:40
            fanta <
        """)
        assert states(world, "ecoute") == ["held not_aired", "held not_aired"]
        wire.play(f"""
            @ 2026-03-18 07:00
            radio > RAD E12 OK
            radio < OK E12 17/03: diffusee. Merci.
            fanta < {PROMPT}
            @ 2026-03-18 07:01
            awa < {QUIZ}
            radio > RAD E12 OK
            radio < OK E12 17/03: diffusee. Merci.
            # Saturday repeats what was heard: nobody is called or asked again; the host tells of it all the same.
            @ 2026-03-21 14:30
            @ 2026-03-21 17:30
            radio < Emission 12: est-elle passee?
            @ 2026-03-22 09:00
            fanta <
            awa <
            radio <
        """)
    told = scores(world)
    assert (told["aired"], told["not_aired"], told["unsaid"]) == (1, 0, 1)


def test_who_was_asked_before_a_late_report_is_not_asked_again(installation, world: World) -> None:
    """Three days later the host says that it was not aired: the quiz has left. Saturday it goes to newcomers alone."""
    newcomer = "+22370000002"
    with on_air(installation, world) as wire:
        went_live(wire)
        wire.play(f"""
            @ 2026-03-17 21:30
            fanta < {PROMPT}
            radio < Emission 12: est-elle passee?
            @ 2026-03-17 22:00
            awa < {QUIZ}
            @ 2026-03-20 21:00
            radio > RAD E12 NON panne
            radio < OK E12 17/03: pas diffusee. Merci.
            fanta <
        """)
        world.member(newcomer, club="1041")
        wire.play("""
            @ 2026-03-21 14:30
            fanta < Club 1041: emission 12 le 21/03 a 16h30 sur Radio Exemple.
            @ 2026-03-21 17:30
            @ 2026-03-21 18:00
            @ 2026-03-22 09:00
            fanta <
            awa <
        """)
        assert wire.sent(newcomer) == [QUIZ]


@pytest.mark.parametrize(("corrected", "expected"), [(False, [OFF]), (True, [PROMPT])], ids=["NON", "NON, then OK"])
def test_at_night_clubs_are_told_in_the_morning_unless_it_was_a_mistake(
    installation, world: World, corrected: bool, expected: list[str]
) -> None:
    with world.db.write() as session:
        session.get_one(Programme, world.programme_id).always_open = False
    world.hours("06:30-20:45", "service")
    with on_air(installation, world) as wire:
        went_live(wire)
        wire.play("""
            @ 2026-03-17 20:50
            radio > RAD E12 NON panne
            fanta <
            @ 2026-03-17 21:00
        """)
        if corrected:
            wire.write("radio", "RAD E12 OK")
        wire.play("""
            @ 2026-03-18 06:29
            fanta <
            @ 2026-03-18 06:30
        """)
        assert wire.sent(FANTA)[1:] == expected


def test_why_a_station_is_silent_stands_in_no_sms(installation, world: World) -> None:
    with on_air(installation, world) as wire:
        went_live(wire)
        wire.play("""
            @ 2026-03-17 20:40
            radio > RAD E12 NON attaque
        """)
        wire.expect("fanta", OFF)
    with world.db.read() as session:
        assert set(session.scalars(sa.select(Airing.reason))) == {"security", None}
        programme = session.get_one(Programme, world.programme_id)
        days = date(2026, 3, 1), date(2026, 3, 31)
        (others,), (hers,) = (
            scorecard.scorecard(session, programme, *days, security=secret) for secret in (False, True)
        )
    assert (others.lost, hers.lost) == ({"other": 1}, {"security": 1})
    assert "security" not in str(hers.row())


@pytest.mark.parametrize(
    ("said_at", "news"),
    [("2026-03-17 10:00", [OFF]), ("2026-03-18 09:00", [OFF]), ("2026-03-19 21:00", [])],
    ids=["in the morning before: no call either", "the morning after", "two days later, they know"],
)
def test_clubs_hear_of_it_while_it_is_news(installation, world: World, said_at: str, news: list[str]) -> None:
    with on_air(installation, world) as wire:
        for moment in sorted((CALLS, said_at)):
            wire.play(f"@ {moment}" + ("\nradio > RAD E12 NON panne" if moment == said_at else ""))
        wire.play("@ 2026-03-20 21:00")
        got = wire.sent(FANTA)
    assert [text for text in got if text == OFF] == news
    assert any("le 17/03" in text for text in got) is (said_at > CALLS), "what will not take place is not called to"


def test_a_repeat_of_what_was_aired_may_fail_in_silence(installation, world: World) -> None:
    with on_air(installation, world) as wire:
        went_live(wire)
        wire.play(f"""
            @ 2026-03-17 21:10
            radio > RAD E12 OK
            radio < OK E12 17/03: diffusee. Merci.
            @ 2026-03-17 21:30
            fanta < {PROMPT}
            @ 2026-03-21 17:10
            radio > RAD E12 NON reseau
            radio < OK E12 21/03: pas diffusee. Merci.
            @ 2026-03-22 10:00
            fanta <
            radio <
        """)


@pytest.mark.parametrize("agreed", [False, True], ids=["not agreed", "the station agreed"])
def test_in_a_red_commune_hours_are_told_with_the_consent_of_the_station_alone(
    installation, world: World, agreed: bool
) -> None:
    place = commune(world, "Doucombo")
    with on_air(installation, world) as wire:
        with world.db.write() as session:
            staff.add(session, "une@essai.example", [(Role.APPROVER, "")], world.now)
            approver = staff.by_email(session, "une@essai.example").id
            communes.raise_level(session, place, RiskLevel.RED, approver, world.now)
            session.execute(sa.update(Station).values(tells_hours=agreed))
        wire.play("""
            @ 2026-03-17 18:30
            @ 2026-03-17 20:40
            radio > RAD E12 NON panne
            radio < OK E12 17/03: pas diffusee. Merci.
            @ 2026-03-21 14:30
            @ 2026-03-21 17:30
        """)
        call = "Club 1041: emission 12 le {} sur Radio Exemple."
        calls = [call.format("17/03 a 20h30"), OFF, call.format("21/03 a 16h30")]
        assert wire.sent(FANTA) == [*(calls if agreed else []), PROMPT], "a prompt tells no hour"


def states(world: World, step: str) -> list[str]:
    query = sa.select(Message.state, Message.reason).join(Step, Step.id == Message.step_id).where(Step.code == step)
    with world.db.read() as session:
        return [f"{state.value} {reason or ''}".strip() for state, reason in session.execute(query)]
