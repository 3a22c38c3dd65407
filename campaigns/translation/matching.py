"""The rows of a translators' sheet beside the texts they speak of, and what no text answers to; changes nothing."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

import sqlalchemy as sa
from sqlalchemy.orm import Session

from campaigns.definitions.problems import hint
from campaigns.models import Campaign
from campaigns.translation.entries import NEW, READ_ALOUD, Entry, Key, entries
from campaigns.translation.lines import Line
from campaigns.translation.problems import problem
from campaigns.translation.sheet import TYPED, cells
from messaging import sheets, texts
from messaging.imports import Problem
from messaging.imports.result import quote
from messaging.models import Text, TextVersion

UNREADABLE, OTHER, OLDER = "mark_unreadable", "mark_other", "mark_older"
MARK = re.compile(r"(\d{1,9})-(\d{1,9})-[0-9A-F]{4}")


@dataclass(frozen=True)
class Row:
    """One row of the sheet beside the text and the part that it names."""

    line: Line
    entry: Entry
    part: str

    @property
    def number(self) -> int:
        """The row as a spreadsheet counts it."""
        return self.line.number

    @cached_property
    def typed(self) -> dict[str, str]:
        """The cells that no longer say what an export would write now."""
        stored = cells(self.entry, self.part)
        said = {key: cell for key, cell in self.line.cells.items() if key in TYPED}
        return {key: cell for key, cell in said.items() if cell != sheets.clean(stored[key], keep_lines=True)}

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
            found = [*_for_reading(row), *_unmarked(row, fault)]
            rows += [] if fault == OTHER else [row]
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


def _for_reading(row: Row) -> Iterator[Problem]:
    """Cells that were typed into although they only show something."""
    stored = sheets.clean(row.entry.french_of(row.part), keep_lines=True)
    if row.line.cells.get("french", stored) != stored:
        yield problem(row.number, "french", "french", stored=quote(stored))
    if row.part == READ_ALOUD and row.line.cells.get("sms"):
        yield problem(row.number, "sms", "sms_of_read_aloud")


def _unmarked(row: Row, fault: str | None) -> Iterator[Problem]:
    """What is wrong with the mark of a row, but for an earlier version: that matters only to rows that change."""
    if fault not in (None, OLDER):
        given = quote(row.line.cells["mark"])
        yield problem(row.number, "mark", str(fault), given=given, known=row.entry.mark)
