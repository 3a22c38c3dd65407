"""Days as people write them: figures, months, weekdays, HIER; pure, `today` is an argument.

Source: the page on incoming SMS, section 6.5.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, timedelta

AHEAD = timedelta(days=180)
OLD = timedelta(days=45)  # what lies further back is asked
MONTHS = ("janvier", "fevrier", "mars", "avril", "mai", "juin", "juillet", "aout", "septembre", "octobre",
          "novembre", "decembre")  # fmt: skip
WEEKDAYS = ("lundi", "mardi", "mercredi", "jeudi", "vendredi", "samedi", "dimanche")

_ENDS = r"(?![^\W_])"
_LE = re.compile(r"le ")
_NEAR = re.compile(rf"(?:(avant[ -]?hier)|(hier|kunun)|aujourd ?'? ?hui){_ENDS}")
_WEEKDAY = re.compile(rf"({'|'.join(WEEKDAYS)}){_ENDS}[ ,]*(?:le )?")
_FULL = re.compile(rf"(\d\d?)([/.-])(\d\d?)\2(20\d\d|\d\d){_ENDS}")
# Seven or more digits are a phone number, unless a day, a month and a year can be seen in them.
_GLUED = re.compile(rf"(0[1-9]|[12]\d|3[01])(0[1-9]|1[0-2])(20\d\d){_ENDS}")
_SHORT = re.compile(rf"(\d\d?)/(\d\d?){_ENDS}")
_WRITTEN = re.compile(rf"(\d\d?|1er) ?({'|'.join(MONTHS)}){_ENDS}")
_YEAR = re.compile(rf" (20\d\d){_ENDS}")
_JOINED_BEFORE = re.compile(r"\d[/.-]$")
_JOINED_AFTER = re.compile(r"[/.-]\d")


@dataclass(frozen=True)
class Found:
    """A day that was written: where it ends in the text, and the day; None: it is not in the calendar."""

    end: int
    day: date | None


def at(text: str, start: int, today: date) -> Found | None:
    """The day that begins exactly here in a folded lower-case text, a leading `le` included; None when none does.

    What is joined to another number by `/`, `.` or `-` is no day. Without a year: this year, or last year when the
    day would lie more than 180 days ahead. A weekday that does not fit the date behind it is not in the calendar.
    """
    article = _LE.match(text, start)
    begin = article.end() if article else start
    return _near(text, begin, today) or _weekday(text, begin, today) or _dated(text, begin, today)


def _near(text: str, start: int, today: date) -> Found | None:
    hit = _NEAR.match(text, start)
    if hit is None:
        return None
    return Found(hit.end(), today - timedelta(days=2 if hit[1] else 1 if hit[2] else 0))


def _weekday(text: str, start: int, today: date) -> Found | None:
    """The last such day; with a date behind it (`mardi 10 mars`), that date."""
    hit = _WEEKDAY.match(text, start)
    if hit is None:
        return None
    weekday = WEEKDAYS.index(hit[1])
    exact = _dated(text, hit.end(), today)
    if exact is None:
        return Found(hit.end(1), today - timedelta(days=(today.weekday() - weekday) % 7))
    return exact if exact.day and exact.day.weekday() == weekday else Found(exact.end, None)


def _dated(text: str, start: int, today: date) -> Found | None:
    """A day and a month, with or without a year."""
    if _JOINED_BEFORE.search(text, max(0, start - 2), start):
        return None
    found = _in_figures(text, start, today) or _written(text, start, today)
    return None if found is None or _JOINED_AFTER.match(text, found.end) else found


def _in_figures(text: str, start: int, today: date) -> Found | None:
    if hit := _FULL.match(text, start):
        return Found(hit.end(), _day(int(hit[1]), int(hit[3]), 2000 + int(hit[4]) % 100))
    if hit := _GLUED.match(text, start):
        return Found(hit.end(), _day(int(hit[1]), int(hit[2]), int(hit[3])))
    if hit := _SHORT.match(text, start):
        return Found(hit.end(), _latest(int(hit[1]), int(hit[2]), today))
    return None


def _written(text: str, start: int, today: date) -> Found | None:
    """A day and the name of its month; four digits behind them are a year only when it may be one, else a club code."""
    hit = _WRITTEN.match(text, start)
    if hit is None:
        return None
    day, month = int(hit[1].removesuffix("er")), MONTHS.index(hit[2]) + 1
    year = _YEAR.match(text, hit.end())
    if year and int(year[1]) <= today.year + 1:
        return Found(year.end(), _day(day, month, int(year[1])))
    return Found(hit.end(), _latest(day, month, today))


def _latest(day: int, month: int, today: date) -> date | None:
    found = _day(day, month, today.year)
    return _day(day, month, today.year - 1) if found and found - today > AHEAD else found


def _day(day: int, month: int, year: int) -> date | None:
    try:
        return date(year, month, day)
    except ValueError:
        return None
