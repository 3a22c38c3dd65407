"""When a step is due, in plain words: one sentence from its stored definition, in the language of the page."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

from babel.dates import get_day_names

from campaigns.admin.words import N_, _, _n, code, day
from campaigns.definitions import When
from campaigns.models import Step

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
UNITS = ((1440, N_("%(n)s j")), (60, N_("%(n)s h")), (1, N_("%(n)s min")))


def spell(step: Step) -> str:
    """« chaque lundi à 16:30 », « 3 jours après l'inscription »."""
    when = When.model_validate(step.definition["when"])
    words = SPELLED[when.trigger](when)
    hour = step.definition.get("hour")
    return _("%(when)s, à %(hour)s", when=words, hour=hour) if hour else words


def _date(when: When) -> str:
    return _("le %(day)s", day=day(when.date))


def _weekly(when: When) -> str:
    names = get_day_names("wide", locale=code())
    days = ", ".join(names[DAYS.index(name)] for name in when.weekly or ())
    return _("chaque %(days)s", days=days)


def _every_days(when: When) -> str:
    return _("tous les %(n)s jours", n=when.every_days)


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
    return _("%(span)s avant l'émission", span=_span(when.before_airing))


def _after_airing(when: When) -> str:
    return _("%(span)s après l'émission", span=_span(when.after_airing))


def _span(length: timedelta | None) -> str:
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
