"""The fake carrier itself: a judge must be right."""

from __future__ import annotations

import re
import subprocess
import sys
import threading
import time
from collections import deque
from collections.abc import Iterator
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qsl

import pytest
import requests

from messaging.letters import segments
from tests.fakes.carrier import ACCOUNT, HOME, TOKEN, Carrier
from tests.fakes.carrier import WAYS as WORDS
from tests.fakes.twilio import Twilio

GOOD = {"To": "+22376000001", "From": "+15005550006", "Body": "I ni ce"}
CALLED = {**GOOD, "StatusCallback": "http://127.0.0.1/told"}
OURS = (ACCOUNT, TOKEN)
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


class Heard:
    """A webhook that notes the statuses it is told, and when."""

    def __init__(self) -> None:
        self.words: list[str] = []
        self.times: list[float] = []

        class Hook(BaseHTTPRequestHandler):
            def do_POST(hook) -> None:
                form = dict(parse_qsl(hook.rfile.read(int(hook.headers["Content-Length"])).decode()))
                self.words.append(form["MessageStatus"])
                self.times.append(time.monotonic())
                hook.send_response(204)
                hook.end_headers()

            def log_message(hook, *_: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Hook)
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}"

    def wait(self, count: int, seconds: float = 10) -> None:
        """Until so many calls came, or for so long."""
        until = time.monotonic() + seconds
        while len(self.words) < count and time.monotonic() < until:
            time.sleep(0.01)


@pytest.fixture
def heard() -> Iterator[Heard]:
    hook = Heard()
    thread = threading.Thread(target=hook.server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    yield hook
    hook.server.shutdown()
    hook.server.server_close()
    thread.join()


WAYS = [  # the way; what our webhook is told; after how many seconds at least
    ("straight", ["sent", "delivered"], 0),
    ("reversed", ["delivered", "sent"], 0),
    ("late", ["sent", "delivered"], 0.3),
    ("never", [], 0),
]


@pytest.mark.parametrize(("way", "told", "after"), WAYS, ids=[row[0] for row in WAYS])
def test_the_way_of_reports(way: str, told: list[str], after: float, heard: Heard) -> None:
    with Twilio(reports_to=heard.url, order=way) as carrier:
        carrier.late_seconds = 0.3
        began = time.monotonic()
        assert requests.post(f"{carrier.url}{HOME}/Messages.json", data=CALLED, auth=OURS, timeout=5).ok
        heard.wait(len(told) or 1, 10 if told else 0.5)
    assert heard.words == told
    assert all(at - began >= after for at in heard.times)


def test_doubled_reports_come_twice(heard: Heard) -> None:
    with Twilio(reports_to=heard.url, order="doubled") as carrier:
        requests.post(f"{carrier.url}{HOME}/Messages.json", data=CALLED, auth=OURS, timeout=5)
        heard.wait(4)
    assert sorted(heard.words) == ["delivered", "delivered", "sent", "sent"]


def test_reports_in_every_way_are_drawn_by_number_and_words() -> None:
    carrier = Carrier()
    sent = [carrier.send({**GOOD, "Body": str(number)}) and carrier.messages[-1] for number in range(100)]
    assert {carrier.way(one) for one in sent} == set(WORDS)
    assert [carrier.way(one) for one in sent] == [carrier.way(one) for one in sent]


def test_what_hangs_may_go_out_late() -> None:
    with Twilio(script=deque(["hang-late"])) as carrier:
        carrier.late_seconds = 0.5
        with pytest.raises(requests.Timeout):
            requests.post(f"{carrier.url}{HOME}/Messages.json", data=GOOD, auth=OURS, timeout=0.1)
        before = list(carrier.bodies)
        until = time.monotonic() + 10
        while not carrier.bodies and time.monotonic() < until:
            time.sleep(0.01)
        assert (before, carrier.bodies) == ([], [GOOD["Body"]])


def test_one_that_cannot_be_asked_sends_all_the_same() -> None:
    carrier = Carrier(mute=True)
    sid = carrier.send(GOOD)[1]["sid"]
    assert (carrier.listing({})[0], carrier.show(sid)[0]) == (503, 503)
    assert carrier.bodies == [GOOD["Body"]]


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
