"""The commands that make a telephone a gateway, as staff type them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from messaging.gateways import android_words
from tests.fakes import android as fake
from tests.scenarios.test_commands import Desk

ADD = ("gateway", "add", "sim1", "--adapter", "android")


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path)


@pytest.fixture
def phone() -> Iterator[fake.Android]:
    with fake.Android() as opened:
        yield opened


def settings(phone: fake.Android, **changes: str) -> dict[str, str]:
    return {
        "JEKULU_PUBLIC_URL": "https://sms.example.org", "JEKULU_ANDROID_API": phone.url,
        "JEKULU_ANDROID_USER": fake.USER, "JEKULU_ANDROID_PASSWORD": fake.PASSWORD, "JEKULU_ANDROID_KEY": fake.KEY,
        **changes,
    }  # fmt: skip


def test_a_telephone_is_added_shown_and_changed(desk: Desk, phone: fake.Android) -> None:
    given = settings(phone)
    desk.json(*ADD, "--prefix", "+2237", "--device", fake.DEVICE, "--sim", "1", "--answer-cost", "10", **given)
    row = next(one for one in desk.json("gateway", "list", **given) if one["gateway"] == "sim1")
    assert row == {
        "gateway": "sim1", "adapter": "android", "sender": "", "price": 0.0, "prices": {}, "rate": 0.1,
        "answer_cost": "10", "prefixes": ["+2237"], "kinds": [], "receives": True, "position": 0,
        "device": fake.DEVICE, "sims": [1], "paused": False, "seen": None, "clock_off": None,
    }  # fmt: skip
    row = desk.json("gateway", "set", "sim1", "--sim", "2", "--sim", "1", "--prefix", "any", "--device", "any", **given)
    assert (row["sims"], row["prefixes"], row["device"]) == ([1, 2], [], None)


WRONG = [  # what is typed, a word of the sentence
    (("--sim", "4"), "Write each slot once"),
    (("--sim", "1", "--sim", "1"), "Write each slot once"),
    (("--prefix", "Orange"), "no start of numbers"),
    (("--device", "a b"), "no id of a telephone"),
    (("--rate", "0"), "no rate"),
]


@pytest.mark.parametrize(("words", "sentence"), WRONG)
def test_what_is_typed_wrongly_is_named_and_nothing_is_kept(
    desk: Desk, phone: fake.Android, words: tuple[str, ...], sentence: str
) -> None:
    done = desk.run(*ADD, *words, **settings(phone))
    assert done.exit_code == 1 and sentence in done.output
    assert [one["gateway"] for one in desk.json("gateway", "list")] == ["simulator"]


def test_without_its_settings_no_telephone_is_added(desk: Desk, phone: fake.Android) -> None:
    done = desk.run(*ADD, **settings(phone, JEKULU_ANDROID_KEY=""))
    assert done.exit_code == 2 and "An Android gateway needs JEKULU_ANDROID_KEY" in done.output
    assert [one["gateway"] for one in desk.json("gateway", "list")] == ["simulator"]


def test_its_webhooks_are_printed_as_commands_without_a_secret(desk: Desk, phone: fake.Android) -> None:
    given = settings(phone)
    desk.json(*ADD, "--device", fake.DEVICE, **given)
    (found,) = desk.json("webhooks", **given)["webhooks"]
    assert found["events"].startswith("https://sms.example.org/webhooks/sim1/")
    assert {(hook["event"], hook["url"], hook["deviceId"]) for hook in found["hooks"]} == {
        (event, found["events"], fake.DEVICE) for event in android_words.EVENTS
    }
    done = desk.run("webhooks", **given)
    commands = [line for line in done.stdout.splitlines() if "curl" in line]
    assert len(commands) == len(android_words.EVENTS)
    assert json.loads(commands[0].split(" -d ")[1].strip("'")) in found["hooks"]
    assert fake.PASSWORD not in done.output and fake.KEY not in done.output


def test_its_webhooks_are_entered_when_it_answers(desk: Desk, phone: fake.Android) -> None:
    given = settings(phone)
    desk.json(*ADD, **given)
    for _ in range(2):
        done = desk.run("webhooks", "--register", **given)
        assert done.exit_code == 0 and "entered for sms:received" in done.output
    assert {hook["event"] for hook in phone.hooks.values()} == set(android_words.EVENTS)
    assert len(phone.hooks) == len(android_words.EVENTS)


def test_a_telephone_that_takes_no_webhooks_is_told(desk: Desk, phone: fake.Android) -> None:
    desk.json(*ADD, **settings(phone))
    for changes, word in (
        ({"JEKULU_ANDROID_PASSWORD": "wrong"}, "user or password is wrong"),
        ({"JEKULU_PUBLIC_URL": "http://sms.example.org"}, "http-400"),
        ({"JEKULU_ANDROID_API": "http://127.0.0.1:9"}, "Is the telephone on"),
    ):
        done = desk.run("webhooks", "--register", **settings(phone, **changes))
        assert done.exit_code == 1 and word in done.output, done.output
        assert not phone.hooks


def test_a_false_clock_is_refused_with_a_real_telephone(desk: Desk, phone: fake.Android) -> None:
    desk.json(*ADD, **settings(phone))
    assert desk.run("plan", "--now", "2030-01-01", **settings(phone)).exit_code == 0
    done = desk.run("plan", "--now", "2030-01-01", **settings(phone, JEKULU_ANDROID_API="http://192.168.1.20:8080"))
    assert done.exit_code == 1 and "the gateway android is real" in done.output
