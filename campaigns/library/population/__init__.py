"""The invented population of the demonstration: two programmes of the documented size, the same for the same seed.

Communes are real and carry old codes; villages, stations and people are made up and say so: « Village d'exemple A01 »,
initials instead of names, one block of numbers (+223 50 0x xx xx). What is made here obeys the rules of an import:
evidence of consent for each phone, under 18 by the club only.
"""

from __future__ import annotations

import tomllib
from collections import Counter
from datetime import datetime
from functools import cache
from itertools import count
from pathlib import Path
from random import Random
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from campaigns.library.population.evaluation import make_evaluation
from campaigns.library.population.groups import make_groups
from campaigns.library.population.land import make_land
from campaigns.library.population.making import Making
from campaigns.library.population.persons import make_persons
from campaigns.library.population.radio import make_radio, make_stations
from messaging.models import Chain, Programme
from messaging.programmes import new_programme

PLANS = Path(__file__).parent / "plans.toml"


def load(session: Session, now: datetime, seed: int = 1, villages: int | None = None) -> dict[str, dict[str, int]]:
    """Make the demonstration programmes that are not there, with their people, groups and radio plan.

    Args:
        session: a writing session; all or nothing in its transaction.
        now: children's months, consents and broadcasts are placed around it.
        seed: the same seed and time give the same people.
        villages: how many each programme is to have, with as few people for each; none: the documented size.

    Returns:
        Counts by programme: villages, households, members, phones, clubs, facilitators, stations, airings. A programme
        that is there already is left as it is and missing here.
    """
    wanted = [plan if villages is None else thinned(plan, villages) for plan in plans()]
    return {plan["code"]: made for plan in wanted if (made := _make(session, plan, now, seed)) is not None}


@cache
def plans() -> tuple[dict[str, Any], ...]:
    """The programmes of `plans.toml`."""
    return tuple(tomllib.loads(PLANS.read_text(encoding="utf-8"))["programme"])


def thinned(plan: dict[str, Any], villages: int) -> dict[str, Any]:
    """The plan of a smaller programme: so many villages, one in each of its first communes, and people in proportion.

    Raises:
        ValueError: it has not as many communes.
    """
    if not 0 < villages <= len(plan["communes"]):
        raise ValueError(f"{plan['code']}: write 1 to {len(plan['communes'])} villages.")
    share = villages / (len(plan["communes"]) * plan["villages_per_commune"])
    languages = [code for code, number in plan["spoken"].items() for _ in range(number)]
    small = {
        "communes": dict(list(plan["communes"].items())[:villages]),
        "villages_per_commune": 1,
        "spoken": Counter(languages[:: len(languages) // villages][:villages]),
        "households": round(plan["households"] * share),
        "stations": plan["stations"][:villages],
    }
    fewer = ("cooperatives", "old_cooperatives", "advisers")
    return plan | small | {name: max(1, round(plan[name] * share)) for name in fewer if name in plan}


def _make(session: Session, plan: dict[str, Any], now: datetime, seed: int) -> dict[str, int] | None:
    if session.scalar(sa.select(Programme.id).where(Programme.code == plan["code"])) is not None:
        return None
    making = Making(
        session,
        _programme(session, plan, now),
        plan,
        now,
        Random(f"{seed} {plan['code']}"),
        count(plan["first_number"]),
    )
    make_land(making)
    make_stations(making)
    made = {
        "villages": len(making.villages),
        **make_persons(making),
        **make_groups(making),
        "stations": len(making.stations),
        "airings": make_radio(making),
    }
    make_evaluation(making)
    return made


def _programme(session: Session, plan: dict[str, Any], now: datetime) -> Programme:
    programme = new_programme(
        session,
        plan["code"],
        now,
        name_fr=plan["name_fr"],
        name_en=plan["name_en"],
        languages=["fr", *(code for code in plan["chains"] if code != "fr")],
        details={**plan["details"], "invented": True},
        demonstration=True,
        town=plan["town"],
    )
    for language, falls_to in plan["chains"].items():
        row = session.get(Chain, (programme.id, language))
        assert row is not None
        row.falls_to = falls_to
    session.flush()
    return programme
