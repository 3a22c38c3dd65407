"""When people pray at a place, by the sun alone: the usual formulas, so that no table of ours judges itself.

Times are minutes after local midnight of Mali, which keeps UTC. Low-precision sun of the Astronomical Almanac (good to
0.01 degree, some seconds of time); the sun sets when its centre stands 0.833 degree below the horizon.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from math import acos, asin, atan, atan2, cos, degrees, radians, sin, tan

SUNSET = 0.833  # degrees below the horizon: half the sun's disk and what the air bends
CONVENTIONS = {  # degrees of the sun below the horizon at Fajr and Isha
    "15 degrees": (15.0, 15.0),
    "17 degrees": (17.0, 17.0),
    "18 degrees": (18.0, 18.0),
    "Muslim World League": (18.0, 17.0),
    "Egyptian Survey": (19.5, 17.5),
}
NOON_2000 = date(2000, 1, 1)


@dataclass(frozen=True)
class Place:
    """Where somebody prays: degrees north and east."""

    north: float
    east: float


@dataclass(frozen=True)
class Sun:
    """The sun of one day: its declination in degrees, and by how many minutes it is ahead of the clock."""

    declination: float
    ahead_minutes: float


def sun(day: date) -> Sun:
    """Where the sun stands at noon of a day."""
    days = (day - NOON_2000).days
    anomaly = radians(357.529 + 0.98560028 * days)
    mean = (280.459 + 0.98564736 * days) % 360
    longitude = radians(mean + 1.915 * sin(anomaly) + 0.020 * sin(2 * anomaly))
    tilt = radians(23.439 - 0.00000036 * days)
    ascension = degrees(atan2(cos(tilt) * sin(longitude), cos(longitude))) % 360
    apart = (mean - ascension + 180) % 360 - 180
    return Sun(degrees(asin(sin(tilt) * sin(longitude))), 4 * apart)


def prayers(place: Place, day: date, fajr: float, isha: float, shadow: float = 1.0) -> dict[str, float]:
    """The five prayers of a day, in minutes after midnight.

    Args:
        place: where.
        day: which.
        fajr: degrees of the sun below the horizon.
        isha: the same.
        shadow: at Asr it is longer than at noon by so many lengths of what throws it.
    """
    now = sun(day)
    noon = 720 - 4 * place.east - now.ahead_minutes
    height = degrees(atan(1 / (shadow + tan(radians(abs(place.north - now.declination))))))
    return {
        "fajr": noon - _until(place, now, -fajr),
        "dhuhr": noon,
        "asr": noon + _until(place, now, height),
        "maghrib": noon + _until(place, now, -SUNSET),
        "isha": noon + _until(place, now, -isha),
    }


def _until(place: Place, now: Sun, height: float) -> float:
    """Minutes between noon and the moment at which the sun stands so high."""
    north, declination = radians(place.north), radians(now.declination)
    angle = (sin(radians(height)) - sin(north) * sin(declination)) / (cos(north) * cos(declination))
    return 4 * degrees(acos(angle))


def days(first: date, last: date) -> Iterator[date]:
    """Every day from one to another."""
    for ahead in range((last - first).days + 1):
        yield first + timedelta(days=ahead)
