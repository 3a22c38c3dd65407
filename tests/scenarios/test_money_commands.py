"""Prices, rates, budgets, fallbacks and the bill as staff type them, with the mistakes they make."""

from __future__ import annotations

import pytest

from tests.scenarios.test_commands import CAMPAIGN, Desk, desk

__all__ = ["desk"]  # the fixture of the other commands


@pytest.fixture
def practice(desk: Desk) -> Desk:
    """A programme for practice with one campaign and nobody in it."""
    desk.json("programme", "new", "essai", "--demonstration")
    desk.json("load", desk.write("mains.yaml", CAMPAIGN))
    return desk


def test_a_gateway_says_what_it_costs_and_how_fast_it_is(practice: Desk) -> None:
    shown = practice.json(
        "gateway", "set", "simulator", "--price", "10", "--price-to", "+2236=8,5", "--rate", "6/min",
        "--answer-cost", "10",
    )  # fmt: skip
    assert shown["prices"] == {"+2236": 8.5}
    assert (shown["price"], shown["rate"], shown["answer_cost"]) == (10, 0.1, "10")
    assert practice.json("gateway", "set", "simulator", "--price-to", "+2236=")["prices"] == {}
    (listed,) = practice.json("gateway", "list")
    assert listed["gateway"] == "simulator"


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("gateway", "set", "simulateur", "--price", "10"), "Known: simulator"),
        (("gateway", "set", "simulator", "--rate", "vite"), "6/min"),
        (("gateway", "set", "simulator", "--price-to", "Orange=10"), "+2236=8,5"),
        (("gateway", "set", "simulator", "--answer-cost", "gratuit"), "no price"),
        (("programme", "set", "essai", "--budget", "decembre=5"), "2026-12=500000"),
        (("programme", "set", "essai", "--budget", "2026-12=5,5"), "2026-12=500000"),
        (("programme", "set", "essai", "--fallback", "dds"), "dds=ffm,bm,fr"),
        (("programme", "set", "essai", "--fallback", "dog=fr"), "No such language: dog"),
        (("programme", "set", "essai", "--open-hours", "le soir"), "08:00-11:30"),
        (("programme", "set", "kita", "--budget", "2026-12=5"), "no programme"),
        (("campaign", "cost", "pieds"), "no campaign"),
    ],
)
def test_a_mistake_is_told_with_what_to_write(practice: Desk, words: tuple[str, ...], told: str) -> None:
    done = practice.run(*words)
    assert done.exit_code == 1
    assert told in done.stderr


def test_one_wrong_value_stores_nothing_of_the_others(practice: Desk) -> None:
    wrong = practice.run("gateway", "set", "simulator", "--price", "77", "--rate", "vite")
    assert wrong.exit_code == 1
    assert practice.json("gateway", "list")[0]["price"] == 10


def test_the_rules_of_a_programme(practice: Desk) -> None:
    shown = practice.json(
        "programme", "set", "essai", "--budget", "2026-12=500000", "--budget", "2027-01=", "--fallback",
        "dds=ffm,bm,fr", "--fallback", "dts=", "--language", "dds", "--open-hours", "20:30-21:00", "--keep-hours",
    )  # fmt: skip
    assert shown["budget"] == {"2026-12": 500000, "2027-01": None}
    assert shown["fallback"] == {"dds": ["ffm", "bm", "fr"], "dts": []}
    assert shown["languages"][-1] == "dds"
    assert (shown["open_hours"], shown["always_open"]) == ("20:30-21:00", False)


def test_the_bill_of_a_campaign_without_people_is_nothing_and_says_so(practice: Desk) -> None:
    shown = practice.json("campaign", "cost", "mains", "--days", "10", "--now", "2026-12-01")
    wanted = {"people", "messages", "segments", "xof", "days", "fits", "by_language"}
    assert wanted <= shown.keys()
    assert {name: shown[name] for name in wanted} == {
        "people": 0, "messages": 0, "segments": 0, "xof": 0, "days": 0, "fits": True, "by_language": {},
    }  # fmt: skip
    assert (shown["from"][:10], shown["to"][:10]) == ("2026-12-01", "2026-12-11")
    assert "0 messages" in practice.run("campaign", "cost", "mains").stdout
