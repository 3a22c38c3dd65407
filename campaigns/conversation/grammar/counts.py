"""Which number of a report counts what: labels, bare numbers by their order, the club code; pure.

Source: the page on incoming SMS, sections 6.2 to 6.4.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from datetime import date
from itertools import pairwise

from campaigns.conversation.grammar.labels import HEADS, IN_ORDER, NUMBER_FIRST
from campaigns.conversation.grammar.pieces import Gap, Label, Number, Pair, Piece, scan

M_IS_MEN = "M=masculin"
M_ASKS = "M_ambiguous"


@dataclass(frozen=True)
class Body:
    """What the body of one report says."""

    code: str | None  # four digits, not yet checked
    days: tuple[date | None, ...]
    dated: tuple[str, ...]  # the days as they were written
    flag: str | None
    values: Mapping[str, tuple[int, ...]]  # by label, all that were given; men under H
    named: frozenset[str]  # the labels whose values were not told by their place alone
    by_c: bool  # men by the Bambara label
    bare: int  # numbers without a label, the code apart
    positional: bool  # these were taken by their order
    left: bool  # some of them belong nowhere
    idle: bool  # a label has no number
    long: frozenset[str]  # labels with three typed digits or more
    decimal: bool
    asks: bool
    repairs: tuple[str, ...]
    note: int | None  # where the note begins

    @property
    def is_blank(self) -> bool:
        """Whether nothing at all was read."""
        return not (self.code or self.days or self.flag or self.values or self.bare)

    def behind(self, before: Body) -> Body:
        """The same with the code and the days that stood before its keyword."""
        return replace(
            self, code=before.code, days=before.days + self.days, dated=before.dated + self.dated,
            repairs=before.repairs + self.repairs,
        )  # fmt: skip


def read_body(text: str, start: int, end: int, today: date, *, bambara: bool) -> Body:
    """Read the body of a report that stands from `start` to `end` in a folded text with its capitals."""
    pieces = scan(text, start, end, today, bambara=bambara)
    code, found = _take_code(pieces.found)
    found = _fi(_join(found))
    pairs = [piece for piece in found if isinstance(piece, Pair)]
    idle = [piece for piece in found if isinstance(piece, Label)]
    free = [piece for piece in found if isinstance(piece, Number)]
    ordered, left = _in_order(free, {one.name for one in pairs} | {one.name for one in idle})
    numbers = sorted([*([code] if code else []), *(one.number for one in pairs), *free], key=lambda one: one.start)
    return Body(
        code=code.digits if code else None, days=tuple(pieces.days), dated=tuple(pieces.dated), flag=pieces.flag,
        values=_values([*pairs, *ordered]), named=frozenset(_sex(one.name) for one in pairs),
        by_c=any(one.name == "C" for one in pairs), bare=len(free), positional=bool(ordered), left=left,
        idle=any(not one.spare for one in idle),
        long=frozenset(one.name for one in pairs if len(one.number.digits) >= 3 or one.number.value >= 100),
        decimal=_has_decimal(numbers, text, code), asks=any(one.asks for one in numbers),
        repairs=tuple(repair for one in numbers for repair in one.repairs), note=pieces.note,
    )  # fmt: skip


def resolve_m(labels: Collection[str], *, by_c: bool) -> tuple[str, tuple[str, ...]] | None:
    """The sex that M stands for beside these labels, and the repair; None when none tells, or both sexes are given.

    M is *masculin* in French and *muso*, a woman, in Bambara.
    """
    if "F" in labels and "H" not in labels:
        return "H", (M_IS_MEN,)
    if "H" in labels and "F" not in labels:
        return "F", () if by_c else (M_ASKS,)
    return None


def _take_code(found: list[Piece]) -> tuple[Number | None, list[Piece]]:
    """The first four digits that stand free are the club code: they are never a head count."""
    for at, piece in enumerate(found):
        if isinstance(piece, Number) and len(piece.digits) == 4:
            return piece, [*found[:at], Gap(), *found[at + 1 :]]
    return None, found


def _join(found: list[Piece]) -> list[Piece]:
    """Give each label that stands alone the free number beside it."""
    joined = list(found)
    for at, label in enumerate(found):
        if not isinstance(label, Label):
            continue
        places = (at + 1, at - 1) if label.name in NUMBER_FIRST else (at - 1, at + 1)
        for place in places:
            number = joined[place] if 0 <= place < len(joined) else None
            if isinstance(number, Number):
                joined[at], joined[place] = Pair(label.name, number), Gap()
                break
    return joined


def _fi(found: list[Piece]) -> list[Piece]:
    """`FI5` is five girls when F has a value already; else 15 women, which may be wrong."""
    read: list[Piece] = []
    for piece in found:
        if isinstance(piece, Pair) and piece.name == "F" and piece.number.girls:
            if any(isinstance(before, Pair) and before.name == "F" for before in read):
                piece = Pair("JF", piece.number.girls)
            else:
                piece = Pair("F", replace(piece.number, repairs=(*piece.number.repairs, "FI_ambiguous")))
        read.append(piece)
    return read


def _in_order(free: list[Number], names: set[str]) -> tuple[list[Pair], bool]:
    """Bare numbers by their order, when no label says who was counted; and whether some belong nowhere."""
    if names & {*HEADS, "C", "M"}:
        return [], bool(free)
    if len(free) == 1:
        return [], bool(names & {"T", "FE", "FA"})
    labels = IN_ORDER.get(len(free), ())
    return [Pair(name, number) for name, number in zip(labels, free, strict=False)], bool(free) and not labels


def _values(pairs: list[Pair]) -> dict[str, tuple[int, ...]]:
    values: dict[str, tuple[int, ...]] = {}
    for one in pairs:
        name = _sex(one.name)
        values[name] = (*values.get(name, ()), one.number.value)
    return values


def _sex(name: str) -> str:
    return "H" if name == "C" else name


def _has_decimal(numbers: list[Number], text: str, code: Number | None) -> bool:
    """Whether just two numbers are joined by a comma or a point, none of them the club code: `12,5`."""
    joined = [
        one.end + 1 == other.start and text[one.end] in ",." and bool(one.digits and other.digits)
        for one, other in pairwise(numbers)
    ]
    return any(
        here and True not in (before, after) and code not in (one, other)
        for before, here, after, one, other in zip(
            [False, *joined], joined, [*joined[1:], False], numbers, numbers[1:], strict=False
        )
    )
