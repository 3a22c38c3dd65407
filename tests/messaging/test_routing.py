"""Ways: every number has one, with its gateway and its price, and the narrowest start decides."""

from __future__ import annotations

import pytest

from messaging import routing
from messaging.errors import DataError
from messaging.gateways import tariffs
from messaging.models import Gateway, Tariff
from messaging.models.post import Kind

KINDS: list[str] = []


def gateway(ident: int, name: str, price: int, prefixes: list[str] | None = None, **prices: int) -> Gateway:
    row = Gateway(
        id=ident, name=name, adapter="twilio", price_micros=price, prefixes=prefixes or [], kinds=KINDS, position=ident
    )
    row.tariffs = [
        Tariff(gateway_id=ident, prefix="+" + start.removeprefix("to_"), price_micros=micros)
        for start, micros in prices.items()
    ]
    return row


def way_of(ways: list[routing.Way], number: str) -> tuple[str | None, int]:
    """The gateway and price of a number; fails when two ways claim it or none."""
    found = [
        way
        for way in ways
        if any(number.startswith(start) and not number.startswith(others or ("?",)) for start, others in way.starts)
    ]
    assert len(found) == 1, f"{number}: {found}"
    return (found[0].gateway.name if found[0].gateway else None), found[0].price_micros


@pytest.mark.parametrize(
    ("said", "rows", "number", "expected"),
    [
        ("one gateway, one price", [gateway(1, "a", 10)], "+22370", ("a", 10)),
        ("a dearer operator", [gateway(1, "a", 10, to_2236=15)], "+22366", ("a", 15)),
        ("the others as usual", [gateway(1, "a", 10, to_2236=15)], "+22376", ("a", 10)),
        ("the longest start wins", [gateway(1, "a", 10, to_2236=15, to_22366=20)], "+22366", ("a", 20)),
        ("a shorter one beside it", [gateway(1, "a", 10, to_2236=15, to_22366=20)], "+22365", ("a", 15)),
        ("an operator's own gateway", [gateway(1, "sim", 5, ["+2237"]), gateway(2, "all", 72)], "+22376", ("sim", 5)),
        ("its price is not the others", [gateway(1, "sim", 5, ["+2237"]), gateway(2, "all", 9)], "+22366", ("all", 9)),
        ("nobody serves it: priced as the first", [gateway(1, "sim", 5, ["+2237"])], "+22366", (None, 5)),
    ],
)  # fmt: skip
def test_each_number_has_one_way(said: str, rows: list[Gateway], number: str, expected: tuple[str | None, int]) -> None:
    assert way_of(routing.ways(rows, Kind.CAMPAIGN, demonstration=False), number) == expected, said


def test_one_way_for_all_asks_nothing_of_a_number() -> None:
    (way,) = routing.ways([gateway(1, "a", 10, to_2236=10)], Kind.CAMPAIGN, demonstration=False)
    assert way.is_for_all


@pytest.mark.parametrize(
    ("words", "read"),
    [("+2236=8,5", ("+2236", 8_500_000)), ("22376 = 10", ("+22376", 10_000_000)), ("+2236=", ("+2236", None))],
)
def test_a_tariff_is_read(words: str, read: tuple[str, int | None]) -> None:
    assert tariffs.parse_tariff(words) == read


@pytest.mark.parametrize(
    "words", ["", "+2236", "=10", "Orange=10", "+2236=cher", "+2236=-1", "+2236=nan", "+2237000=9", "00223=5"]
)
def test_what_is_no_tariff_is_refused(words: str) -> None:
    with pytest.raises(DataError):
        tariffs.parse_tariff(words)


@pytest.mark.parametrize(("words", "rate"), [("10", 10.0), ("0,5", 0.5), ("6/min", 0.1), ("6 / min", 0.1)])
def test_a_rate_is_read(words: str, rate: float) -> None:
    assert tariffs.parse_rate(words) == pytest.approx(rate)


@pytest.mark.parametrize("words", ["0", "-1", "vite", "6/h", "", "1e9", "nan", "inf"])
def test_what_is_no_rate_is_refused(words: str) -> None:
    with pytest.raises(DataError):
        tariffs.parse_rate(words)


@pytest.mark.parametrize(
    ("words", "cost"),
    [("free", "free"), ("UNKNOWN", "unknown"), ("10", "10"), ("8,5", "8.5"), ("12345.67", "12345.67")],
)
def test_what_an_answer_costs_is_read(words: str, cost: str) -> None:
    assert tariffs.parse_answer_cost(words) == cost


@pytest.mark.parametrize("words", ["nan", "inf", "-5", "1e30", "cher"])
def test_what_is_no_price_is_refused(words: str) -> None:
    with pytest.raises(DataError):
        tariffs.parse_price(words)
