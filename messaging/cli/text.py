"""What a text costs on the air, how it is spelt there, and what to write instead."""

from __future__ import annotations

import json
import sys
from dataclasses import asdict
from typing import Any

import click

from messaging import languages, letters, profile
from messaging.cli.frame import command_errors, emit, json_option
from messaging.findings import Finding
from messaging.letters import ALONE, Size
from messaging.profile import KINDS, Spelt

LANGUAGES = {row["code"]: row["profile"] for row in languages.shipped()}


class AskError(ValueError):
    """A text that cannot be explained, said so that a person can mend it."""


@click.command()
@click.argument("words", nargs=-1)
@click.option("--lang", metavar="CODE", help="Spell it for the air in this language.")
@click.option("--kind", type=click.Choice(KINDS), help="How it is spelt now; old is è ò ny ng, as before 1982.")
@json_option
@command_errors
def text(words: tuple[str, ...], lang: str | None, kind: str | None, as_json: bool) -> None:
    """Explain what a text costs, and what to write instead.

    With --json JSON lines in and out: {text, lang, kind, profile} gives {encoding, units, segments, segment_units,
    findings, sms, suggested, written}. With "profile": false the text is counted exactly as it stands; true, and the
    default where lang or kind is given, spells it for the air first. "written" is its size before that.
    """
    if as_json:
        bad = [number for number, line in enumerate(sys.stdin.buffer, 1) if line.strip() and not _answer(line, number)]
        sys.exit(2 if bad else 0)
    said = " ".join(words) if words else sys.stdin.read().rstrip("\r\n")
    ask = {"text": said, "lang": lang, "kind": kind}
    try:
        _explain(said, spelt(ask))
    except AskError as error:
        raise click.UsageError(str(error)) from error


def spelt(ask: dict[str, Any]) -> Spelt:
    """Spell one text as it is asked for: `text`, and perhaps `lang` (or `language`), `kind`, `profile`.

    Raises:
        AskError: no text, or a language, kind or profile that there is not.
    """
    said, kind, wanted = ask.get("text"), ask.get("kind"), ask.get("profile")
    lang = ask.get("language") if ask.get("lang") is None else ask["lang"]
    if not isinstance(said, str):
        raise AskError('"text" is missing or no string')
    if any("\ud800" <= char <= "\udfff" for char in said):
        raise AskError('"text" holds half a character (a surrogate without its other half): take it out')
    if lang is not None and not (isinstance(lang, str) and lang in LANGUAGES):
        raise AskError(f"there is no language {json.dumps(lang)}: write one of {', '.join(LANGUAGES)}")
    if kind is not None and kind not in KINDS:
        raise AskError(f"there is no kind {json.dumps(kind)}: write one of {', '.join(KINDS)}")
    if wanted not in (None, True, False):
        raise AskError('"profile" is neither true nor false')
    if wanted or (wanted is None and (lang or kind)):
        return profile.spell(said, LANGUAGES[lang or languages.LAST], kind or "official")
    return profile.as_it_stands(said)


def row(said: str, found: Spelt) -> dict[str, Any]:
    """The answer to one line; `encoding` to `segment_units` are those of `sms`, `written` those of the text given."""
    return {
        **asdict(found.size),
        "findings": [_finding(one) for one in found.findings],
        "sms": found.sms,
        "suggested": found.suggested,
        "written": _size(letters.measure(said)),
        "dear": [asdict(one) for one in letters.dear(said)],
    }


def _answer(line: bytes, number: int) -> bool:
    """Answer one line; False, with its number on standard error too, when it asks for nothing that there is."""
    try:
        ask = json.loads(line.decode("utf-8-sig"))
        if not isinstance(ask, dict):
            raise AskError("no JSON object with a text")
        found = row(ask.get("text", ""), spelt(ask))
    except (ValueError, RecursionError) as error:
        problem = str(error) if isinstance(error, AskError) else "no JSON object with a text"
        click.echo(f"line {number}: {problem}", err=True)
        emit({"error": "bad_input", "line": number, "problem": problem}, True)
        return False
    emit(found, True)
    return True


def _finding(one: Finding) -> dict[str, Any]:
    return {
        "code": one.code,
        "level": one.level,
        "count": len(one.places),
        "places": [asdict(place) for place in one.places],
        "suggest": one.suggest,
        "sentence": {"fr": one.say("fr"), "en": one.say("en")},
    }


def _size(size: Size) -> dict[str, Any]:
    return {"encoding": size.encoding, "units": size.units, "segments": size.segments}


# --- in words


def _explain(said: str, found: Spelt) -> None:
    written = letters.measure(said)
    click.echo(_words(written))
    for one in found.findings:
        click.echo(f"  {one.level}: {one.say('fr')}")
    if found.sms != said:
        click.echo(f"SMS: {found.sms}\n  {_words(found.size)}{_less(written, found.size)}")
    if found.suggested is not None:
        size = letters.measure(found.suggested)
        click.echo(f"Suggested: {found.suggested}\n  {_words(size)}{_less(found.size, size)}")


def _words(size: Size) -> str:
    return f"{size.encoding}, {size.units} units, {_segments(size.segments)}"


def _less(before: Size, after: Size) -> str:
    """What the second form costs less, or the room it wins where it costs the same."""
    if after.segments < before.segments:
        return f": {_segments(before.segments - after.segments)} less"
    if after.encoding != before.encoding and after.segments == 1:
        return f": room for {ALONE[after.encoding]} units, not {ALONE[before.encoding]}"
    return ""


def _segments(count: int) -> str:
    return f"{count} segment" if count == 1 else f"{count} segments"
