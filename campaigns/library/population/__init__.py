"""The invented population of the demonstration: two programmes of the documented size, the same for the same seed.

Communes are real and carry old codes; villages, stations and people are made up and say so: « Village d'exemple A01 »,
initials instead of names, one block of numbers (+223 50 0x xx xx). What is made here obeys the rules of an import:
evidence of consent for each phone, under 18 by the club only.
"""

from __future__ import annotations

import tomllib
from datetime import datetime
from functools import cache
from itertools import count
from pathlib import Path
from random import Random
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from campaigns.library.population.groups import make_groups
from campaigns.library.population.land import make_land
from campaigns.library.population.making import Making
from campaigns.library.population.persons import make_persons
from campaigns.library.population.radio import make_radio, make_stations
from messaging.models import Chain, Programme
from messaging.programmes import new_programme

PLANS = Path(__file__).parent / "plans.toml"


def load(session: Session, now: datetime, seed: int = 1) -> dict[str, dict[str, int]]:
    """Make the demonstration programmes that are not there, with their people, groups and radio plan.

    Args:
        session: a writing session; all or nothing in its transaction.
        now: children's months, consents and broadcasts are placed around it.
        seed: the same seed and time give the same people.

    Returns:
        Counts by programme: villages, households, members, phones, clubs, facilitators, stations, airings. A programme
        that is there already is left as it is and missing here.
    """
    return {plan["code"]: made for plan in plans() if (made := _make(session, plan, now, seed)) is not None}


@cache
def plans() -> tuple[dict[str, Any], ...]:
    """The programmes of `plans.toml`."""
    return tuple(tomllib.loads(PLANS.read_text(encoding="utf-8"))["programme"])


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
    return {
        "villages": len(making.villages),
        **make_persons(making),
        **make_groups(making),
        "stations": len(making.stations),
        "airings": make_radio(making),
    }


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
    )
    for language, falls_to in plan["chains"].items():
        row = session.get(Chain, (programme.id, language))
        assert row is not None
        row.falls_to = falls_to
    session.flush()
    return programme
