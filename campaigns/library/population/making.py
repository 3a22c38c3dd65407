"""What the makers of the invented population share: the plan, the dice, the clock; knows no table."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from random import Random
from typing import Any, TypeVar

from sqlalchemy.orm import Session

from messaging.clock import local
from messaging.models import Programme
from messaging.people import phone_row

Choice = TypeVar("Choice")
COUNTRY_CODE = "+223"
KNOWN_FOR = timedelta(days=60)


@dataclass
class Person:
    """An invented member as others of the population need her."""

    id: int
    sex: str
    has_stage: bool


@dataclass
class Village:
    """An invented village and who lives there."""

    id: int
    label: str  # A01: the letter of its commune and its number there
    commune: int  # 0, 1, …
    language: str
    households: list[int] = field(default_factory=list)
    people: list[Person] = field(default_factory=list)


@dataclass
class Making:
    """One programme on its way into being; every choice comes from `dice`, so the same seed gives the same people."""

    session: Session
    programme: Programme
    plan: dict[str, Any]
    now: datetime
    dice: Random
    numbers: Iterator[int]
    villages: list[Village] = field(default_factory=list)
    stations: list[int] = field(default_factory=list)

    @property
    def today(self) -> date:
        """The day where the programme works."""
        return local(self.now, self.programme.zone).date()

    def phone(self) -> dict[str, Any]:
        """The row of a phone with the next number of the invented block."""
        return phone_row(self.session, f"{COUNTRY_CODE}{next(self.numbers)}", self.now - KNOWN_FOR)

    def pick(self, weights: Mapping[Choice, float]) -> Choice:
        """One of several things, each as often as its weight says."""
        return self.dice.choices(list(weights), list(weights.values()))[0]

    def chance(self, share: float) -> bool:
        """True in this share of cases."""
        return self.dice.random() < share


def months_before(day: date, months: int) -> date:
    """The first of the month that lies so many months before."""
    years, month = divmod(day.year * 12 + day.month - 1 - months, 12)
    return date(years, month + 1, 1)
