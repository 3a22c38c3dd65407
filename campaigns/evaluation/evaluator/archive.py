"""One ZIP for an evaluator: both files, their codebook, what was blanked, how good the data are, and how to read them.

The same data give the same bytes: a second file of one purpose can be held against the first.
"""

from __future__ import annotations

import csv
import hashlib
import io
import zipfile
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy.orm import Session

from campaigns.evaluation import areas
from campaigns.evaluation.evaluator import answers, keys, notes, tables
from campaigns.evaluation.evaluator.tables import Column, Row
from campaigns.models import EvaluationPurpose
from messaging.clock import local
from messaging.models import Programme

FORMULA = ("=", "+", "-", "@", "\t")  # how a cell begins that a spreadsheet would reckon
NAMES: Mapping[str, str] = {
    keys.PERSONS: "5_quiz_person_pseudonymised.csv",
    keys.CLUSTERS: "11_quiz_clusters_pseudonymised.csv",
}
DEMONSTRATION = "DEMONSTRATION"


@dataclass(frozen=True)
class File:
    """One of the two files, for the log; `left_out`: persons without consent, or counts that were blanked."""

    file: str
    rows: int
    left_out: int
    sha256: str


@dataclass(frozen=True)
class Archive:
    """What is handed over, under the name it is saved by."""

    name: str
    content: bytes
    files: tuple[File, ...]
    is_first: bool = True  # nothing left before for this purpose


def build(
    session: Session, programme: Programme, purpose: EvaluationPurpose, secrets: Mapping[str, bytes], now: datetime
) -> Archive:
    """Make the ZIP of a purpose as the data stand now; `secrets` are its keys, by file."""
    today = local(now, programme.zone).date()
    found = answers.read(session, programme, today)
    made = tables.make(
        found,
        lambda member: keys.pseudonym(secrets[keys.PERSONS], keys.PERSONS, member),
        lambda club: keys.pseudonym(secrets[keys.CLUSTERS], keys.CLUSTERS, club),
    )
    has_p_codes = areas.has_p_codes(areas.scheme_of(session, programme))
    data = {
        keys.PERSONS: table(_tagged(tables.PERSONS, has_p_codes), made.persons),
        keys.CLUSTERS: table(_tagged(tables.CLUSTERS, has_p_codes), made.clusters),
    }
    files = (
        File(keys.PERSONS, len(made.persons), found.without_consent, digest(data[keys.PERSONS])),
        File(keys.CLUSTERS, len(made.clusters), made.cells_blanked, digest(data[keys.CLUSTERS])),
    )
    mark = f"{DEMONSTRATION}-" if programme.demonstration else ""
    names = {file: mark + name for file, name in NAMES.items()}
    packed = {names[file]: content for file, content in data.items()} | {
        mark + name: table((), rows)
        for name, rows in (
            ("codebook.csv", notes.codebook(names, has_p_codes)),
            ("totals.csv", notes.totals(found, made)),
            ("suppression.csv", notes.suppression(found, made)),
            ("quality.csv", notes.quality(session, programme, found, now)),
        )
    }
    told = notes.readme(programme, purpose, found, names, {one.file: one.sha256 for one in files}, today)
    packed[f"{mark}README.txt"] = told.encode()
    name = f"{mark}{programme.code}-{purpose.id}-{today.isoformat()}.zip"
    return Archive(name, zipped(packed, today), files)


def table(head: Sequence[Row], rows: Iterable[Row]) -> bytes:
    """A CSV file."""
    written = io.StringIO(newline="")
    csv.writer(written, lineterminator="\n").writerows([_safe(cell) for cell in row] for row in (*head, *rows))
    return written.getvalue().encode()


def digest(content: bytes) -> str:
    """The hash of a file, as the log and the notes tell it."""
    return hashlib.sha256(content).hexdigest()


def zipped(files: Mapping[str, bytes], today: date) -> bytes:
    """These files as one ZIP: in this order, of this day, with no word of the machine."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            one = zipfile.ZipInfo(name, (today.year, today.month, today.day, 0, 0, 0))
            one.compress_type, one.external_attr = zipfile.ZIP_DEFLATED, 0o600 << 16
            archive.writestr(one, content)
    return packed.getvalue()


def unpacked(content: bytes) -> dict[str, bytes]:
    """What `zipped` packed."""
    with zipfile.ZipFile(io.BytesIO(content)) as packed:
        return {name: packed.read(name) for name in packed.namelist()}


def day_of(content: bytes) -> date:
    """The day that `zipped` was given."""
    with zipfile.ZipFile(io.BytesIO(content)) as packed:
        year, month, day, *_time = packed.infolist()[0].date_time
    return date(year, month, day)


def _tagged(columns: Sequence[Column], has_p_codes: bool) -> list[Row]:
    """The row of names and the row of tags."""
    tags = (one.tag + ("+v_pcodes" if has_p_codes and one.tag.endswith("+code") and "adm" in one.tag else "")
            for one in columns)  # fmt: skip
    return [tuple(one.name for one in columns), tuple(tags)]


def _safe(cell: str) -> str:
    return f"'{cell}" if cell.startswith(FORMULA) else cell
