"""A translators' sheet taken back, all or nothing: what changes is told row by row, and so is every problem.

A row is compared with what an export would write now: what is the same touches nothing, whatever the sheet was saved
with. Everything that changes goes through the texts' own rules, with the person as author, and is a draft again.
"""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from campaigns.translation.checks import Fault, faults
from campaigns.translation.entries import READ_ALOUD, STATES, Entry, Key
from campaigns.translation.lines import read
from campaigns.translation.matching import OLDER, Row, mark_fault, match
from campaigns.translation.problems import problem
from campaigns.translation.rewording import is_behind, reword
from campaigns.translation.sheet import TITLES
from campaigns.translation.warnings import warnings
from messaging import audit, staff, texts
from messaging.imports import Problem
from messaging.models import Programme, Role, Staff, Text, TextState
from messaging.wording import Wording

STATES_EN = {TextState.DRAFT: "draft", TextState.REVIEWED: "reviewed", TextState.APPROVED: "approved"}
FILE = 12  # signs of a file's hash that name it in the audit log


@dataclass(frozen=True)
class Change:
    """One row that changes a text: where it stands, the headers of its changed cells, the state before and after."""

    row: int
    campaign: str
    step: str
    part: str
    language: str
    columns: tuple[str, ...]
    before: str
    after: str


@dataclass(frozen=True)
class Taken:
    """What an import did, or in a dry run would do; with any problem nothing is stored and nothing counted.

    `warnings`: to be looked at, they refuse nothing.
    `guarded`: some of the problems are reviews and approvals that `overwrite` would give up.
    """

    changes: Sequence[Change] = ()
    unchanged: int = 0
    problems: Sequence[Problem] = ()
    warnings: Sequence[Problem] = ()
    stored: bool = False
    guarded: bool = False

    def sentence(self) -> tuple[str, str]:
        """What happened, in French and English."""
        if self.problems:
            return (
                f"Rien n'est enregistré : {len(self.problems)} problème(s). Corrigez-les et importez à nouveau.",
                f"Nothing is stored: {len(self.problems)} problem(s). Mend them and import again.",
            )
        fr = f"{len(self.changes)} ligne(s) changée(s), {self.unchanged} sans changement."
        en = f"{len(self.changes)} row(s) changed, {self.unchanged} unchanged."
        if self.stored:
            return fr, en
        return f"Essai, rien n'est enregistré : {fr}", f"Dry run, nothing is stored: {en}"

    def as_dict(self) -> dict[str, Any]:
        """The same as plain values: counts, problems and warnings by row and column, what changes, the sentences."""
        fr, en = self.sentence()
        return {
            "changed": len(self.changes), "unchanged": self.unchanged, "stored": self.stored,
            "problems": _plain(self.problems), "warnings": _plain(self.warnings),
            "changes": [asdict(one) for one in self.changes], "sentence": fr, "sentence_en": en,
        }  # fmt: skip


@dataclass(frozen=True)
class Revision:
    """The rows of a sheet that speak of one text, and what it says once they are taken."""

    entry: Entry
    rows: Sequence[Row]
    words: Wording

    @property
    def is_new_wording(self) -> bool:
        """Whether people would get other words; comments and back translations alone change none."""
        return self.words.hash != self.entry.said.hash

    @property
    def changes(self) -> list[Row]:
        """The rows that change the text; notes alone are no text."""
        return [] if self.is_only_notes or self.words == self.entry.said else [row for row in self.rows if row.typed]

    @property
    def is_only_notes(self) -> bool:
        """Whether the text is still to be written, and the rows hold nothing but notes."""
        return not self.entry.text and not (self.words.parts() or self.words.official or self.words.read_aloud)


def take(
    session: Session,
    data: bytes,
    person: Staff,
    now: datetime,
    *,
    programme: Programme | None = None,
    overwrite: bool = False,
    dry_run: bool = False,
) -> Taken:
    """Take the sheet of a translator, in the caller's transaction.

    Nothing is written in a dry run, nor when any row has a problem. Rows that are not there leave their texts alone.

    Args:
        session: a writing session; a reading one is enough for a dry run.
        data: the bytes of the CSV or XLSX file.
        person: who says so: the author of what changes, with her roles and her programmes.
        now: the time.
        programme: take rows of this programme only; none: of all that the account works in.
        overwrite: texts that are reviewed or approved may change too, and are drafts then.
        dry_run: only tell what would happen.
    """
    lines, problems = read(data)
    own = staff.programme_ids(session, person.id)
    rows, misplaced, shelf = match(session, lines, [one for one in own if programme is None or one == programme.id])
    revisions = _revisions(rows)
    roles = staff.roles(session, person.id)
    losses: list[Problem] = []
    problems += misplaced
    unread = {(one.line, one.column) for one in problems}  # cells of which no more can be told
    for revision in revisions:
        problems += _refusals(session, revision, roles)
        problems += [one for one in _faults(revision) if (one.line, one.column) not in unread]
        losses += [] if overwrite else _losses(revision, shelf.beside(revision.entry))
    told = sorted((one for each in revisions for one in _warnings(each)), key=lambda one: one.line)
    if problems or losses:
        found = sorted(dict.fromkeys([*problems, *losses]), key=lambda one: one.line)
        return Taken(problems=found, warnings=told, guarded=bool(losses))
    changes = tuple(sorted((one for each in revisions for one in _changes(each)), key=lambda one: one.row))
    if changes and not dry_run:
        _store(session, revisions, person, now)
        counts = {"changed": len(changes), "campaigns": ", ".join(sorted({one.campaign for one in changes}))}
        file = hashlib.sha256(data).hexdigest()[:FILE]
        audit.note(session, audit.actor(person.id), "imported", "texts", file, now, after=counts)
    return Taken(changes, len(rows) - len(changes), warnings=told, stored=not dry_run)


def _plain(found: Sequence[Problem]) -> list[dict[str, Any]]:
    return [
        {"row": one.line, "column": one.column, "problem": one.problem, "problem_en": one.problem_en} for one in found
    ]


def _revisions(rows: Sequence[Row]) -> list[Revision]:
    """What the sheet makes of each text; a translation stands beside the French of the same sheet."""
    by_text: defaultdict[Key, list[Row]] = defaultdict(list)
    for row in rows:
        by_text[row.entry.key].append(row)
    found = {
        key: Revision(own[0].entry, own, reword(own[0].entry, {row.part: row.typed for row in own if row.typed}))
        for key, own in by_text.items()
    }
    for (campaign, step, _language), one in found.items():
        french = found.get((campaign, step, texts.SOURCE))
        if french:
            found[one.entry.key] = replace(one, entry=replace(one.entry, french=french.words))
    return list(found.values())


def _refusals(session: Session, revision: Revision, roles: dict[Role, set[str]]) -> Iterator[Problem]:
    """What the rows of a text that changes may not do."""
    language = revision.entry.language
    may_write = Role.EDITOR in roles or language in roles.get(Role.TRANSLATOR, set())
    for row in revision.changes:
        if not may_write:
            yield problem(row.number, "language", "role", language=language)
        if mark_fault(session, row) == OLDER:
            yield problem(row.number, "mark", OLDER)
        if row.part != READ_ALOUD and is_behind(row.entry, row.part, row.typed):
            yield problem(row.number, "sms", "sms_behind")


def _losses(revision: Revision, beside: Sequence[Text]) -> Iterator[Problem]:
    """Reviews and approvals that would be lost: those of the text, and with the French those of its translations."""
    entry = revision.entry
    rows = [row for row in revision.changes if row.rewords] if revision.is_new_wording else []
    others = [text for text in beside if text.state is not TextState.DRAFT] if entry.language == texts.SOURCE else []
    told = ", ".join(f"{text.language} ({STATES[text.state]})" for text in others)
    for row in rows:
        column = next(key for key in ("official", "sms") if key in row.typed)
        if entry.text and entry.text.state is not TextState.DRAFT:
            state = entry.text.state
            yield problem(row.number, column, "kept", state=STATES[state], state_en=STATES_EN[state])
        if others:
            yield problem(row.number, column, "kept_by_french", languages=told)


def _faults(revision: Revision) -> Iterator[Problem]:
    """What is wrong with the new words."""
    if not revision.changes or (revision.entry.text and not revision.is_new_wording):
        return
    yield from _placed(revision, faults(revision.entry, revision.words))


def _warnings(revision: Revision) -> Iterator[Problem]:
    """What to look at in the new words, and notes that find no text to stand with."""
    if revision.is_only_notes:
        for row in revision.rows:
            yield from (problem(row.number, key, "note_unkept") for key, cell in row.typed.items() if cell)
    elif revision.changes and revision.is_new_wording:
        yield from _placed(revision, warnings(revision.entry, revision.words))


def _placed(revision: Revision, found: Sequence[Fault]) -> Iterator[Problem]:
    """Each at the row of its part, or at the first changed one when that row is not there."""
    numbers = {row.part: row.number for row in revision.rows}
    for one in found:
        line = numbers.get(one.part, revision.changes[0].number)
        yield Problem(line, TITLES[one.column], one.fr, one.en)


def _changes(revision: Revision) -> Iterator[Change]:
    entry = revision.entry
    after = STATES[TextState.DRAFT] if revision.is_new_wording else entry.state
    for row in revision.changes:
        columns = tuple(TITLES[key] for key in row.typed)
        campaign, step, language = entry.key
        yield Change(row.number, campaign, step, row.part, language, columns, entry.state, after)


def _store(session: Session, revisions: Sequence[Revision], person: Staff, now: datetime) -> None:
    """Write what changes, the French first: a change of it returns its translations to draft, new ones come after."""
    for revision in sorted(revisions, key=lambda one: one.entry.language != texts.SOURCE):
        entry = revision.entry
        if not revision.changes:
            continue
        if entry.text:
            texts.edit(session, entry.text.id, entry.text.version, revision.words, person, now)
        else:
            made = texts.write(session, entry.step.id, entry.language, revision.words, now, person.id)
            made.changed_by_staff = True
