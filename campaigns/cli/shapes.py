"""What the values of the reader's context look like, key by key; pure.

Source: the page on incoming SMS, sections 2 and 4.4.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import NamedTuple

Fits = Callable[[object], bool]


class Shape(NamedTuple):
    """A test of a value, and what it must be in words."""

    fits: Fits
    words: str


def _is_name(value: object) -> bool:
    return isinstance(value, str | int) and not isinstance(value, bool)


def _is_number(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _is_time(value: object) -> bool:
    try:
        return isinstance(value, str) and datetime.fromisoformat(value) is not None
    except ValueError:
        return False


def _are(fits: Fits) -> Fits:
    return lambda value: isinstance(value, list) and all(map(fits, value))


def _maps_to(fits: Fits) -> Fits:
    return lambda value: isinstance(value, Mapping) and all(map(fits, value.values()))


def _is_size(value: object) -> bool:
    return _is_number(value) or _maps_to(_is_number)(value)


def _is_report(value: object) -> bool:
    return isinstance(value, Mapping) and all(
        value.get(key) is None or fits(value[key])
        for key, fits in (("club", _is_name), ("date", _is_time), ("women", _is_number), ("men", _is_number))
    )


def _is_existing(value: object) -> bool:
    return _is_report(value) or _are(_is_report)(value)


def _is_question(value: object) -> bool:
    if not isinstance(value, Mapping) or not _is_name(value.get("n")):
        return False
    if value.get("type") in ("single", "multi"):
        return _maps_to(_is_name)(value.get("options")) and bool(value["options"])
    limits = all(value.get(key) is None or isinstance(value[key], int | float) for key in ("min", "max"))
    return value.get("type") in ("number", "yesno") and limits


def _is_quiz(value: object) -> bool:
    return isinstance(value, Mapping) and _is_name(value.get("id")) and _are(_is_question)(value.get("questions"))


def _is_pending(value: object) -> bool:
    if not isinstance(value, Mapping) or not isinstance(value.get("type"), str):
        return False
    numbers = ("women", "men", "girls", "boys", "total", "pregnant", "lactating", "session", "episode")
    lists = value.get("communes") is None or _are(_is_name)(value["communes"])
    options = value.get("options")
    menu = options is None or _are(_is_name)(options) or _maps_to(_is_name)(options)
    day = value.get("date") is None or _is_time(value["date"])
    return lists and menu and day and all(value.get(key) is None or _is_number(value[key]) for key in numbers)


def _is_text(value: object) -> bool:
    return isinstance(value, str)


SHAPES: Mapping[str, Shape] = {
    "now": Shape(_is_time, "a time such as 2026-03-12T17:30:00Z"),
    "lang": Shape(_is_text, "the code of a language"),
    "clubs": Shape(_are(_is_name), "a list of codes"),
    "club_size": Shape(_is_size, "a number of members, or one for each code"),
    "member_clubs": Shape(_are(_is_name), "a list of codes"),
    "existing": Shape(_is_existing, "a list of reports {club, date, women, men}"),
    "pending": Shape(_is_pending, "an object with a type and what was kept"),
    "quiz": Shape(_is_quiz, "an object {id, open, late, questions}"),
    "phone_members": Shape(_are(_is_text), "a list of first names"),
    "event": Shape(_is_text, "a word"),
    "called": Shape(_is_name, "an option"),
    "villages": Shape(_maps_to(_are(_is_text)), "an object of lists of communes"),
    "market": Shape(_is_name, "a name"),
    "station": Shape(_is_name, "a name"),
    "distribution": Shape(_is_name, "a name"),
}
