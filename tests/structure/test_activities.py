"""The page of activities: each row once and in order, and all that it names exists, from steps to SMS and pages."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from typing import get_args

import click
import pytest
from flask import Flask

from campaigns import admin, library
from campaigns.admin import paging
from campaigns.conversation.grammar import read as read_sms
from campaigns.definitions import Definition, model, read
from campaigns.models import ClubSessionKind
from messaging.models.people import ClubKind
from tests.structure.catalogues import ROOT
from wsgi import main

PAGE = (ROOT / "docs" / "activities.md").read_text(encoding="utf-8")
ROWS = [*(f"A{number}" for number in range(1, 37)), *(f"B{number}" for number in range(1, 14))]
LINES = dict(re.findall(r"^\| ([AB]\d+) \| (.*) \|$", PAGE, re.MULTILINE))
NAMED = re.compile(r"`([^`]+)`")
CLUBS = {"clubs": ["1041", "2035"], "now": "2026-03-12T17:30:00+00:00", "distribution": "essai/dons"}
WORDS = {  # of a definition, and of sessions and clubs
    *ClubSessionKind, *ClubKind, *get_args(model.Tag), *get_args(model.Topic), *get_args(model.Pillar),
    *get_args(model.SendAs), *get_args(model.Wave), *model.Audience.model_fields,
    *(f"only: {only}" for only in get_args(model.Only)), "fiche-12", "fiches",
}  # fmt: skip
KINDS = {  # how a name is told from the others, and what holds of it
    "step": re.compile(r"[a-z]+-(?:bandiagara|kita)/[a-z0-9-]+"),
    "page": re.compile(r"/[a-z].*"),
    "command": re.compile(r"jekulu .*"),
    "sms": re.compile(r"[A-Z]{3,}\b.*"),
    "file": re.compile(r"[a-z]+/.*\.(?:py|yaml|toml)"),
}


@cache
def shipped() -> dict[str, Definition]:
    found = (read(path.read_text(encoding="utf-8"), path.name)[0] for path in library.files())
    return {one.campaign: one for one in found if one is not None}


@cache
def pages() -> set[str]:
    app = Flask("jekulu")
    app.url_map.converters["int"] = paging.Key
    for section in admin.SECTIONS:
        app.register_blueprint(section)
    return {rule.rule.removeprefix("/admin/<programme>") for rule in app.url_map.iter_rules()}


def names() -> Iterator[str]:
    for row in LINES.values():
        yield from NAMED.findall(row)


def exists(name: str) -> bool:
    """Whether what stands in backticks is there."""
    kind = next((kind for kind, pattern in KINDS.items() if pattern.fullmatch(name)), "word")
    if kind == "step":
        campaign, _slash, step = name.partition("/")
        return campaign in shipped() and step in {one.step for one in shipped()[campaign].steps}
    if kind == "page":
        return name in pages()
    if kind == "command":
        return is_command(main, name.split()[1:])
    if kind == "sms":
        return any(is_read(name, role) for role in ("facilitator", "advisor", "radio", "member"))
    return (ROOT / name).is_file() if kind == "file" else name in WORDS


def is_command(group: click.Command, words: list[str]) -> bool:
    if not words:
        return True
    own = group.commands.get(words[0]) if isinstance(group, click.Group) else None
    return own is not None and is_command(own, words[1:])


def is_read(sms: str, role: str) -> bool:
    """Whether the reader takes an SMS, as this role, for what it says; who joins is asked for her yes."""
    reading = read_sms(sms, role, CLUBS).readings[0]
    is_unsorted = reading.intent in ("unknown", "noise") or reading.fields.get("category") == "unclassified"
    return reading.status in ("ok", "pending") and not is_unsorted


def test_each_row_stands_once_and_in_order() -> None:
    assert re.findall(r"^\| ([AB]\d+) \|", PAGE, re.MULTILINE) == ROWS
    assert list(LINES) == ROWS


@pytest.mark.parametrize("name", sorted(set(names())))
def test_what_is_named_exists(name: str) -> None:
    assert exists(name), f"docs/activities.md names « {name} », which is not there"


@pytest.mark.parametrize(
    "name",
    [
        "hygiene-bandiagara/rien", "autre-kita/offre", "/people/nowhere", "jekulu fly", "SALUT 1041", "PRES",
        "campaigns/none.py", "mosque", "only: men",
    ],
)  # fmt: skip
def test_what_is_not_there_is_noticed(name: str) -> None:
    assert not exists(name)


def test_every_row_names_something_or_says_why_not() -> None:
    for row, said in LINES.items():
        assert NAMED.search(said) or "**No**" in said or "issue 8" in said.lower(), row


def test_every_row_that_the_library_serves_names_one_of_its_steps() -> None:
    served = {
        (row, one.campaign)
        for one in shipped().values()
        for row in {*one.serves, *(row for step in one.steps for row in step.serves)}
    }
    assert sorted(pair for pair in served if f"`{pair[1]}/" not in LINES[pair[0]]) == []


def test_every_session_kind_and_every_audience_is_told() -> None:
    for word in [*ClubSessionKind, *(f"only: {only}" for only in get_args(model.Only))]:
        assert f"`{word}`" in PAGE, word
