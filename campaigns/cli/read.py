"""Reading one SMS without acting on it: JSON lines for programs, an explanation in words for people.

It opens no database and no network, and imports little, so that it starts at once.
Source: the page on incoming SMS, section 1.2.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any, cast, get_args

import click

from campaigns.cli.shapes import SHAPES
from campaigns.conversation.grammar import read as read_sms
from campaigns.conversation.grammar.reading import Role
from messaging.shipped import dogon

ROLES: tuple[str, ...] = get_args(Role)
BAD = {"readings": [], "error": "bad_input"}
REPLACEMENT = "\ufffd"


class LineError(ValueError):
    """A line of the input that says nothing the reader can take."""


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.argument("text", nargs=-1)
@click.option(
    "--role", type=click.Choice(ROLES), default="member", show_default=True, help="What the sender is known as."
)
@click.option("--lang", default="fr", show_default=True, help="The sender's language.")
@click.option("--club", "clubs", multiple=True, metavar="CODE", help="A club the sender may report for; several times.")
@click.option("--now", metavar="TIME", help="When the SMS came; without it: now.")
@click.option("--json", "as_json", is_flag=True, help="JSON lines {text, role, context} in, {readings, reply} out.")
def read(text: tuple[str, ...], role: str, lang: str, clubs: tuple[str, ...], now: str | None, as_json: bool) -> None:
    """Explain how an SMS is read and answered; nothing is stored and nothing is sent."""
    if as_json:
        sys.exit(_stream(sys.stdin.buffer))
    from campaigns.cli.explaining import explain  # the words of the replies take longer to load than the reader

    said = " ".join(text) or sys.stdin.buffer.read().decode("utf-8", "replace").rstrip("\n")
    context: dict[str, Any] = {"now": now or datetime.now(UTC).isoformat(), "lang": lang}
    context |= {"clubs": list(clubs)} if clubs else {}
    try:
        _print("\n".join(explain(*taken({"text": said, "role": role, "context": context}))))
    except LineError as error:
        raise click.UsageError(str(error)) from None


def _stream(lines: Iterable[bytes]) -> int:
    """Read every line; gives 2 when one of them could not be taken."""
    status = 0
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        found, trouble = answer(line)
        if trouble:
            _print(f"line {number}: {trouble}", err=True)
            status = 2
        _print(json.dumps(found, ensure_ascii=False))
    return status


def _print(line: str, *, err: bool = False) -> None:
    """One line in UTF-8 whatever the locale, sent off at once."""
    click.echo(line.encode("utf-8", "replace"), err=err)


def answer(line: bytes) -> tuple[Mapping[str, Any], str | None]:
    """The object to print for one line, and what is wrong with the line."""
    try:
        given = json.loads(line.decode("utf-8-sig"))
        return read_sms(*taken(given)).as_json(), None
    except UnicodeDecodeError:
        return BAD, "not UTF-8."
    except json.JSONDecodeError as error:
        return BAD, f"no JSON: {error.msg} at column {error.colno}."
    except LineError as error:
        return BAD, str(error)
    except Exception as error:  # one line must never end the stream: what nobody thought of is told like any other
        return BAD, f"cannot be read ({type(error).__name__}: {error})."


def taken(given: object) -> tuple[str, Role, dict[str, Any]]:
    """The arguments of the reader from one decoded line.

    Raises:
        LineError: it is no such object, or a part of it has a wrong type; says which.
    """
    if not isinstance(given, Mapping):
        raise LineError('write an object: {"text": "...", "role": "member", "context": {...}}.')
    text, role, context = given.get("text"), given.get("role"), given.get("context")
    if not isinstance(text, str):
        raise LineError('"text" must be a string.')
    if role not in ROLES:
        raise LineError(f'"role" must be one of: {", ".join(ROLES)}.')
    if context is not None and not isinstance(context, Mapping):
        raise LineError('"context" must be an object.')
    known = {key: value for key, value in (context or {}).items() if value is not None}
    for key, shape in SHAPES.items():
        if key in known and not shape.fits(known[key]):
            raise LineError(f'"{key}" in the context must be {shape.words}.')
    if known.get("lang") in dogon():
        known["dogon"] = True
    return _whole(text), cast(Role, role), known


def _whole(text: str) -> str:
    """The text as the inbox stores it: half a sign and the sign of nothing become the sign of what is unknown."""
    return "".join(REPLACEMENT if char == "\0" or "\ud800" <= char <= "\udfff" else char for char in text)
