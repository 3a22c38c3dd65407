"""The judge of the crash test can say no: each line is a wrong that it must see."""

from __future__ import annotations

from dataclasses import replace

import pytest

from messaging.models.post import State
from tests.crash.place import PRICE, TEXT
from tests.crash.verdict import Ours, judge

AWA, FANTA, SEYDOU = "+22370000001", "+22370000002", "+22370000003"
SENT = (State.HANDED_OVER, None)
PARKED = (State.HELD, "unknown")
NOBODY: frozenset[str] = frozenset()
WELL = Ours({AWA: SENT, FANTA: (State.CLOSED, "delivered"), SEYDOU: SENT}, NOBODY, 0, 3 * PRICE, 0)
UNCLEAR = Ours({**WELL.messages, SEYDOU: PARKED}, frozenset({SEYDOU}), 1, 2 * PRICE, PRICE)
FORGOTTEN = replace(UNCLEAR, listed=NOBODY)

# what our tables say; who got an SMS; whether the gateway can be asked; lost, doubled; is anything wrong
CASES = [
    ("all is well", WELL, [AWA, FANTA, SEYDOU], True, 0, 0, False),
    ("one got nothing", WELL, [AWA, FANTA], True, 1, 0, True),
    ("one got it twice", WELL, [AWA, AWA, FANTA, SEYDOU], True, 0, 1, True),
    ("a stranger got it", WELL, [AWA, FANTA, SEYDOU, "+22379999999"], True, 0, 0, True),
    ("charged twice", replace(WELL, charged=4 * PRICE), [AWA, FANTA, SEYDOU], True, 0, 0, True),
    ("not charged", replace(WELL, charged=2 * PRICE), [AWA, FANTA, SEYDOU], True, 0, 0, True),
    ("money kept", replace(WELL, reserved=PRICE), [AWA, FANTA, SEYDOU], True, 0, 0, True),
    ("an attempt forgotten", replace(WELL, unknown=1), [AWA, FANTA, SEYDOU], True, 0, 0, True),
    ("parked, and could be asked", UNCLEAR, [AWA, FANTA, SEYDOU], True, 0, 0, True),
    ("parked, and cannot be asked, sent", UNCLEAR, [AWA, FANTA, SEYDOU], False, 0, 0, False),
    ("parked, and cannot be asked, not sent", UNCLEAR, [AWA, FANTA], False, 0, 0, False),
    ("parked and not listed", FORGOTTEN, [AWA, FANTA], False, 1, 0, True),
    ("still waiting", replace(WELL, messages={**WELL.messages, AWA: (State.WAITING, None)}), [FANTA, SEYDOU],
     True, 1, 0, True),
]  # fmt: skip


@pytest.mark.parametrize("case", CASES, ids=[case[0] for case in CASES])
def test_what_is_wrong_is_seen(case: tuple[str, Ours, list[str], bool, int, int, bool]) -> None:
    _, ours, got, can_ask, lost, doubled, is_wrong = case
    found = judge({AWA, FANTA, SEYDOU}, [{"to": to, "body": TEXT} for to in got], ours, can_ask)
    assert (found.lost, found.doubled, bool(found.wrong)) == (lost, doubled, is_wrong)


def test_other_words_are_seen() -> None:
    sent = [{"to": to, "body": TEXT} for to in (AWA, FANTA)] + [{"to": SEYDOU, "body": "Autre chose."}]
    found = judge({AWA, FANTA, SEYDOU}, sent, WELL, can_ask=True)
    assert "the judge has SMS with other words" in found.wrong
