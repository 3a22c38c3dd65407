"""The guides name only commands and settings that exist: whoever types what stands there must not be refused."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

import wsgi
from campaigns.conversation.grammar import read
from messaging.settings import table

ROOT = Path(__file__).parents[2]
GUIDES = [*sorted((ROOT / "docs" / "fr").glob("*.md")), ROOT / "README.md"]
BLOCK = re.compile(r"```\n(.*?)```", re.DOTALL)
INLINE = re.compile(r"`(jekulu [^`]+)`")
SETTING = re.compile(r"\b(?:JEKULU|TWILIO)_[A-Z_]+\b")


def commands(page: str) -> Iterator[list[str]]:
    """Every call of `jekulu` on a page, as words."""
    lines = [line for block in BLOCK.findall(page) for line in block.splitlines()]
    lines = [line for line in lines if line.startswith((".venv/bin/jekulu ", "jekulu "))]
    for line in [*lines, *INLINE.findall(page)]:
        yield shlex.split(line, comments=True)[1:]


def missing(words: list[str]) -> str:
    """What of a command does not exist; empty: all of it does."""
    command: click.Command = wsgi.main
    for word in words:
        if isinstance(command, click.Group):
            if word not in command.commands:
                return word
            command = command.commands[word]
        elif word.startswith("--") and not any(word.partition("=")[0] in one.opts for one in command.params):
            return word
    return ""


@pytest.mark.parametrize("guide", GUIDES, ids=[path.name for path in GUIDES])
def test_every_command_of_a_guide_exists(guide: Path) -> None:
    page = guide.read_text("utf-8")
    assert {" ".join(words): missing(words) for words in commands(page) if missing(words)} == {}


def test_commands_are_found_and_a_wrong_one_is_told() -> None:
    pilot = (ROOT / "docs" / "fr" / "pilote.md").read_text("utf-8")
    assert len(list(commands(pilot))) >= 8
    assert missing(["gateway", "add", "sim1", "--colour", "red"]) == "--colour"
    assert missing(["gateways"]) == "gateways"


@pytest.mark.parametrize("guide", GUIDES, ids=[path.name for path in GUIDES])
def test_every_setting_of_a_guide_exists(guide: Path) -> None:
    known = {name for name, *_ in table()}
    assert set(SETTING.findall(guide.read_text("utf-8"))) - known == set()


def examples() -> Iterator[tuple[str, str]]:
    """Every SMS of the tables of the guide on SMS, with the role of who writes it."""
    roles = {"L'animateur": "advisor", "La radio": "radio", "Tout le monde": "member"}
    role = ""
    for line in (ROOT / "docs" / "fr" / "sms.md").read_text("utf-8").splitlines():
        if line.startswith("## "):
            role = next(role for name, role in roles.items() if line[3:].startswith(name))
        elif hit := re.match(r"\| `([^`]+)` \|", line):
            yield hit[1], role


@pytest.mark.parametrize(("said", "role"), list(examples()))
def test_every_sms_of_the_guide_is_read(said: str, role: str) -> None:
    clubs = {"clubs": ["1041"]} if role == "advisor" else {}
    context = {"now": "2026-03-12T17:30:00Z", "market": "KITA", "station": "R01", **clubs}
    (reading,) = read(said, role, context).readings  # type: ignore[arg-type]
    assert reading.status in ("ok", "pending"), (said, reading)
    assert reading.intent not in ("unknown", "noise"), (said, reading)
    assert reading.intent != "feedback" or said.startswith("QUESTION"), (said, reading)
