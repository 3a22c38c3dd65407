"""The counts of one report put together, and what becomes of them: stored, confirmed, asked for, refused; pure.

Here are the checks on the numbers, rows 13 to 19; those on club, date and labels come before, in `checks`.
Source: the page on incoming SMS, section 6.8.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any

from campaigns.conversation.grammar import dates
from campaigns.conversation.grammar.labels import FIELDS, HEADS, NUMBERED, SEXES
from campaigns.conversation.grammar.reading import Reading
from campaigns.conversation.grammar.sms import Sms

MEMBERS = 25  # of a club without a figure
PLAUSIBLE = 3  # times as many may come
UNREAD = "unread_part"


@dataclass(frozen=True)
class Tally:
    """One report of a known club.

    `values` are by label, one each; `mistyped` are the labels whose values look like a club code with a wrong letter;
    `note` is the note under its field; `asks`: it is never taken without asking.
    """

    intent: str
    club: str
    day: date
    values: Mapping[str, int]
    coded: bool = True  # the club code was written
    correction: bool = False
    mistyped: frozenset[str] = frozenset()
    note: Mapping[str, str] = field(default_factory=dict)
    repairs: tuple[str, ...] = ()
    asks: bool = False

    @property
    def who(self) -> dict[str, Any]:
        """The club and the day."""
        return {"club": self.club, "date": self.day.isoformat()}

    @property
    def heads(self) -> int:
        """How many came: women, men, girls and boys."""
        return sum(self.values.get(name, 0) for name in HEADS)

    def given(self, *names: str) -> dict[str, Any]:
        """The values of these labels that were given, under their fields."""
        return {FIELDS[name]: self.values[name] for name in names if name in self.values}

    def without(self, names: list[str]) -> Tally:
        """The same with values left out, which is asked."""
        values = {name: value for name, value in self.values.items() if name not in names}
        return replace(self, values=values, repairs=(*self.repairs, UNREAD), asks=True)


def weigh(tally: Tally, sms: Sms) -> Reading:
    """What becomes of a report whose club and day are known."""
    return _missing(tally) or _contradicted(tally) or _accept(_without_mistyped(tally), sms)


def keep(tally: Tally) -> dict[str, Any]:
    """What is kept beside the fields while something is asked: never what may be a mistyped code."""
    doubtful = {FIELDS[name]: None for name in _mistyped_codes(tally)}
    flags = {"unsure": True} if tally.asks or doubtful else {}
    return {**doubtful, **flags, **({"correction": True} if tally.correction else {})}


def _missing(tally: Tally) -> Reading | None:
    """Rows 13 to 15: no counts, a total alone, one sex alone."""
    values = tally.values
    if not values.keys() & {*HEADS, "T"}:
        return Reading(tally.intent, "error", {"club": tally.club} if tally.coded else {}, "counts_missing")
    if not values.keys() & {*HEADS}:
        return _ask(tally, "sex_missing")
    if len(values.keys() & {*SEXES}) == 1:
        return _ask(tally, "men_missing" if "F" in values else "women_missing")
    return None


def _ask(tally: Tally, error: str) -> Reading:
    fields = {**tally.who, **tally.given(*FIELDS), **tally.note}
    return Reading(tally.intent, "pending", fields, error, tally.repairs, keep(tally))


def _contradicted(tally: Tally) -> Reading | None:
    """Rows 16 and 17: a total that is not the sum, more pregnant and lactating women than women."""
    values = tally.values
    if "T" in values and values["T"] != tally.heads:
        totals = {"total_given": values["T"], "total_computed": tally.heads}
        return Reading(tally.intent, "error", {"club": tally.club, **tally.given(*HEADS), **totals}, "total_mismatch")
    if values.get("FE", 0) + values.get("FA", 0) > values.get("F", 0):
        fields = {"club": tally.club, "women": values.get("F", 0), **tally.given("FE", "FA")}
        return Reading(tally.intent, "error", fields, "subgroup_exceeds")
    return None


def _without_mistyped(tally: Tally) -> Tally:
    """Rows 18 and 19: a total or a code with a wrong letter is no value."""
    names = [*_mistyped_totals(tally), *_mistyped_codes(tally)]
    return tally.without(names) if names else tally


def _mistyped_totals(tally: Tally) -> list[str]:
    values = tally.values
    if "T" in values or not {*SEXES} <= values.keys():
        return []
    total = values["F"] + values["H"]
    return [name for name in ("JG", "JF", "S", "E") if values.get(name) == total]


def _mistyped_codes(tally: Tally) -> list[str]:
    return [name for name in NUMBERED if name in tally.values and name in tally.mistyped]


def _accept(tally: Tally, sms: Sms) -> Reading:
    """What passes: stored, or confirmed first; told when the same was reported before."""
    old = [entry for entry in sms.existing if _is_same(entry, tally.who, ("club", "date"))]
    fields = {
        **tally.who,
        **tally.given(*HEADS),
        "total": tally.heads,
        **tally.given("FE", "FA", "S", "E"),
        **tally.note,
    }
    if any(_is_same(entry, fields, ("women", "men")) for entry in old):
        return Reading(tally.intent, "ok", fields, repairs=(*tally.repairs, "duplicate_ignored"))
    repairs = tally.repairs
    if old:
        fields["replaces"] = {"women": old[0].get("women"), "men": old[0].get("men")}
        repairs = (*repairs, "correction") if tally.correction else repairs
    error = _doubt(tally, sms, reported=bool(old) and not tally.correction)
    return Reading(tally.intent, "confirm" if error or tally.asks else "ok", fields, error, repairs)


def _doubt(tally: Tally, sms: Sms, *, reported: bool) -> str | None:
    if reported:
        return "already_reported"
    if tally.heads > PLAUSIBLE * _size(sms, tally.club):
        return "implausible"
    return "date_old" if sms.today - tally.day > dates.OLD else None


def _size(sms: Sms, club: str) -> int:
    size = sms.context.get("club_size")
    return int((size.get(club) if isinstance(size, Mapping) else size) or MEMBERS)


def _is_same(entry: Mapping[str, Any], fields: Mapping[str, Any], names: tuple[str, ...]) -> bool:
    return all(entry.get(name) == fields.get(name) for name in names)
