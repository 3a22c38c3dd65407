"""One table as one file that leaves the house: its name, its bytes in pieces, how many rows left and their hash.

Every file stands in the audit log: who took it, why, until when it may be kept, how many rows, its hash. One line is
written before the first byte, a second one when the last has left.
"""

from __future__ import annotations

import hashlib
import secrets
import string
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path

from sqlalchemy.orm import Session

from campaigns.evaluation import areas, codebook
from campaigns.evaluation.counting import Ask
from campaigns.evaluation.tables.table import DEMONSTRATION, Row, Table, columns, rows
from campaigns.evaluation.writers import ENDINGS, WRITERS, Sheet
from messaging import audit
from messaging.errors import DataError
from messaging.models import Programme

OBJECT, BEGUN, DONE, BROKEN = "export", "begun", "exported", "broken_off"
LONGEST_WHY = 80  # letters, as the audit log keeps them
LATEST = 3660  # days ahead: a file may be kept so long


@dataclass(frozen=True)
class Why:
    """Who takes a file, for what, and until which day it may be kept; `mark` holds the lines of one file together."""

    who: str
    why: str
    until: date
    mark: str = field(default_factory=lambda: "".join(secrets.choice(string.ascii_lowercase) for _ in range(10)))


@dataclass
class Parcel:
    """A file on its way: iterate over its bytes; afterwards `rows` and `sha256` are those of what left."""

    name: str
    made: Callable[[Parcel], Iterator[bytes]]
    rows: int = 0
    digest: hashlib._Hash = field(default_factory=hashlib.sha256)
    is_whole: bool = False
    told: Callable[[int], None] = lambda _rows: None

    @property
    def sha256(self) -> str:
        """The hash of what has left so far."""
        return self.digest.hexdigest()

    def __iter__(self) -> Iterator[bytes]:
        for piece in self.made(self):
            self.digest.update(piece)
            yield piece
            self.told(self.rows)
        self.is_whole = True

    def counted(self, rows: Iterator[Row]) -> Iterator[Row]:
        """The rows, counted as they pass."""
        for row in rows:
            self.rows += 1
            yield row


def reason(why: str, until: date | None, today: date, who: str) -> Why:
    """Why a file is taken, and until when.

    Raises:
        DataError: one of them is missing, too long, or the day is past or very far.
    """
    why = " ".join(why.split())
    if not 1 <= len(why) <= LONGEST_WHY:
        raise DataError(
            f"Écrivez en 1 à {LONGEST_WHY} signes pourquoi ce fichier est pris. / "
            f"Write in 1 to {LONGEST_WHY} characters why this file is taken."
        )
    if until is None or not 0 <= (until - today).days <= LATEST:
        raise DataError(
            "Écrivez jusqu'à quel jour ce fichier sera gardé : aujourd'hui ou plus tard, dix ans au plus. / "
            "Write until which day this file will be kept: today or later, ten years at most."
        )
    return Why(who, why, until)


def parcel(ask: Ask, table: Table, form: str) -> Parcel:
    """A table as a file of a form of `WRITERS`; nothing is read before it is iterated over, within the same session."""
    demonstration = ask.programme.demonstration
    named = columns(
        table, demonstration=demonstration, p_codes=areas.has_p_codes(areas.scheme_of(ask.session, ask.programme))
    )
    said = f"{ask.programme.code}, {ask.period.since} – {ask.period.last} ({ask.period.zone})"
    told = list(codebook.lines(table, named, said, demonstration=demonstration))

    def made(one: Parcel) -> Iterator[bytes]:
        return WRITERS[form](Sheet(table.name, named, told, one.counted(rows(table, ask))))

    return Parcel(file_name(ask, table.name, ENDINGS[form]), made)


def file_name(ask: Ask, table: str, ending: str) -> str:
    """What a file is called: programme, table and days, and whether its people are invented."""
    mark = f"_{DEMONSTRATION}" if ask.programme.demonstration else ""
    return f"{ask.programme.code}_{table}_{ask.period.since}_{ask.period.last}{mark}.{ending}"


def save(one: Parcel, folder: Path) -> Path:
    """Write a file beside its name, and give it the name when it is whole: half of one is never there."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / one.name
    beside = path.with_name(f".{path.name}.{secrets.token_hex(4)}.part")
    try:
        with beside.open("xb") as file:
            beside.chmod(0o600)
            for piece in one:
                file.write(piece)
        beside.replace(path)
    finally:
        beside.unlink(missing_ok=True)
    return path


def begin(session: Session, programme: Programme, ask: Ask, table: str, form: str, why: Why) -> None:
    """Note in the audit log that a file is about to leave; committed before its first byte does."""
    about = {
        "table": table, "form": form, "from": ask.period.since, "to": ask.period.last, "why": why.why,
        "until": why.until, "mark": why.mark,
    }  # fmt: skip
    audit.note(session, why.who, BEGUN, OBJECT, programme.code, ask.now, after=about)


def finish(session: Session, programme: Programme, table: str, one: Parcel, why: Why, now: datetime) -> None:
    """Note what left: the rows and the hash of a whole file, or how much of one that was broken off."""
    after = {"table": table, "rows": one.rows, "sha256": one.sha256, "mark": why.mark}
    audit.note(session, why.who, DONE if one.is_whole else BROKEN, OBJECT, programme.code, now, after=after)
