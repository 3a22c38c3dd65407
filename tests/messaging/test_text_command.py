"""`jekulu text` as people and programs use it: a text explained in words, and JSON lines answered one by one."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

import wsgi

VECTORS = json.loads((Path(__file__).parents[1] / "data" / "segments_vectors.json").read_text("utf-8"))["vectors"]


def run(*words, stdin=None):
    return CliRunner().invoke(wsgi.main, ["text", *words], input=stdin)


def ask(*rows):
    """The answers to these lines, the exit code, and what stands on standard error."""
    lines = [row if isinstance(row, (str, bytes)) else json.dumps(row) for row in rows]
    stdin = b"\n".join(line.encode() if isinstance(line, str) else line for line in lines)
    done = run("--json", stdin=stdin)
    return [json.loads(line) for line in done.stdout.splitlines()], done.exit_code, done.stderr


# --- in words


def test_words_explain_a_french_text_and_what_would_be_saved():
    text = "Pensez à être prêtes le 09/08 pour la fête au marché de Bandiagara, devant la radio."
    done = run("--lang", "fr", text)

    assert done.exit_code == 0
    assert done.stdout.splitlines() == [
        "UCS-2, 84 units, 2 segments",
        "  error: Hors de GSM-7 : ê (U+00EA). Un SMS ne tient plus que 70 signes au lieu de 160 ; ce texte coûte "
        "2 SMS. Corrigez : ê → e, ou demandez l'envoi en Unicode.",
        "  warning: Lettres qui coûtent : ê. Telles quelles 84 signes en UCS-2, 2 SMS ; sans elles 84 en GSM-7, 1 SMS. "
        "Corrigez : ê → e.",
        "  warning: Trop long : 84 signes en UCS-2, 2 SMS. Enlevez 14 signes pour n'en payer qu'un.",
        f"Suggested: {text.replace('ê', 'e')}",
        "  GSM-7, 84 units, 1 segment: 1 segment less",
    ]


def test_words_show_the_sms_form_of_a_bambara_text():
    done = run("--lang", "bm", "sinji,", "safunɛ, ", "tɛgɛ")

    assert done.stdout.splitlines() == [
        "UCS-2, 20 units, 1 segment",
        "SMS: sinji, safunè, tègè",
        "  GSM-7, 19 units, 1 segment: room for 160 units, not 70",
    ]


def test_words_take_a_text_from_standard_input_as_it_stands():
    done = run(stdin="K’a\n")

    assert done.stdout.splitlines()[0] == "UCS-2, 3 units, 1 segment"
    assert "’ (U+2019)" in done.stdout
    assert "SMS:" not in done.stdout


def test_words_say_nothing_more_of_a_good_text():
    assert run("--lang", "bm", "--kind", "old", "safunè, tègè").stdout == "GSM-7, 12 units, 1 segment\n"


@pytest.mark.parametrize(
    ("words", "told"),
    [(["--lang", "dog", "a"], 'there is no language "dog": write one of fr, bm'), (["--kind", "new", "a"], "'new'")],
    ids=["unknown language", "unknown kind"],
)
def test_wrong_use_is_told(words, told):
    done = run(*words)

    assert done.exit_code == 2
    assert told in done.stderr


# --- in JSON lines


def test_the_agreed_vectors_by_the_command():
    answers, code, _ = ask(*({"text": vector["text"], "profile": False} for vector in VECTORS))

    assert code == 0
    for vector, answer in zip(VECTORS, answers, strict=True):
        assert {name: answer[name] for name in ("encoding", "units", "segments", "segment_units")} == {
            name: vector[name] for name in ("encoding", "units", "segments", "segment_units")
        }, vector["id"]
        assert answer["sms"] == vector["text"]


def test_a_text_after_its_profile_with_its_size_before():
    (answer,), code, _ = ask({"text": "DƐMƐ ’", "lang": "bm", "kind": "official", "profile": True})

    assert code == 0
    assert {name: answer[name] for name in answer if name not in ("findings", "dear")} == {
        "encoding": "GSM-7",
        "units": 6,
        "segments": 1,
        "segment_units": [6],
        "sms": "DèMè '",
        "suggested": None,
        "written": {"encoding": "UCS-2", "units": 6, "segments": 1},
    }
    assert [one["char"] for one in answer["dear"]] == ["Ɛ", "Ɛ", "’"]  # what made the text as given so dear
    (found,) = answer["findings"]
    assert (found["code"], found["level"], found["count"]) == ("capital_open_vowel", "warning", 2)
    assert found["places"] == [
        {"index": at, "char": "Ɛ", "code": "U+0190", "name": "LATIN CAPITAL LETTER OPEN E", "suggest": "ɛ"}
        for at in (1, 3)
    ]
    assert set(found["sentence"]) == {"fr", "en"}


ASKED = [
    ("nothing else: as it stands", {"text": "e\u0301ɛ"}, "e\u0301ɛ"),
    ("language alone: its profile", {"text": "e\u0301ɛ", "lang": "bm"}, "éè"),
    ("another name of the key", {"text": "ɛ", "language": "dds"}, "è"),
    ("kind alone: French", {"text": "’ɛ", "kind": "official"}, "'ɛ"),
    ("profile alone: French", {"text": "« a »ɛ", "profile": True}, '"a"ɛ'),
    ("refused profile wins", {"text": "ɛ’", "lang": "bm", "profile": False}, "ɛ’"),
    ("tones come off", {"text": "ɛ\u0300jú", "lang": "djm", "kind": "linguistic"}, "èju"),
    ("nothing said by null", {"text": "ɛ’", "lang": None, "kind": None, "profile": None}, "ɛ’"),
    ("empty text", {"text": "", "lang": "fr"}, ""),
]


@pytest.mark.parametrize(("row", "sms"), [row[1:] for row in ASKED], ids=[row[0] for row in ASKED])
def test_when_the_profile_is_taken(row, sms):
    (answer,), code, _ = ask(row)

    assert code == 0
    assert answer["sms"] == sms


def test_suggested_form_of_a_french_text():
    (answer,), _, _ = ask({"text": "être prêt", "lang": "fr"})

    assert answer["sms"] == "être prêt"
    assert answer["suggested"] == "etre pret"
    assert {one["code"] for one in answer["findings"]} == {"not_gsm7", "accent_suggested"}


BAD = [
    ("no JSON", "text", "no JSON object"),
    ("a list", [1], "no JSON object"),
    ("no text", {"lang": "fr"}, '"text" is missing or no string'),
    ("a number for a text", {"text": 3}, '"text" is missing or no string'),
    ("half a character", '{"text": "\\ud83d"}', "half a character"),
    ("a language that is none", {"text": "a", "lang": "dog"}, 'no language "dog"'),
    ("a list of languages", {"text": "a", "lang": ["bm"]}, "no language"),
    ("an unknown kind", {"text": "a", "kind": "modern"}, 'no kind "modern": write one of official, old, linguistic'),
    ("a profile in words", {"text": "a", "profile": "yes"}, "neither true nor false"),
    ("another encoding", '{"text": "é"}'.encode("latin-1"), "no JSON object"),
    ("a pit of brackets", "[" * 100_000, "no JSON object"),
]


@pytest.mark.parametrize(("bad", "told"), [row[1:] for row in BAD], ids=[row[0] for row in BAD])
def test_a_bad_line_is_answered_and_the_others_too(bad, told):
    answers, code, stderr = ask({"text": "a"}, "", bad, {"text": "ɛ"})

    assert code == 2
    assert [answer.get("units") for answer in answers] == [1, None, 1]
    assert (answers[1]["error"], answers[1]["line"]) == ("bad_input", 3)
    assert told in answers[1]["problem"]
    assert stderr.startswith("line 3: ")
    assert told in stderr


def test_each_line_is_answered_before_the_next_is_read():
    command = [sys.executable, "-c", "import wsgi; wsgi.main()", "text", "--json"]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=Path(wsgi.__file__).parent
    ) as desk:
        for said, units in (("a", 1), ("€", 2), ("ɛ", 1)):
            desk.stdin.write(json.dumps({"text": said}).encode() + b"\n")
            desk.stdin.flush()
            assert json.loads(desk.stdout.readline())["units"] == units
        desk.stdin.close()
        assert desk.wait(timeout=20) == 0
