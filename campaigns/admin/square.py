"""The square that a telephone reads (QR code), as one SVG path: black fields only, no style, no script."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import groupby

import qrcode

QUIET = 4  # fields of white around it, which readers need


@dataclass(frozen=True)
class Square:
    """The path of the black fields, and how many fields a side has."""

    path: str
    side: int


def square(text: str) -> Square:
    """The square of a text; each run of black fields of a row is one stroke."""
    drawn = qrcode.QRCode(border=QUIET)
    drawn.add_data(text)
    rows = drawn.get_matrix()
    return Square("".join(_stroke(y, x, width) for y, row in enumerate(rows) for x, width in _runs(row)), len(rows))


def _runs(row: list[bool]) -> list[tuple[int, int]]:
    """Start and width of each run of black fields."""
    found, x = [], 0
    for is_black, run in groupby(row):
        width = len(list(run))
        if is_black:
            found.append((x, width))
        x += width
    return found


def _stroke(y: int, x: int, width: int) -> str:
    return f"M{x} {y}h{width}v1h-{width}z"
