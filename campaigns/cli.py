"""The commands of campaigns: load, check, review, approve, start, plan, converse, read, simulate."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import click
import sqlalchemy as sa
from sqlalchemy.orm import Session

from campaigns import life, loading, planner, simulation
from campaigns.conversation import converse as conversation
from campaigns.conversation.grammar import read as read_sms
from campaigns.definitions import Definition, Problem, dump
from campaigns.definitions import read as read_definition
from campaigns.models import Campaign
from messaging import languages, programmes, staff, texts
from messaging.cli import command_errors, emit, json_option, moment, now_option, opened
from messaging.clock import parse_time, utc_now
from messaging.errors import DataError, RefusedError
from messaging.models import Programme, Text, TextState

SHOWN = 400  # problems of one file that are printed


def register(main: click.Group) -> None:
    """Add the commands of this module."""
    for command in (load, campaign, plan, converse, read, simulate):
        main.add_command(command)


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
    definition, problems = read_definition(file.read_text(encoding="utf-8"), file.name)
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
@programme_option
@json_option
@command_errors
def campaign_review(code: str, email: str, lang: str, programme_code: str | None, as_json: bool) -> None:
    """Mark the drafts of one language as reviewed."""
    with opened() as here, here.db.write() as session:
        row, person = _campaign(session, code, programme_code), staff.by_email(session, email)
        roles = staff.roles(session, person.id)
        drafts = _texts(session, row, TextState.DRAFT, lang)
        for text in drafts:
            texts.review(session, text.id, person, roles, utc_now())
        emit({"campaign": code, "language": lang, "reviewed": len(drafts)}, as_json)


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
        row, person = _campaign(session, code, programme_code), staff.by_email(session, email)
        roles = staff.roles(session, person.id)
        reviewed = _texts(session, row, TextState.REVIEWED)
        for text in reviewed:
            texts.approve(session, text.id, person, roles, utc_now())
        session.flush()
        life.approve(session, row.id, person, utc_now(), accepted)
    emit({"campaign": code, "approved_texts": len(reviewed), "state": "approved"}, as_json)


@campaign.command("start")
@click.argument("code")
@programme_option
@json_option
@command_errors
def campaign_start(code: str, programme_code: str | None, as_json: bool) -> None:
    """Start an approved campaign, or go on with a paused one."""
    with opened() as here, here.db.write() as session:
        row = life.start(session, _campaign(session, code, programme_code).id, None, utc_now())
        emit({"campaign": code, "state": row.state.value}, as_json)


@campaign.command("pause")
@click.argument("code")
@programme_option
@json_option
@command_errors
def campaign_pause(code: str, programme_code: str | None, as_json: bool) -> None:
    """Pause a campaign: what waits is held."""
    with opened() as here, here.db.write() as session:
        row = life.pause(session, _campaign(session, code, programme_code).id, None, utc_now())
        emit({"campaign": code, "state": row.state.value}, as_json)


@campaign.command("export")
@click.argument("code")
@programme_option
@json_option
@command_errors
def campaign_export(code: str, programme_code: str | None, as_json: bool) -> None:
    """Print a campaign as the file that loads without a difference."""
    with opened() as here, here.db.read() as session:
        definition = loading.export(session, _campaign(session, code, programme_code))
    emit(definition.model_dump(mode="json"), as_json, dump(definition).rstrip("\n"))


@click.command()
@now_option
@json_option
@command_errors
def plan(now: str | None, as_json: bool) -> None:
    """One pass of the planner."""
    with opened() as here:
        done = planner.plan(here.db, moment(here, now), here.settings.plan_ahead)
    told = [f"planned {done.planned}"]
    told += [f"  waiting: {row['people']} in {row['language']}: {row['reason']}" for row in done.rows()]
    emit({"planned": done.planned, "waiting": done.rows()}, as_json, "\n".join(told))


@click.command("converse")
@now_option
@json_option
@command_errors
def converse(now: str | None, as_json: bool) -> None:
    """One pass of the conversation."""
    with opened() as here:
        emit(conversation.converse(here.db, moment(here, now)), as_json)


@click.command()
@click.argument("words", nargs=-1)
@click.option("--role", default="member", help="What is known about the sender.")
@click.option("--lang", default="fr")
@json_option
def read(words: tuple[str, ...], role: str, lang: str, as_json: bool) -> None:
    """Explain how an SMS is read; with --json: JSON lines {text, role, context} in, {readings, reply} out."""
    if not as_json:
        said = " ".join(words) if words else sys.stdin.read().rstrip("\n")
        result = read_sms(said, role, {"lang": lang, "dogon": lang in dogon_codes()})  # type: ignore[arg-type]
        for reading in result.readings:
            fields = ", ".join(f"{name} = {value}" for name, value in reading.fields.items()) or "no values"
            click.echo(f"{reading.intent}: {reading.status}; {fields}")
        click.echo(f"reply: {result.reply or 'none'}")
        return
    bad = [number for number, line in enumerate(sys.stdin, 1) if line.strip() and not _read_line(line, number)]
    if bad:
        sys.exit(2)


def _read_line(line: str, number: int) -> bool:
    """Read one line; False, with its number on standard error, when it is no such object."""
    try:
        given = json.loads(line)
        context = dict(given.get("context") or {})
        context.setdefault("dogon", context.get("lang") in dogon_codes())
        found: dict[str, Any] = read_sms(given["text"], given["role"], context).as_json()
    except (ValueError, KeyError, TypeError, AttributeError):
        click.echo(f"line {number}: no JSON object with text and role", err=True)
        found = {"readings": [], "error": "bad_input"}
    sys.stdout.write(json.dumps(found, ensure_ascii=False) + "\n")
    sys.stdout.flush()
    return "error" not in found


def dogon_codes() -> set[str]:
    """The Dogon languages of the shipped table; `read` opens no database."""
    return {row["code"] for row in languages.shipped() if row["family"] == "dogon"}


@click.command()
@click.option("--from", "since", required=True, metavar="DATE", help="The first day.")
@click.option("--days", type=click.IntRange(1, 1000), required=True)
@click.option("--seed", default="1", show_default=True)
@json_option
@command_errors
def simulate(since: str, days: int, seed: str, as_json: bool) -> None:
    """Run the demonstrations through some days on the simulator."""

    with opened() as here, click.progressbar(length=days, file=sys.stderr, label="days", hidden=as_json) as bar:
        counts = simulation.simulate(here, parse_time(since), days, seed, lambda done, whole: bar.update(1))
    emit(counts, as_json, "\n".join(f"{name:<10} {count}" for name, count in counts.items()))


def _checked(path: Path) -> Definition:
    definition, problems = read_definition(path.read_text(encoding="utf-8"), path.name)
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


def _campaign(session: Session, code: str, programme_code: str | None) -> Campaign:
    query = sa.select(Campaign).join(Programme).where(Campaign.code == code)
    if programme_code:
        query = query.where(Programme.code == programme_code)
    rows = session.scalars(query).all()
    if not rows:
        raise DataError(f"There is no campaign « {code} ». See: jekulu campaign list")
    if len(rows) > 1:
        raise RefusedError(f"Two programmes have a campaign « {code} »: add --programme CODE.")
    return rows[0]


def _texts(session: Session, row: Campaign, state: TextState, language: str | None = None) -> list[Text]:
    steps = [step.id for step in loading.steps_of(session, row.id)]
    query = sa.select(Text).where(Text.step_id.in_(steps), Text.state == state)
    if language:
        query = query.where(Text.language == language)
    return list(session.scalars(query.order_by(Text.id)))
