"""When a step is due and to whom it goes, in plain words: from its stored definition, in the language of the page."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta

import sqlalchemy as sa
from babel.dates import get_day_names
from babel.lists import format_list
from sqlalchemy.orm import Session

from campaigns.admin.words import CLUB_KINDS, N_, _, _n, code, day, tongue
from campaigns.definitions import Audience, When
from campaigns.models import Step
from messaging.clock import at_local
from messaging.models import Language, Place, PlaceCode

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
UNITS = ((1440, N_("%(n)s j")), (60, N_("%(n)s h")), (1, N_("%(n)s min")))


ONLY = {"leaders": N_("leaders d'opinion seulement"), "radio": N_("auditeurs de la radio, sans club ni ménage")}
WEALTH = {
    "very_poor": N_("très pauvres"),
    "poor": N_("pauvres"),
    "middle": N_("moyens"),
    "better_off": N_("nantis"),
}
STAGES = {
    "pregnant": N_("femmes enceintes"),
    "lactating": N_("femmes qui allaitent"),
    "caregiver": N_("personnes qui gardent un enfant"),
}
TAGS = {
    "distribution": N_("distribution"),
    "cash": N_("argent"),
    "agency": N_("agence nommée"),
    "meeting": N_("réunion"),
    "srh": N_("santé de la reproduction"),
    "security": N_("sécurité"),
    "warning": N_("alerte précoce"),
    "radio": N_("heures de radio"),
}
PEOPLE = {
    ("member", None): N_("membres"),
    ("member", "f"): N_("femmes"),
    ("member", "m"): N_("hommes"),
    ("facilitator", None): N_("animateurs"),
    ("adviser", None): N_("conseillers"),
    ("host", None): N_("animateurs de radio"),
    ("club", None): N_("clubs"),
}
EVERYBODY = {
    ("member", None): N_("tous les membres"),
    ("member", "f"): N_("toutes les femmes"),
    ("member", "m"): N_("tous les hommes"),
    ("facilitator", None): N_("tous les animateurs"),
    ("adviser", None): N_("tous les conseillers"),
    ("host", None): N_("tous les animateurs de radio"),
    ("club", None): N_("tous les clubs"),
}


@dataclass(frozen=True)
class Names:
    """What a page calls places and languages, by their codes."""

    places: Mapping[str, str] = field(default_factory=dict)
    languages: Mapping[str, str] = field(default_factory=dict)


def names(session: Session, audiences: Iterable[Audience]) -> Names:
    """The names that some audiences need, with one look each."""
    codes = {code for one in audiences for code in one.places or ()}
    query = sa.select(PlaceCode.code, Place.name).join(Place).where(PlaceCode.code.in_(codes))
    known = {found: name for found, name in session.execute(query)} if codes else {}  # noqa: C416
    return Names(known, {row.code: tongue(row) for row in session.scalars(sa.select(Language))})


def whom(said: Audience, personal: str | None, known: Names) -> str:
    """« femmes de Bandiagara et Doucombo · par leur téléphone »."""
    return " · ".join(_whom(said, personal, known))


def _whom(said: Audience, personal: str | None, known: Names) -> Iterator[str]:
    role = said.role or "member"
    key = (role, said.sex) if (role, said.sex) in PEOPLE else (role, None)
    if said.places:
        where = listed(known.places.get(one, one) for one in said.places)
        yield _("%(who)s de %(places)s", who=_(PEOPLE[key]), places=where)
    elif not (said.clubs or said.club_kinds):
        yield _(EVERYBODY[key])
    elif role != "club":
        yield _(PEOPLE[key])
    if said.clubs:
        yield _n("club %(codes)s", "clubs %(codes)s", len(said.clubs), codes=listed(said.clubs))
    if said.club_kinds:
        yield _("clubs de type : %(kinds)s", kinds=listed(_(CLUB_KINDS[one]) for one in said.club_kinds))  # type: ignore[index]
    if said.languages:
        yield _("qui parlent %(languages)s", languages=listed(known.languages.get(one, one) for one in said.languages))
    if said.life_stages:
        yield listed(_(STAGES[one]) for one in said.life_stages)
    if said.hea:
        yield _("ménages %(groups)s", groups=listed(_(WEALTH[one]) for one in said.hea))
    if said.only:
        yield _(ONLY[said.only])
    if said.received:
        yield _("qui ont reçu %(step)s", step=said.received)
    yield _way(role, personal)


def _way(role: str, personal: str | None) -> str:
    if personal:
        return _("par leur propre téléphone, sinon par leur club")
    return _("par le téléphone du club") if role == "club" else _("par leur téléphone")


def listed(words: Iterable[str]) -> str:
    """« a, b et c »."""
    return format_list(list(words), locale=code())


def spell(step: Step) -> str:
    """« chaque lundi, à 16:30 », « 3 jours après l'inscription »."""
    words = spell_when(When.model_validate(step.definition["when"]))
    hour = step.definition.get("hour")
    return _("%(when)s, à %(hour)s", when=words, hour=hour) if hour else words


def spell_when(when: When) -> str:
    """The trigger alone: « chaque lundi »."""
    return SPELLED[when.trigger](when)


def moment(step: Step, zone: str) -> datetime | None:
    """When a dated step is due; None for other steps."""
    day, hour = step.definition["when"].get("date"), step.definition.get("hour")
    if not (day and hour):
        return None
    return at_local(date.fromisoformat(day), time.fromisoformat(hour), zone)


def overdue(steps: Iterable[Step], now: datetime, zone: str) -> list[Step]:
    """The dated steps whose moment has passed."""
    return [step for step in steps if (at := moment(step, zone)) is not None and at < now]


def _date(when: When) -> str:
    return _("le %(day)s", day=day(when.date))


def _weekly(when: When) -> str:
    names = get_day_names("wide", locale=code())
    days = ", ".join(names[DAYS.index(name)] for name in when.weekly or ())
    return _("chaque %(days)s", days=days)


def _every_days(when: When) -> str:
    words = _("tous les %(n)s jours à partir du %(day)s", n=when.every_days, day=day(when.anchor))
    if when.offset == -1:
        return _("%(words)s, la veille", words=words)
    return f"{words} ({when.offset:+} j)" if when.offset else words


def _market(when: When) -> str:
    return _("la veille du marché") if when.market == "eve" else _("le jour du marché")


def _after_enrolment(when: When) -> str:
    count = when.after_enrolment or 0
    if count == 0:
        return _("le jour de l'inscription")
    return _n("%(num)s jour après l'inscription", "%(num)s jours après l'inscription", count)


def _child_month(when: When) -> str:
    return _n("quand l'enfant a %(num)s mois", "quand l'enfant a %(num)s mois", when.child_month or 0)


def _before_airing(when: When) -> str:
    return _of_series(when, _("%(span)s avant l'émission", span=span(when.before_airing)))


def _after_airing(when: When) -> str:
    return _of_series(when, _("%(span)s après l'émission", span=span(when.after_airing)))


def _of_series(when: When, words: str) -> str:
    return _("%(words)s (%(series)s)", words=words, series=when.series) if when.series else words


def span(length: timedelta | None) -> str:
    """A length of time in the largest unit that holds it whole."""
    minutes = round(length.total_seconds() / 60) if length else 0
    size, form = next(pair for pair in UNITS if minutes % pair[0] == 0)
    return _(form, n=minutes // size)


SPELLED: dict[str, Callable[[When], str]] = {
    "date": _date,
    "weekly": _weekly,
    "every_days": _every_days,
    "market": _market,
    "after_enrolment": _after_enrolment,
    "child_month": _child_month,
    "before_airing": _before_airing,
    "after_airing": _after_airing,
}
