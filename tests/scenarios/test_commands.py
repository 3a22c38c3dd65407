"""The commands as staff type them: from an empty folder to a started campaign, with the mistakes they make."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

import wsgi

CAMPAIGN = """
campaign: mains
title: {fr: Mains propres}
topic: hygiene
pillar: social
steps:
  - step: savon
    kind: message
    when: {weekly: [mon, tue, wed, thu, fri, sat, sun]}
    hour: 17:30
    facts: [HY3]
    facts_checked: 2026-11-01
    one_act: true
    texts:
      fr:
        sms: "Lavez les mains au savon ou a la cendre. Arreter: STOP"
        read_aloud: "Lavez les mains au savon, ou à la cendre."
"""


class Desk:
    """A folder and the command line."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def run(self, *words: str, stdin: str | None = None, **settings: str) -> Result:
        environment = {"JEKULU_DATA": str(self.folder / "data"), "JEKULU_DATABASE": "", **settings}
        return CliRunner().invoke(wsgi.main, list(words), env=environment, input=stdin)

    def json(self, *words: str, **settings: str) -> dict:
        done = self.run(*words, "--json", **settings)
        assert done.exit_code == 0, done.output
        return json.loads(done.stdout)

    def write(self, name: str, text: str) -> str:
        path = self.folder / name
        path.write_text(text, encoding="utf-8")
        return str(path)


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path)


def test_from_an_empty_folder_to_a_running_campaign(desk: Desk) -> None:
    assert desk.json("programme", "new", "essai")["programme"] == "essai"
    for email, role in (("t@x.example", "translator:fr"), ("a@x.example", "approver")):
        assert set(desk.json("staff", "add", email, "--role", role)) == {"email", "password", "second_factor"}
    path = desk.write("mains.yaml", CAMPAIGN)
    assert desk.json("campaign", "check", path) == {"ok": True, "problems": []}
    assert len(desk.json("load", path)["differences"]) == 3
    assert desk.json("load", path)["differences"] == []
    assert desk.run("campaign", "start", "mains").exit_code == 1
    assert desk.run("campaign", "approve", "mains", "--as", "a@x.example").exit_code == 0  # nobody is meant yet
    assert desk.json("campaign", "review", "mains", "--as", "t@x.example", "--lang", "fr")["reviewed"] == 1
    assert desk.json("campaign", "start", "mains")["state"] == "running"
    assert desk.json("plan", "--now", "2030-01-01T17:30") == {"planned": 0, "waiting": []}
    exported = desk.write("again.yaml", desk.run("campaign", "export", "mains").stdout)
    assert desk.json("load", exported, "--take", "all")["differences"] == []


MISTAKES = [
    ("no such programme", ("load", "mains.yaml", "--programme", "autre"), 1, "There is no programme"),
    ("no such account", ("campaign", "approve", "mains", "--as", "x@y.example"), 1, "There is no"),
    ("no such campaign", ("campaign", "start", "rien"), 1, "There is no campaign"),
    ("no such role", ("staff", "add", "a@b.example", "--role", "chef"), 1, "There is no role"),
    ("a translator without a language", ("staff", "add", "a@b.example", "--role", "translator"), 1, "translator:bm"),
    ("a bad time", ("plan", "--now", "demain"), 1, "no date or time"),
    ("a missing word", ("campaign", "review", "mains"), 2, "Missing option"),
    ("no such command", ("campagne",), 2, "No such command"),
]


@pytest.mark.parametrize(("words", "status", "says"), [row[1:] for row in MISTAKES], ids=[row[0] for row in MISTAKES])
def test_a_mistake_is_named(desk: Desk, words: tuple[str, ...], status: int, says: str) -> None:
    path = desk.write("mains.yaml", CAMPAIGN)
    desk.json("programme", "new", "essai")
    done = desk.run(*(path if word == "mains.yaml" else word for word in words))
    assert (done.exit_code, says in done.output) == (status, True), done.output


def test_a_wrong_setting_stops_with_status_2(desk: Desk) -> None:
    done = desk.run("plan", PORT="many")
    assert done.exit_code == 2
    assert "PORT" in done.output


def test_a_broken_file_loads_nothing_and_names_every_line(desk: Desk) -> None:
    desk.json("programme", "new", "essai")
    done = desk.run("load", desk.write("b.yaml", CAMPAIGN.replace("HY3", "XX9").replace("17:30", "25:30")))
    assert done.exit_code == 1
    assert "nothing was loaded" in done.output
    assert len([line for line in done.output.splitlines() if "b.yaml:" in line]) >= 2
    assert desk.json("campaign", "list") == []


def test_a_false_clock_is_refused_when_a_gateway_is_real(desk: Desk) -> None:
    twilio = {
        "TWILIO_ACCOUNT_SID": "AC" + "0" * 32, "TWILIO_AUTH_TOKEN": "x", "JEKULU_PUBLIC_URL": "https://sms.example.org",
    }  # fmt: skip
    desk.json("gateway", "add", "twilio", "--adapter", "twilio", "--sender", "+22360000000", **twilio)
    done = desk.run("plan", "--now", "2030-01-01", **twilio)
    assert done.exit_code == 1
    assert "--now is refused" in done.output
    assert desk.run("plan", "--now", "2030-01-01", JEKULU_TWILIO_API="http://127.0.0.1:9", **twilio).exit_code == 0
    assert desk.json("webhooks", **twilio)["webhooks"][0]["inbound"].startswith(
        "https://sms.example.org/webhooks/twilio/"
    )


def test_read_takes_json_lines_and_goes_on_after_a_bad_one(desk: Desk) -> None:
    lines = ['{"text": "STOP", "role": "member", "context": {}}', "", "no json", '{"text": "2", "role": "member"}']
    done = desk.run("read", "--json", stdin="\n".join(lines))
    found = [json.loads(line) for line in done.stdout.splitlines()]
    assert done.exit_code == 2
    assert [row.get("reply") for row in found] == ["stop.done", None, "quiz.none_open"]
    assert found[1] == {"readings": [], "error": "bad_input"}
