"""Typing mistakes in the report on the training card: it is read right, or asked back; never stored wrong, never lost.

Source: the page on incoming SMS, section 11.
"""

from __future__ import annotations

import random
import string
from collections import Counter
from collections.abc import Iterator

import pytest

from campaigns.conversation.grammar import read

TODAY = "2026-03-12"
SIGNS = " .,;:-/#*+()!?@'\"&=_%$|<>°éɛ\n"
TYPED = string.ascii_uppercase + string.digits + SIGNS + "lio"
CLUBS = {"one club": ["1041"], "two clubs": ["1041", "1055"]}
CARD = (12, 8)
OTHERS = [(7, 13), (10, 11), (1, 1), (0, 10), (20, 0), (15, 15), (9, 2), (11, 1)]
SEED = 1041
MANY = 6_000


def form(women: int, men: int, code: str = "1041") -> str:
    return f"PRES {code} F{women} H{men} T{women + men}"


def verdict(text: str, clubs: list[str], women: int, men: int) -> str:
    """What became of a mistyped report of the first club: right, asked, lost, or stored wrong."""
    context = {"now": f"{TODAY}T17:30:00Z", "lang": "fr", "clubs": clubs, "club_size": 25}
    readings = read(text, "facilitator", context).readings
    if any(reading.intent not in ("attendance", "listening", "visit") for reading in readings):
        return "lost"
    if all(reading.status != "ok" for reading in readings):
        return "asked"
    stored = {"club": clubs[0], "date": TODAY, "women": women, "men": men, "total": women + men}
    given = dict(readings[0].fields)
    given.pop("note", None)
    return "right" if len(readings) == 1 and given == stored else "stored wrong"


def slip(text: str, dice: random.Random) -> str:
    """One slip of the thumb, each kind as likely."""
    kind = dice.choice(["delete", "swap", "digit", "letter for digit", "stray sign", "blank"])
    wanted = {"digit": string.digits, "letter for digit": "01", "blank": " "}.get(kind, text)
    at = dice.choice([at for at, char in enumerate(text) if char in wanted])
    before, char, after = text[:at], text[at], text[at + 1 :]
    typed = {
        "delete": "",
        "swap": after[:1] + char,
        "digit": dice.choice(string.digits),
        "letter for digit": dice.choice("Oo" if char == "0" else "lI"),
        "stray sign": dice.choice(" .") + char,
        "blank": dice.choice(["", "  "]),
    }[kind]
    return before + typed + (after[1:] if kind == "swap" else after)


def every_edit(text: str) -> Iterator[str]:
    for at in range(len(text) + 1):
        yield from (text[:at] + sign + text[at:] for sign in TYPED)
        yield text[:at] + text[at + 1 :]
        yield from (text[:at] + sign + text[at + 1 :] for sign in TYPED)
        yield text[:at] + text[at + 1 : at + 2] + text[at : at + 1] + text[at + 2 :]


@pytest.mark.parametrize("clubs", CLUBS.values(), ids=CLUBS)
def test_of_six_thousand_typos_none_is_stored_wrong(clubs: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    dice = random.Random(SEED)
    typos = [slip(form(*CARD), dice) for _ in range(MANY)]
    became = Counter(verdict(text, clubs, *CARD) for text in typos)
    shares = {end: f"{count / MANY:.0%}" for end, count in became.items()}
    with capsys.disabled():
        print(f"\n{MANY} typos, seed {SEED}, {len(clubs)} of the sender's clubs: {dict(became)} {shares}")
    assert became.keys() <= {"right", "asked"}
    assert became["right"] > MANY / 2


@pytest.mark.parametrize("counts", [CARD, *OTHERS], ids=str)
@pytest.mark.parametrize("clubs", CLUBS.values(), ids=CLUBS)
def test_no_single_edit_is_stored_wrong_or_answered_as_feedback(clubs: list[str], counts: tuple[int, int]) -> None:
    became = {text: verdict(text, clubs, *counts) for text in set(every_edit(form(*counts)))}
    assert not {text: end for text, end in became.items() if end not in ("right", "asked")}


@pytest.mark.parametrize("clubs", CLUBS.values(), ids=CLUBS)
def test_with_the_code_before_the_keyword_no_single_edit_is_stored_wrong(clubs: list[str]) -> None:
    became = {text: verdict(text, clubs, *CARD) for text in set(every_edit("1041 PRES F12 H8 T20"))}
    assert not {text: end for text, end in became.items() if end == "stored wrong"}


@pytest.mark.parametrize("code", ["2852", "4703", "7003", "1203"])
def test_a_code_with_one_wrong_sign_is_no_date(code: str) -> None:
    became = {text: verdict(text, [code], *CARD) for text in set(every_edit(form(*CARD, code)))}
    assert not {text: end for text, end in became.items() if end not in ("right", "asked")}


def test_the_judge_finds_what_is_stored_wrong_or_lost() -> None:
    assert verdict("PRES 1041 F13 H8 T21", ["1041"], *CARD) == "stored wrong"
    assert verdict("PRES 1041 hier F12 H8 T20", ["1041"], *CARD) == "stored wrong"
    assert verdict("PRES 1041 F12 H8 S7", ["1041"], *CARD) == "stored wrong"
    assert verdict("douze femmes sont venues", ["1041"], *CARD) == "lost"
