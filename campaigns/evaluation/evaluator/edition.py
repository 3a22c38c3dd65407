"""The files of a purpose as they first left: later ones are the same, without whom no longer agrees.

Files that were made anew would tell by their difference: of the one who agreed in between, what somebody's row was
before a column of it was mended, and by a count that falls, in which club she is whose rows are missing. So nobody
enters, nothing is corrected, the counts by club stay, and columns are only blanked further.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Sequence, Set
from dataclasses import asdict, replace
from pathlib import Path

from campaigns.evaluation.evaluator import archive, keys, tables
from campaigns.evaluation.evaluator.archive import Archive, File
from campaigns.models import EvaluationPurpose

HEAD = 2  # rows: names, tags


def keep(folder: Path, purpose: EvaluationPurpose, made: Archive) -> None:
    """Keep what first leaves beside its keys; it goes with them."""
    head = json.dumps({"name": made.name, "files": [asdict(one) for one in made.files]})
    keys.keep(keys.first(folder, purpose), head.encode() + b"\n" + made.content)


def read(folder: Path, purpose: EvaluationPurpose) -> Archive | None:
    """What first left for a purpose; None: nothing yet."""
    try:
        head, content = keys.first(folder, purpose).read_bytes().split(b"\n", 1)
    except FileNotFoundError:
        return None
    said = json.loads(head)
    return Archive(said["name"], content, tuple(File(**one) for one in said["files"]), is_first=False)


def among(first: Archive, names: Set[str]) -> Archive:
    """What first left, with the rows of these pseudonyms alone, blanked anew where too few are left together."""
    packed = archive.unpacked(first.content)
    table = next(name for name in packed if name.endswith(archive.NAMES[keys.PERSONS]))
    rows = [tuple(row) for row in csv.reader(io.StringIO(packed[table].decode(), newline=""))]
    stays = [row for row in rows[HEAD:] if row[tables.NAME] in names]
    if len(stays) == len(rows) - HEAD:
        return first
    shown = tables.blank(stays).rows
    packed[table] = archive.table(rows[:HEAD], shown)
    files = [_again(one, packed[table], rows[HEAD:], shown) if one.file == keys.PERSONS else one for one in first.files]
    for before, after in zip(first.files, files, strict=True):
        packed = {
            name: content.replace(before.sha256.encode(), after.sha256.encode()) if name.endswith(".txt") else content
            for name, content in packed.items()
        }
    return replace(first, content=archive.zipped(packed, archive.day_of(first.content)), files=tuple(files))


def _again(before: File, content: bytes, were: Sequence[tables.Row], shown: Sequence[tables.Row]) -> File:
    people = [{row[tables.NAME] for row in rows} for rows in (were, shown)]
    return File(before.file, len(shown), before.left_out + len(people[0]) - len(people[1]), archive.digest(content))
