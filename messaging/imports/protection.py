"""What protects a person in a register: age, the phone of her own, the stage of her life; pure, knows no table.

Source: the safeguarding rules. Under 18 there is the club only; what a phone shows anyone may read, unless it is her
own and she said when it is safe; pregnancy, breastfeeding and a child's age are health data that end on a day.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import date
from typing import Any

from messaging import fold
from messaging.imports.columns import choice
from messaging.models.people import ContentLevel, LifeStage, Ownership, Route, Sex

ADULT = 18
UNDER_18 = "under18"
_BAND = choice(
    (UNDER_18, "moins de 18|under 18|moins de 18 ans|mineur|mineure"),
    ("18-24", "18-24|18-24|18 à 24|18 to 24"),
    ("25-49", "25-49|25-49|25 à 49|25 to 49"),
    ("50plus", "50 et plus|50 and over"),
    ("18plus", "18 et plus|18 and over|adulte|adult"),
)
_LESS = re.compile(r"^[<-]\s*")
CHILD_MONTHS = 25  # advice goes on through the month of 24 months; then what is stored ends
ORDINARY = (None, LifeStage.NONE)

Said = tuple[str, str, str]  # key of the column, sentence in French and in English
Row = Mapping[str, Any]


def age(cell: str) -> str:
    """Read a band of age, signs too: `<18` and `-18` are under 18, `18+` is not."""
    return str(_BAND(_LESS.sub("moins de ", fold.plain(cell)).replace("+", " et plus")))


def is_minor(row: Row, today: date) -> bool | None:
    """Whether a person is under 18, or may be; None when neither year nor band of age is known.

    Who turns 18 this year counts as under 18 until a band of age says otherwise: the day of birth is never stored.
    """
    if row["age_band"]:
        return bool(row["age_band"] == UNDER_18)
    if row["birth_year"]:
        return bool(today.year - row["birth_year"] <= ADULT)
    return None


def route_of(row: Row, said: Route | None, has_phone: bool, had_phone: bool | None, today: date) -> Route:
    """How a person is reached: as she says, by the club when she has no phone or is under 18, else as before.

    `had_phone`: whether she had one before, None when she is new.
    """
    if said:
        return said
    if not has_phone or is_minor(row, today):
        return Route.GROUP
    return Route(row["route"]) if had_phone else Route.PHONE


def ends_on(row: Row) -> date | None:
    """Until when the stage of life may be stored; None when there is nothing to store, or nobody said until when."""
    if not has_stage(row):
        return None
    if row["child_birth_month"] and not row["life_stage_until"]:
        return months_later(row["child_birth_month"], CHILD_MONTHS)
    until: date | None = row["life_stage_until"]
    return until


def has_stage(row: Row) -> bool:
    """Whether a row holds health data."""
    return row["life_stage"] not in ORDINARY or row["child_birth_month"] is not None


def months_later(day: date, months: int) -> date:
    """The first of the month that lies so many months later."""
    years, month = divmod(day.month - 1 + months, 12)
    return date(day.year + years, month + 1, 1)


def problems(row: Row, owners: Mapping[Any, Mapping[str, Any]], gets_phone: bool, today: date) -> Iterator[Said]:
    """What forbids to store a person as the file says.

    Args:
        row: the member as she would be.
        owners: by phone, whose it is (`ownership`).
        gets_phone: a phone of hers is new; then her age must be known.
        today: the day where the programme works.
    """
    yield from _age(row, bool(owners), gets_phone, today)
    yield from _phone(row, owners, today)
    if has_stage(row):
        yield from _stage(row, today)


def _age(row: Row, has_phone: bool, gets_phone: bool, today: date) -> Iterator[Said]:
    minor = is_minor(row, today)
    if row["birth_year"] and row["birth_year"] > today.year:
        yield "birth_year", "Cette année est dans le futur.", "This year lies in the future."
    elif minor and has_phone:
        yield (
            "phones",
            "Moins de 18 ans, ou peut-être : par le club seulement. Videz le téléphone, ou écrivez la tranche d'âge.",
            "Under 18, or perhaps: by the club only. Empty the phone, or write the age band.",
        )
    elif minor and row["route"] == Route.PHONE:
        yield (
            "route",
            "Moins de 18 ans : par le club seulement. Écrivez « club seulement ».",
            "Under 18: by the club only. Write “group only”.",
        )
    elif minor is None and gets_phone:
        yield (
            "age_band",
            "Il faut l'âge de qui a un téléphone. Écrivez l'année de naissance ou la tranche d'âge.",
            "The age of who has a phone is needed. Write the birth year or the age band.",
        )


def _phone(row: Row, owners: Mapping[Any, Mapping[str, Any]], today: date) -> Iterator[Said]:
    if row["route"] == Route.PHONE and not owners and not is_minor(row, today):
        yield (
            "phones",
            "Des messages par téléphone, mais aucun numéro. Écrivez-le, ou « club seulement ».",
            "Messages by phone, but no number. Write it, or “group only”.",
        )
    if row["content_level"] != ContentLevel.PERSON:
        return
    if not owners or any(values["ownership"] != Ownership.OWN for values in owners.values()):
        yield (
            "content_level",
            "Un contenu personnel va seulement sur le téléphone de la personne même.",
            "Personal content goes only to a phone that is the person's own.",
        )
    if not row["safe_hours"]:
        yield (
            "safe_hours",
            "Un contenu personnel demande les heures où la personne lit seule.",
            "Personal content needs the hours at which the person reads alone.",
        )


def _stage(row: Row, today: date) -> Iterator[Said]:
    until = ends_on(row)
    if row["life_stage"] in (LifeStage.PREGNANT, LifeStage.LACTATING) and row["sex"] == Sex.M:
        yield "life_stage", "Cette étape de vie ne va pas avec le sexe.", "This life stage does not go with the sex."
    if row["child_birth_month"] and row["child_birth_month"] > today:
        yield "child_birth_month", "Ce mois est dans le futur.", "This month lies in the future."
    if until is None:
        yield (
            "life_stage_until",
            "Écrivez jusqu'à quel jour l'étape de vie vaut : ensuite elle est effacée.",
            "Write until which day the life stage holds: then it is erased.",
        )
