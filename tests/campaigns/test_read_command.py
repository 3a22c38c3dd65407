"""`jekulu read`: JSON lines for programs, words for people; fast, and without database, files or network."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from campaigns.cli.explaining import ERRORS, FIELDS, INTENTS, REPAIRS, STATUSES, explain
from campaigns.cli.read import read
from tests.campaigns.test_grammar import EXAMPLES

ROOT = Path(__file__).parent.parent.parent
COMMAND = [sys.executable, "-c", "from wsgi import main; main()", "read", "--json"]
BAD = {"readings": [], "error": "bad_input"}
STOP = {"readings": [{"intent": "stop", "status": "ok", "fields": {"scope": "phone"}}], "reply": "stop.done"}


def through(lines: bytes | str, *options: str) -> tuple[int, list[object], str]:
    """Exit status, the objects printed, and what stands on standard error."""
    done = CliRunner().invoke(read, ["--json", *options], input=lines)
    return done.exit_code, [json.loads(line) for line in done.stdout.splitlines()], done.stderr


def line(**more: object) -> str:
    return json.dumps({"text": "STOP", "role": "member", "context": {"now": "2026-03-12T17:30:00Z"}, **more}) + "\n"


def test_one_line_in_one_line_out() -> None:
    given = line(
        text="PRES 1041 F12 H8 T20", role="facilitator", context={"now": "2026-03-12T17:30:00Z", "clubs": ["1041"]}
    )
    fields = {"club": "1041", "date": "2026-03-12", "women": 12, "men": 8, "total": 20}
    expected = {"readings": [{"intent": "attendance", "status": "ok", "fields": fields}], "reply": "att.ok"}
    assert through(given) == (0, [expected], "")


def test_blank_lines_are_passed_over_and_further_keys_too() -> None:
    assert through("\n  \n" + line(why="x", expected={}) + "\n\n" + line()) == (0, [STOP, STOP], "")


GOOD = [
    ("no context", '{"text": "STOP", "role": "member"}'),
    ("an empty context", '{"text": "STOP", "role": "member", "context": {}}'),
    (
        "null is missing",
        '{"text": "STOP", "role": "member", "context": {"lang": null, "clubs": null, "pending": null}}',
    ),
    ("an unknown key", '{"text": "STOP", "role": "member", "context": {"weather": [1, {}]}}'),
    ("a mark at the start", "\ufeff" + '{"text": "STOP", "role": "member"}'),
    ("a carriage return", '{"text": "STOP", "role": "member"}\r'),
    ("a line separator inside", '{"text": "STOP\u2028", "role": "member"}'),
    ("half a sign", '{"text": "STOP \\ud83d", "role": "member"}'),
    ("the sign of nothing", '{"text": "STOP \\u0000", "role": "member"}'),
]


@pytest.mark.parametrize("given", [row[1] for row in GOOD], ids=[row[0] for row in GOOD])
def test_good_input(given: str) -> None:
    assert through(f"{given}\n".encode()) == (0, [STOP], "")


def context(value: str) -> str:
    return f'{{"text": "x", "role": "member", "context": {value}}}'


WRONG = [
    ("no JSON", "STOP", "no JSON"),
    ("half a line", '{"text": "STOP"', "no JSON"),
    ("a list", "[]", "object"),
    ("a number", "7", "object"),
    ("null", "null", "object"),
    ("no text", '{"role": "member"}', '"text"'),
    ("a text of a wrong type", '{"text": 7, "role": "member"}', '"text"'),
    ("no role", '{"text": "x"}', '"role"'),
    ("an unknown role", '{"text": "x", "role": "chief"}', '"role"'),
    ("a role of a wrong type", '{"text": "x", "role": ["member"]}', '"role"'),
    ("a context that is no object", context("[]"), '"context"'),
    ("a context that is a word", context('"x"'), '"context"'),
    ("no time", context('{"now": "today"}'), '"now"'),
    ("a number for a time", context('{"now": 12}'), '"now"'),
    ("a language of a wrong type", context('{"lang": {}}'), '"lang"'),
    ("a code for codes", context('{"clubs": "1041"}'), '"clubs"'),
    ("codes of a wrong type", context('{"clubs": [[]]}'), '"clubs"'),
    ("a size in words", context('{"club_size": "many"}'), '"club_size"'),
    ("sizes in words", context('{"club_size": {"1041": "many"}}'), '"club_size"'),
    ("reports of a wrong type", context('{"existing": [7]}'), '"existing"'),
    ("a report with words", context('{"existing": {"club": "1041", "women": "x"}}'), '"existing"'),
    ("a question of ours without type", context('{"pending": {"club": "1041"}}'), '"pending"'),
    ("a question of ours that is a word", context('{"pending": "consent"}'), '"pending"'),
    ("kept words for counts", context('{"pending": {"type": "attendance_partial", "women": "x"}}'), '"pending"'),
    ("a quiz that is a word", context('{"quiz": "Q1"}'), '"quiz"'),
    ("a quiz without questions", context('{"quiz": {"id": "Q"}}'), '"quiz"'),
    (
        "a question without options",
        context('{"quiz": {"id": "Q", "questions": [{"n": 1, "type": "single"}]}}'),
        '"quiz"',
    ),
    ("an unknown question", context('{"quiz": {"id": "Q", "questions": [{"n": 1, "type": "essay"}]}}'), '"quiz"'),
    ("villages of a wrong type", context('{"villages": ["Dourou"]}'), '"villages"'),
    ("communes of a wrong type", context('{"villages": {"dourou": [[]]}}'), '"villages"'),
    ("names of a wrong type", context('{"phone_members": "Awa"}'), '"phone_members"'),
    ("a market of a wrong type", context('{"market": {}}'), '"market"'),
]


@pytest.mark.parametrize(("given", "says"), [row[1:] for row in WRONG], ids=[row[0] for row in WRONG])
def test_bad_input_is_told_and_the_rest_is_read(given: str, says: str) -> None:
    status, found, trouble = through(line() + given + "\n" + line())
    assert (status, found) == (2, [STOP, BAD, STOP])
    assert trouble.startswith("line 2: ")
    assert says in trouble
    assert len(trouble.splitlines()) == 1


def test_what_is_no_utf_8_is_bad_input() -> None:
    assert through(b'{"text": "\xe9", "role": "member"}\n')[:2] == (2, [BAD])
    assert through(b"[" * 100_000 + b"\n" + line().encode())[:2] == (2, [BAD, STOP])
    assert through(b'{"text": "x", "role": "member", "context": {"club_size": ' + b"9" * 5000 + b"}}\n")[:2] == (
        2,
        [BAD],
    )


def test_a_text_that_needs_the_day_needs_now() -> None:
    status, found, _ = through('{"text": "PLUIE 25", "role": "advisor"}\n')
    assert (status, found) == (2, [BAD])


def test_letters_come_back_as_they_were_whatever_the_locale() -> None:
    given = line(text="RAVAGEUR mil chenilles légères ɛ", role="advisor")
    for locale in ("C", "POSIX", "en_US.ISO-8859-1"):
        done = piped(given.encode(), LC_ALL=locale, PYTHONUTF8="0", PYTHONCOERCECLOCALE="0", PYTHONIOENCODING="latin-1")
        assert done.returncode == 0
        assert "chenilles légères ɛ" in done.stdout.decode()


def piped(given: bytes, **environment: str) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(
        COMMAND, input=given, capture_output=True, cwd=ROOT, env={**os.environ, **environment}, timeout=60, check=False
    )


def test_each_line_is_answered_before_the_next_one_comes() -> None:
    with subprocess.Popen(COMMAND, stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=ROOT, text=True) as running:
        assert running.stdin
        assert running.stdout
        for _ in range(3):
            running.stdin.write(line())
            running.stdin.flush()
            assert json.loads(running.stdout.readline()) == STOP
        running.stdin.close()
        assert running.wait(timeout=30) == 0


def test_every_example_through_a_pipe() -> None:
    done = piped("".join(json.dumps(example, ensure_ascii=False) + "\n" for example in EXAMPLES).encode())
    assert (done.returncode, done.stderr) == (0, b"")
    assert len(done.stdout.splitlines()) == len(EXAMPLES)


def test_nothing_of_an_installation_is_loaded(tmp_path: Path) -> None:
    """What reads needs no database, no web and no gateway, and makes no folder of data."""
    code = (
        "import sys; from campaigns.cli.read import read; sys.argv = ['jekulu', '--json']\n"
        "try:\n    read()\nexcept SystemExit:\n    pass\n"
        "print(sorted({name.partition('.')[0] for name in sys.modules}"
        " & {'sqlalchemy', 'flask', 'polib', 'requests', 'socket', 'sqlite3', 'pydantic', 'twilio'}))"
    )
    environment = {**os.environ, "JEKULU_DATA": str(tmp_path / "data"), "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        [sys.executable, "-c", code], input=line().encode(), capture_output=True, cwd=tmp_path, env=environment,
        timeout=60, check=True,
    )  # fmt: skip
    assert done.stdout.splitlines()[-1] == b"[]"
    assert list(tmp_path.iterdir()) == []


# --- in words


def words(*arguments: str, given: str = "") -> str:
    done = CliRunner().invoke(read, [*arguments, "--now", "2026-03-12T17:30:00Z"], input=given)
    assert done.exit_code == 0, done.output
    return done.stdout


def test_what_was_read_and_put_right_in_words() -> None:
    told = words("PRES", "lO41", "Fl2 H8", "--role", "facilitator", "--club", "1041")
    assert "« PRES lO41 Fl2 H8 »" in told
    assert "présence au club (PRES) ; c'est enregistré." in told
    assert "club 1041 · date 2026-03-12 · femmes 12 · hommes 8 · total 20" in told
    assert "lettre l lue 1, lettre O lue 0" in told
    assert "Réponse : att.ok" in told


def test_why_it_asks_in_words() -> None:
    told = words("PRES 1041 F12 H8 T21", "--role", "facilitator", "--club", "1041")
    assert "rien n'est enregistré, on dit quoi faire : le total n'est pas la somme." in told
    assert "Corrigé" not in told


def test_the_reply_in_words() -> None:
    assert "Réponse : stop.done\n  C'est fait." in words("STOP")
    assert "Réponse : aucune." in words("STOP", "--role", "operator")
    assert "(pas encore de texte)" in words("FICHE 999")


def test_a_text_may_come_by_a_pipe_and_the_language_counts() -> None:
    assert "ne plus recevoir" in words("--lang", "bm", given="jɔ\n")
    assert "ne plus recevoir" not in words(given="jɔ\n")


@pytest.mark.parametrize("wrong", [("--role", "chief"), ("--now", "today")])
def test_wrong_use_is_told(wrong: tuple[str, str]) -> None:
    done = CliRunner().invoke(read, ["STOP", *wrong])
    assert done.exit_code == 2
    assert wrong[0].strip("-") in done.output


@pytest.mark.parametrize("example", EXAMPLES, ids=[f"{n}: {case['text'][:30]}" for n, case in enumerate(EXAMPLES)])
def test_every_example_is_explained_in_words_alone(example: dict) -> None:  # type: ignore[type-arg]
    told = list(explain(example["text"], example["role"], example["context"]))
    assert len(told) >= 3
    for reading in example["expected"]["readings"]:
        assert reading["intent"] in INTENTS
        assert reading["status"] in STATUSES
        assert set(reading["fields"]) <= set(FIELDS)
        assert set(reading.get("repairs", [])) <= set(REPAIRS)
        assert reading.get("error") in (None, *ERRORS)
