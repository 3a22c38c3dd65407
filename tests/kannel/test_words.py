"""The table of texts against Kannel's own fake SMSC, in a network of its own: what arrives, and what our door reads."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

import pytest

from tests.kannel.alone import OURS
from tests.kannel.ours import ROOT

OUT = {  # source: the page on gateways, 9.2
    "french without coding": [["text", "bébé à Ç ? ? ? € [x]"]],
    "bambara without coding": [["text", "?w? k?n?ya"]],
    "bambara, coding 2 and UTF-8": [["ucs-2", "ɔwɔ kɛnɛya"]],
    "bambara, coding 2 alone": [["ucs-2", "ɔwɔ kɛnɛya".encode().decode("utf-16-be", "replace")]],
}
LONG = {"two segments of GSM-7": ["a" * 153, "a" * 47], "two segments of UCS-2": ["\x02T" * 67, "\x02T" * 33]}
IN = {  # what our door reads: text, bytes that are none
    "plain": ("QUIZ 2", None),
    "UCS-2": ("ɔwɔ", None),
    "accents": ("éœ😜", None),
    "empty": ("", None),
    "eight bits": ("", b"caf\x05".hex()),
    "two parts": ("", b"first part second".hex()),
}


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """Both tables, played once."""
    apart = next((way for way in (["unshare", "-n"], ["unshare", "-rn"]) if _may(way)), None)
    if apart is None:
        pytest.skip("NO NETWORK OF ITS OWN HERE: unshare -n is not allowed, and the fake SMSC listens on every address")
    command = [*apart, sys.executable, "-m", "tests.kannel.alone", str(tmp_path_factory.mktemp("alone"))]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, check=False, timeout=120)
    assert done.returncode == 0, done.stderr.decode()
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def _may(way: list[str]) -> bool:
    try:
        return subprocess.run([*way, "true"], capture_output=True, check=False).returncode == 0
    except OSError:
        return False


@pytest.mark.parametrize("name", OUT)
def test_what_kannel_makes_of_a_text_when_the_coding_is_not_said_rightly(told: dict[str, Any], name: str) -> None:
    assert told["out"][name] == OUT[name]


@pytest.mark.parametrize("name", OURS)
def test_what_we_hand_over_arrives(told: dict[str, Any], name: str) -> None:
    segments = [text for _, text in told["out"][f"ours: {name}"]]
    assert segments == LONG.get(name, [OURS[name]])


@pytest.mark.parametrize("name", IN)
def test_what_comes_in_is_read(told: dict[str, Any], name: str) -> None:
    read = told["in"][name]
    assert (read["text"], read["undecodable"]) == IN[name]
    assert (read["from"], read["to"]) == ("+22376000001", "36200")
    assert read["key"].startswith("ESSAI:") and read["at"].startswith("20")
