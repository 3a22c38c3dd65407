"""Dates, hours, numbers and money as an SMS writes them; Babel's formats stay on the staff's pages.

Babel writes what makes a text UCS-2 (`9 août`, a no-break space in 3 000) or reads wrong (`3,000` is three to a
French-trained reader). Source: the page on languages, section 8.
"""

from __future__ import annotations

from datetime import date, time
from decimal import Decimal

FAR = 182  # days: a date further away than half a year says its year
WEEKDAYS = ("lundi", "mardi", "mercredi", "jeudi", "vendredi", "samedi", "dimanche")


def day(when: date, today: date | None = None) -> str:
    """`09/08`; `09/08/2026` when it is more than six months from `today`."""
    far = today is not None and abs((when - today).days) > FAR
    return f"{when:%d/%m/%Y}" if far else f"{when:%d/%m}"


def weekday(when: date, language: str) -> str:
    """`dimanche 09/08` in French; the date alone in a language whose weekdays nobody has reviewed."""
    return f"{WEEKDAYS[when.weekday()]} {day(when)}" if language == "fr" else day(when)


def hour(at: time) -> str:
    """`20h30`, `08h00`: no colon, which beside the figures of a report would be read as one."""
    return f"{at:%Hh%M}"


def number(value: float | Decimal) -> str:
    """`3000`, `125000`, `1,5`: never grouped, a comma before decimals, no more than two of them."""
    said = f"{Decimal(str(value)).quantize(Decimal('0.01')).normalize():f}"
    return "0" if said == "-0" else said.replace(".", ",")


def money(xof: float | Decimal) -> str:
    """`1500 FCFA`."""
    return f"{number(xof)} FCFA"


def percent(share: float | Decimal) -> str:
    """`50%`, without the no-break space of French typography; 0.5 is 50 %."""
    return f"{number(round(Decimal(str(share)) * 100))}%"


def phone(national: str) -> str:
    """`70 12 34 56`: eight digits in pairs, with ordinary spaces."""
    return " ".join(national[place : place + 2] for place in range(0, len(national), 2))
