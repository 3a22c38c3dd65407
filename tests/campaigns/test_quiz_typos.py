"""No typo makes an answer of what is none, nor in silence another answer of one."""

from __future__ import annotations

import re
from typing import Any

import pytest

from tests.campaigns.test_quiz_reading import DIGITS, LETTERS, MULTI, MULTI_LETTERS, NUMBER, YESNO, read
from tests.campaigns.typos import edits

EIGHT = {"type": "single", "options": {str(one): f"choix {one}" for one in range(1, 9)}}
OKAY = ("ok", "partial", "late")
ASKED: dict[str, tuple[list[dict[str, Any]], dict[str, Any]]] = {
    "single": ([DIGITS], {}),
    "single, letters": ([LETTERS], {}),
    "single, eight options": ([EIGHT], {}),
    "multi": ([MULTI], {}),
    "multi, letters": ([MULTI_LETTERS], {}),
    "yesno": ([YESNO], {}),
    "yesno, Dogon": ([YESNO], {"lang": "dts", "dogon": True}),
    "number": ([NUMBER], {}),
    "several": ([DIGITS, DIGITS], {}),
    "several types": ([DIGITS, YESNO, NUMBER], {}),
    "shared phone": ([DIGITS], {"phone_members": ["Awa", "Moussa"]}),
}
NO_ANSWERS = (
    "à demain", "a ka ɲi", "c bon merci", "d'accord", "merci beaucoup", "on ne capte pas la radio ici",
    "nous avons recu 3 poules mortes", "bonjour", "merci", "salut a tous", "i ni ce", "c'est bon", "a bientot", "ca va",
    "et toi?", "bien recu", "j'ai 2 enfants", "on arrive", "vous etes qui",
)  # fmt: skip
YES_OR_NO = {"oui", "wi", "vrai", "ok", "yes", "owo", "awo", "onhon", "iyo", "non", "nn", "faux", "ayi", "aayi", "ayii"}
DOGON = {"ee", "ha", "ay", "ayy", "onon"}


def is_an_answer(text: str, asked: str) -> bool:
    """Which edits really are answers: those of the table that one edit of these texts can reach.

    To a question with yes and no, two words that hold one of those words whole (`on arrive`, `non arrive`), but not
    beside a bare letter (`c non`); to several questions, letters alone in their order (`c'est bon`, `c'est b n`).
    """
    plain = re.sub(r"[^\w\s]", " ", text.lower().translate(str.maketrans("éàɛɔɲ", "eaeon")))
    words = re.sub(r"^\s*c est ", "", plain).split()
    known = YES_OR_NO | (DOGON if "Dogon" in asked else set())
    spoken = [word for word in words if word not in ("merci", "salut")]
    is_clear = len(spoken) == 1 or (len(spoken) == 2 and all(len(word) > 1 for word in spoken))
    agrees = asked.startswith("yesno") and is_clear and any(word in known for word in spoken)
    return agrees or (asked == "several types" and all(len(word) == 1 for word in words))


@pytest.mark.parametrize("text", NO_ANSWERS)
@pytest.mark.parametrize("asked", ASKED)
def test_no_typo_makes_an_answer_of_what_is_none(asked: str, text: str) -> None:
    questions, context = ASKED[asked]
    assert read(text, *questions, **context) is None
    wrong = [
        edited
        for edited in edits(text)
        if (found := read(edited, *questions, **context))
        and found["status"] in OKAY
        and not is_an_answer(edited, asked)
    ]
    assert wrong == []


@pytest.mark.parametrize(
    ("text", "asked"),
    [("2", "single"), ("B", "single"), ("2 savon", "single"), ("savon", "single"), ("la réponse est B", "single"),
     ("B", "single, letters"), ("tisane", "single, letters"), ("oui", "yesno"), ("non", "yesno"), ("6 mois", "number"),
     ("Q1 2 Q2 3", "several")],
)  # fmt: skip
def test_a_typo_in_an_answer_gives_no_other_answer_in_silence(text: str, asked: str) -> None:
    """But where the sign that answers was itself struck: no rule can see that `2` was meant when `3` was typed."""
    questions, context = ASKED[asked]
    right = read(text, *questions, **context)
    assert right is not None
    other = {
        edited: found["fields"]["answers"]
        for edited in edits(text)
        if (found := read(edited, *questions, **context))
        and found["status"] in OKAY
        and any(right["fields"]["answers"].get(n) != one for n, one in found["fields"]["answers"].items())
    }
    assert not {edited: answers for edited, answers in other.items() if signs(edited) == signs(text)}


def signs(text: str) -> list[str]:
    """The signs of a text that may answer alone: its digits, and letters that stand alone or behind Q and a digit."""
    return re.findall(r"\d|(?<![^\W\d_])[A-Za-z|](?![^\W\d_])", text)
