"""The rows of a translators' sheet beside the texts they speak of, and what no text answers to; changes nothing."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import sqlalchemy as sa
from sqlalchemy.orm import Session

from campaigns.definitions.problems import hint
from campaigns.models import Campaign
from campaigns.translation.entries import NEW, READ_ALOUD, Entry, Key, entries, official_of
from campaigns.translation.lines import Line
from campaigns.translation.problems import problem
from campaigns.translation.sheet import TYPED, cells
from messaging import sheets, texts
from messaging.imports import Problem
from messaging.imports.result import quote
from messaging.models import Text, TextVersion

LONGEST, LONGEST_OPTION = 2000, 200  # signs of a cell, as in the files of campaigns
UNREADABLE, OTHER, OLDER = "mark_unreadable", "mark_other", "mark_older"
MARK = re.compile(r"(\d{1,9})-(\d{1,9})-[0-9A-F]{4}")


@dataclass(frozen=True)
class Row:
    """One row of the sheet beside the text and the part that it names."""

    line: Line
    entry: Entry
    part: str
    exported: Entry | None = None  # as the text was when the sheet was written, where that is an earlier version

    @property
    def number(self) -> int:
        """The row as a spreadsheet counts it."""
        return self.line.number

    @cached_property
    def typed(self) -> dict[str, str]:
        """The cells that were typed into and no longer say what an export would write now, but none that was emptied.

        A row of an earlier version that still says what that version said was not touched at all.
        """
        gone = ("official", "sms") if self.is_emptied else ()
        return {key: cell for key, cell in self._differing.items() if cell or key not in gone}

    @property
    def is_emptied(self) -> bool:
        """Whether the part had words and its cell has none: that may be a slip, so it deletes nothing."""
        return self._differing.get("official") == ""

    @cached_property
    def _differing(self) -> dict[str, str]:
        if self.exported and not self._unlike(self.exported):
            return {}
        return self._unlike(self.entry)

    def _unlike(self, entry: Entry) -> dict[str, str]:
        stored = cells(entry, self.part)
        said = {key: cell for key, cell in self.line.cells.items() if key in TYPED}
        return {key: cell for key, cell in said.items() if cell != sheets.clean(stored[key], keep_lines=True)}

    @property
    def touched(self) -> bool:
        """Whether anybody typed in this row."""
        return bool(self._differing)

    @property
    def rewords(self) -> bool:
        """Whether words that people get are changed, not only what stands beside them."""
        return "official" in self.typed or "sms" in self.typed


class Shelf:
    """The texts that a sheet may speak of: of the programmes of an account, by campaign, step and language."""

    def __init__(self, session: Session, programme_ids: Sequence[int], codes: set[str]) -> None:
        """Look up all that is named at once."""
        self.campaigns: defaultdict[str, list[Campaign]] = defaultdict(list)
        for row in session.scalars(sa.select(Campaign).where(Campaign.programme_id.in_(programme_ids))):
            self.campaigns[row.code].append(row)
        named = [rows[0] for code, rows in self.campaigns.items() if code in codes and len(rows) == 1]
        self.texts: dict[Key, Entry] = {entry.key: entry for entry in entries(session, named)}
        self.steps: defaultdict[str, dict[str, None]] = defaultdict(dict)
        self.languages: defaultdict[str, dict[str, None]] = defaultdict(dict)
        for campaign, step, language in self.texts:
            self.steps[campaign][step] = self.languages[campaign][language] = None

    def beside(self, entry: Entry) -> list[Text]:
        """The texts of the same step in other languages."""
        campaign, step, own = entry.key
        others = (self.texts[campaign, step, code] for code in self.languages[campaign] if code != own)
        return [one.text for one in others if one.text]


def match(
    session: Session, lines: Sequence[Line], programme_ids: Sequence[int]
) -> tuple[list[Row], list[Problem], Shelf]:
    """The rows that name a text, every problem of those that do not, and the texts.

    A row that names its text wrongly, or a second time, or with the mark of another text, is left out; one with other
    problems stays, so that the rest of them is told too.
    """
    shelf = Shelf(session, programme_ids, {line.cells["campaign"] for line in lines})
    first: dict[tuple[str, str, str, str], int] = {}
    rows: list[Row] = []
    problems: list[Problem] = []
    for line in lines:
        found = list(_misplaced(shelf, line))
        at = first.setdefault(line.place, line.number)
        if not found and at != line.number:
            found = [problem(line.number, "part", "twice", first=at)]
        if not found:
            campaign, step, part, language = line.place
            row = Row(line, shelf.texts[campaign, step, language], part)
            fault = mark_fault(session, row)
            row = replace(row, exported=_exported(session, row) if fault == OLDER else None)
            wrong = dict(_wrong_words(row))
            found = [*_for_reading(session, shelf, row), *_unmarked(row, fault), *wrong.values()]
            sound = {key: cell for key, cell in line.cells.items() if key not in wrong}
            rows += [] if fault == OTHER else [replace(row, line=replace(line, cells=sound))]
        problems += found
    return rows, problems, shelf


def mark_fault(session: Session, row: Row) -> str | None:
    """What is wrong with the mark of a row, as the key of its sentence; `OLDER` for that of an earlier version."""
    typed, version = row.line.cells["mark"].upper(), row.entry.version
    hit = MARK.fullmatch(typed)
    if version is None:
        return None if typed == NEW else OTHER if hit else UNREADABLE
    if texts.is_mark_of(typed, version):
        return None
    if typed == NEW:
        return OLDER
    if hit and int(hit[1]) != version.text_id:
        return OTHER
    old = session.get(TextVersion, (version.text_id, int(hit[2]))) if hit else None
    return OLDER if old and texts.is_mark_of(typed, old) else UNREADABLE


def _exported(session: Session, row: Row) -> Entry:
    """The text of a row at the version that its mark names."""
    hit = MARK.fullmatch(row.line.cells["mark"].upper())
    if not hit:
        return replace(row.entry, text=None, version=None)
    return replace(row.entry, version=session.get_one(TextVersion, (int(hit[1]), int(hit[2]))))


def _misplaced(shelf: Shelf, line: Line) -> Iterator[Problem]:
    """What a row names that is not there."""
    code, step, part, language = line.place
    campaigns = shelf.campaigns.get(code, [])
    if len(campaigns) != 1:
        key = "campaign_twice" if campaigns else "campaign"
        yield problem(line.number, "campaign", key, given=quote(code), **hint(code, shelf.campaigns))
        return
    steps, languages = shelf.steps[code], shelf.languages[code]
    if step not in steps:
        yield problem(line.number, "step", "step", campaign=code, given=quote(step), **hint(step, steps))
    if language not in languages:
        known = ", ".join(languages)
        yield problem(
            line.number, "language", "language", given=quote(language), known=known, **hint(language, languages)
        )
    entry = shelf.texts.get((code, step, language))
    if entry and not entry.may_have(part):
        parts = entry.parts()
        yield problem(line.number, "part", "part", given=quote(part), known=", ".join(parts), **hint(part, parts))


def _for_reading(session: Session, shelf: Shelf, row: Row) -> Iterator[Problem]:
    """Cells that were typed into although they only show something."""
    stored = sheets.clean(row.entry.french_of(row.part), keep_lines=True)
    given = row.line.cells.get("french", stored)
    if given != stored and (row.touched or given not in _earlier_french(session, shelf, row)):
        yield problem(row.number, "french", "french", stored=quote(stored))
    if row.part == READ_ALOUD and row.line.cells.get("sms"):
        yield problem(row.number, "sms", "sms_of_read_aloud")


def _earlier_french(session: Session, shelf: Shelf, row: Row) -> set[str]:
    """What the French of a part ever said, as an export wrote it."""
    campaign, step, _language = row.entry.key
    source = shelf.texts.get((campaign, step, texts.SOURCE))
    found = texts.versions(session, source.text.id) if source and source.text else []
    return {sheets.clean(official_of(texts.wording(one), row.part), keep_lines=True) for one in found}


def _wrong_words(row: Row) -> Iterator[tuple[str, Problem]]:
    """Typed cells that cannot be taken, whatever they mean; what the export wrote is never judged."""
    if row.is_emptied:
        yield "official", problem(row.number, "official", "emptied")
    for key, cell in row.typed.items():
        is_option = key in ("official", "sms") and row.part.startswith("option_")
        longest = LONGEST_OPTION if is_option else LONGEST
        if sheets.is_error(cell):
            yield key, problem(row.number, key, "formula")
        elif len(cell) > longest:
            yield key, problem(row.number, key, "too_long", given=len(cell), longest=longest)


def _unmarked(row: Row, fault: str | None) -> Iterator[Problem]:
    """What is wrong with the mark of a row, but for an earlier version: that matters only to rows that change."""
    if fault not in (None, OLDER):
        given = quote(row.line.cells["mark"])
        yield problem(row.number, "mark", str(fault), given=given, known=row.entry.mark)
