"""Commands about campaigns: load, check, list, review, approve, start, pause, export."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import click
import sqlalchemy as sa
from sqlalchemy.orm import Session

from campaigns import life, loading
from campaigns.definitions import Definition, Problem, dump
from campaigns.definitions import read as read_definition
from campaigns.models import Campaign, CampaignState
from messaging import programmes, staff, texts
from messaging.cli.frame import command_errors, emit, json_option, opened
from messaging.clock import utc_now
from messaging.errors import DataError, RefusedError
from messaging.models import Programme, Text, TextState
from messaging.texts import Outside

SHOWN = 400  # problems of one file that are printed


@click.command()
@click.argument("files", nargs=-1, required=True, type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--programme", "code", help="The programme they belong to; not needed when there is only one.")
@click.option("--take", multiple=True, help="A difference to take: campaign, 'step CODE', 'text CODE/fr', or all.")
@json_option
@command_errors
def load(files: tuple[Path, ...], code: str | None, take: tuple[str, ...], as_json: bool) -> None:
    """Load campaign files; loading again shows the differences and takes what is asked."""
    definitions = [_checked(path) for path in files]
    with opened() as here, here.db.write() as session:
        programme = programmes.only(session, code)
        for definition in definitions:
            loaded = loading.load(session, programme, definition, utc_now(), set(take) if take else None)
            rows = [{"what": one.what, "kind": one.kind, "done": one.done} for one in loaded.differences]
            told = "\n".join(f"  {row['what']}: {row['kind']}, {row['done']}" for row in rows) or "  no difference"
            emit({"campaign": loaded.campaign, "differences": rows}, as_json, f"{loaded.campaign}\n{told}")


@click.group()
def campaign() -> None:
    """Campaigns."""


@campaign.command("check")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@json_option
@command_errors
def campaign_check(file: Path, as_json: bool) -> None:
    """Check a campaign file: every problem at once, each with its line."""
    definition, problems = read_definition(_words_of(file), file.name)
    rows = [_problem(problem) for problem in problems]
    told = "\n".join(f"{file.name}:{row['line']}: {row['level']}: {row['field']}: {row['problem']}" for row in rows)
    emit({"ok": definition is not None, "problems": rows}, as_json, told or f"{file.name}: no problem")
    sys.exit(0 if definition is not None else 1)


@campaign.command("list")
@json_option
@command_errors
def campaign_list(as_json: bool) -> None:
    """List the campaigns with their state."""
    with opened() as here, here.db.read() as session:
        query = sa.select(Programme.code, Campaign.code, Campaign.state, Campaign.title_fr).join(Campaign)
        names = ("programme", "campaign", "state", "title")
        rows = [
            dict(zip(names, row, strict=True)) for row in session.execute(query.order_by(Programme.id, Campaign.id))
        ]
    emit(rows, as_json)


as_option = click.option("--as", "email", required=True, help="The account that says so; four eyes hold here too.")
programme_option = click.option("--programme", "programme_code", help="Needed when two programmes use the code.")


@campaign.command("review")
@click.argument("code")
@as_option
@click.option("--lang", required=True, help="The language that was read.")
@click.option("--variety", default="", help="What the reviewer speaks, such as Bandiagara; only French needs none.")
@click.option("--outside", "role", help="The role of a reviewer without an account, whose signed sheets are filed.")
@click.option("--read-on", type=click.DateTime(["%Y-%m-%d"]), help="The day on which she read the sheets.")
@click.option("--sheet", "marks", multiple=True, help="The mark on a sheet; once for each text that was read.")
@programme_option
@json_option
@command_errors
def campaign_review(
    code: str, email: str, lang: str, variety: str, role: str | None, read_on: datetime | None,
    marks: tuple[str, ...], programme_code: str | None, as_json: bool,
) -> None:  # fmt: skip
    """Mark the drafts of one language as reviewed; with --outside, only those whose sheets are named."""
    sheets = _sheets(role, variety, read_on, marks)
    with opened() as here, here.db.write() as session:
        row = find(session, code, programme_code)
        person = staff.acting(session, email, row.programme_id)
        roles = staff.roles(session, person.id)
        read = _read(session, row, lang, sheets)
        for text, sheet in read:
            texts.review(session, text.id, person, roles, utc_now(), outside=sheet, variety=variety)
        emit({"campaign": code, "language": lang, "reviewed": len(read)}, as_json)


@campaign.command("approve")
@click.argument("code")
@as_option
@click.option("--accept-fallback", "accepted", multiple=True, help="A language whose shown fallback is accepted.")
@programme_option
@json_option
@command_errors
def campaign_approve(
    code: str, email: str, accepted: tuple[str, ...], programme_code: str | None, as_json: bool
) -> None:
    """Approve the reviewed texts, then the campaign."""
    with opened() as here, here.db.write() as session:  # the texts and the campaign together, or nothing
        row = find(session, code, programme_code)
        person = staff.acting(session, email, row.programme_id)
        roles = staff.roles(session, person.id)
        reviewed = _texts(session, row, TextState.REVIEWED)
        for text in reviewed:
            texts.approve(session, text.id, person, roles, utc_now())
        session.flush()
        state = life.approve(session, row.id, person, utc_now(), accepted).state
    told = (
        None if state is CampaignState.APPROVED else "The first of two approvals is noted: another approver is needed."
    )
    emit({"campaign": code, "approved_texts": len(reviewed), "state": state.value}, as_json, told)


@campaign.command("start")
@click.argument("code")
@programme_option
@json_option
@command_errors
def campaign_start(code: str, programme_code: str | None, as_json: bool) -> None:
    """Start an approved campaign, or go on with a paused one."""
    with opened() as here, here.db.write() as session:
        row = life.start(session, find(session, code, programme_code).id, None, utc_now())
        emit({"campaign": code, "state": row.state.value}, as_json)


@campaign.command("pause")
@click.argument("code")
@programme_option
@json_option
@command_errors
def campaign_pause(code: str, programme_code: str | None, as_json: bool) -> None:
    """Pause a campaign: what waits is held."""
    with opened() as here, here.db.write() as session:
        row = life.pause(session, find(session, code, programme_code).id, None, utc_now())
        emit({"campaign": code, "state": row.state.value}, as_json)


@campaign.command("export")
@click.argument("code")
@programme_option
@json_option
@command_errors
def campaign_export(code: str, programme_code: str | None, as_json: bool) -> None:
    """Print a campaign as the file that loads without a difference."""
    with opened() as here, here.db.read() as session:
        definition = loading.export(session, find(session, code, programme_code))
    emit(definition.model_dump(mode="json"), as_json, dump(definition).rstrip("\n"))


def _words_of(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError:
        raise DataError(f"{path.name} is not written in UTF-8. Save it as UTF-8 and load it again.") from None


def _checked(path: Path) -> Definition:
    definition, problems = read_definition(_words_of(path), path.name)
    if definition is None:
        rows = [_problem(problem) for problem in problems[:SHOWN]]
        told = "\n".join(f"{path.name}:{row['line']}: {row['field']}: {row['problem']}" for row in rows)
        raise DataError(f"nothing was loaded:\n{told}")
    return definition


def _problem(problem: Problem) -> dict[str, Any]:
    return {
        "line": problem.line, "field": problem.field, "level": problem.level,
        "problem": problem.sentence, "english": problem.english,
    }  # fmt: skip


def find(session: Session, code: str, programme_code: str | None) -> Campaign:
    query = sa.select(Campaign).join(Programme).where(Campaign.code == code)
    if programme_code:
        query = query.where(Programme.code == programme_code)
    rows = session.scalars(query).all()
    if not rows:
        raise DataError(f"There is no campaign « {code} ». See: jekulu campaign list")
    if len(rows) > 1:
        raise RefusedError(f"Two programmes have a campaign « {code} »: add --programme CODE.")
    return rows[0]


def _sheets(role: str | None, variety: str, read_on: datetime | None, marks: Sequence[str]) -> list[Outside]:
    """The sheets that are filed, one a text; none when the account itself has read.

    Raises:
        DataError: only some of what a sheet needs was given.
    """
    if role is None and read_on is None and not marks:
        return []
    if role is None or read_on is None or not marks:
        raise DataError("A sheet needs --outside ROLE, --variety, --read-on DATE and --sheet MARK, once for each text.")
    return [Outside(role, variety, read_on.date(), mark) for mark in marks]


def _read(
    session: Session, row: Campaign, language: str, sheets: Sequence[Outside]
) -> Sequence[tuple[Text, Outside | None]]:
    """The texts that were read, each with its sheet; without sheets all drafts of the language.

    Raises:
        RefusedError: a sheet is of no present version of a text of this campaign and language.
    """
    if not sheets:
        return [(text, None) for text in _texts(session, row, TextState.DRAFT, language)]
    texts_of = [text for state in TextState for text in _texts(session, row, state, language)]
    read = []
    for sheet in sheets:
        text = next((one for one in texts_of if texts.is_mark_of(sheet.sheet, texts.current(session, one))), None)
        if text is None:
            raise RefusedError(f"{sheet.sheet}: {texts.OTHER_SHEET}")
        read.append((text, sheet))
    return read


def _texts(session: Session, row: Campaign, state: TextState, language: str | None = None) -> list[Text]:
    steps = [step.id for step in loading.steps_of(session, row.id)]
    query = sa.select(Text).where(Text.step_id.in_(steps), Text.state == state)
    if language:
        query = query.where(Text.language == language)
    return list(session.scalars(query.order_by(Text.id)))
