"""The fake carrier itself: a judge must be right."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
import requests

from messaging.letters import segments
from tests.fakes.carrier import ACCOUNT, HOME, TOKEN, Carrier
from tests.fakes.twilio import Twilio

GOOD = {"To": "+22376000001", "From": "+15005550006", "Body": "I ni ce"}
WRONG = [
    ("an unknown parameter", {"Colour": "red"}, 20001),
    ("no number", {"To": ""}, 21604),
    ("no sender", {"From": ""}, 21603),
    ("no text", {"Body": ""}, 21602),
    ("a number that is none", {"To": "notaphone"}, 21211),
    ("a number without a plus", {"To": "22376000001"}, 21211),
    ("a sender that is none", {"From": "a name that is far too long"}, 21212),
    ("too long a text", {"Body": "x" * 1601}, 21617),
    ("no validity", {"ValidityPeriod": "0"}, 21624),
    ("too long a validity", {"ValidityPeriod": "36001"}, 21624),
    ("an underscore in the host", {"StatusCallback": "https://my_host/x"}, 21609),
]


@pytest.mark.parametrize(("values", "code"), [row[1:] for row in WRONG], ids=[row[0] for row in WRONG])
def test_what_twilio_refuses_is_refused(values: dict[str, str], code: int) -> None:
    carrier = Carrier()
    status, body = carrier.send({**GOOD, **values})
    assert (status, body["code"]) == (400, code)
    assert not carrier.messages


@pytest.mark.parametrize("text", ["a", "a" * 160, "a" * 161, "é" * 306, "ê" * 70, "ê" * 71, "ɔ" * 134, "ɔ" * 135])
def test_it_counts_segments_by_itself(text: str) -> None:
    assert Carrier().send({**GOOD, "Body": text})[1]["num_segments"] == str(segments(text))


def test_pages_filters_and_lag() -> None:
    carrier = Carrier()
    for number in range(120):
        carrier.send({**GOOD, "Body": str(number)})
    first = carrier.listing({"To": GOOD["To"]})[1]
    assert [row["body"] for row in first["messages"][:2]] == ["119", "118"]
    assert "Page=1" in first["next_page_uri"]
    assert len(carrier.listing({"To": GOOD["To"], "Page": "2"})[1]["messages"]) == 20
    assert carrier.listing({"To": "+22376000002"})[1]["messages"] == []
    assert carrier.listing({"DateSent>": "2020-01-01T00:00:00Z"})[1]["messages"] == [], "queued ones have no such date"
    carrier.list_lag = timedelta(minutes=1)
    assert carrier.listing({})[1]["messages"] == []


def test_trouble_by_shares_is_the_same_for_the_same_seed() -> None:
    def run(seed: str) -> list[str]:
        carrier = Carrier(seed=seed, shares={"cut": 0.3, "429": 0.3})
        return [carrier.trouble({**GOOD, "Body": str(number % 5)}) for number in range(50)]

    assert run("1") == run("1") != run("2")
    assert {"ok", "cut", "429"} == set(run("1"))


def test_only_our_account_is_served() -> None:
    with Twilio() as carrier:
        for auth in (None, (ACCOUNT, "wrong")):
            assert requests.get(f"{carrier.url}{HOME}.json", auth=auth, timeout=5).json()["code"] == 20003
        assert requests.get(f"{carrier.url}{HOME}.json", auth=(ACCOUNT, TOKEN), timeout=5).json()["status"] == "active"
        assert (
            requests.get(f"{carrier.url}{HOME}/Messages/SM0.json", auth=(ACCOUNT, TOKEN), timeout=5).status_code == 404
        )


@pytest.fixture
def process() -> Iterator[str]:
    """The carrier as a process of its own; gives its address."""
    command = [sys.executable, "-m", "tests.fakes.twilio", "--latency-ms", "1"]
    root = Path(__file__).parents[2]
    with subprocess.Popen(command, cwd=root, stdout=subprocess.PIPE, text=True) as running:
        assert running.stdout is not None
        yield running.stdout.readline().removeprefix("ready ").strip()
        running.kill()


def test_as_a_process_of_its_own(process: str) -> None:
    assert re.fullmatch(r"http://127\.0\.0\.1:[0-9]+", process)
    requests.post(f"{process}/weather", json={"script": ["503-sent"]}, timeout=5)
    answer = requests.post(f"{process}{HOME}/Messages.json", data=GOOD, auth=(ACCOUNT, TOKEN), timeout=5)
    assert (answer.status_code, answer.json()["code"]) == (503, 20503)
    truth = requests.get(f"{process}/truth", timeout=5).json()
    assert [(row["to"], row["body"]) for row in truth["messages"]] == [(GOOD["To"], GOOD["Body"])]
