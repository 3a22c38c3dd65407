"""Which language somebody wants: LANGUE, a bare name, a number of the menu; pure, knows no table of languages.

Source: the page on incoming SMS, section 8.5.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from campaigns.conversation.grammar import leading, words
from campaigns.conversation.grammar.reading import Reading, Result
from campaigns.conversation.grammar.sms import Sms
from messaging import fold

FILLERS = frozenset({"en", "le", "la", "l", "de", "du", "d"})
BARE = 3  # words of a message that is the name of a language
NAMES: Mapping[str, str] = {fold.undouble(name): code for name, code in words.LANGUAGES.items()}


def read_keyword(sms: Sms) -> Result | None:
    """Read which language is asked for; None when the keyword does not lead."""
    rest = leading.after(sms, words.LANGUAGE, doubled=True)
    if rest is None:
        return None
    said = fold.words(words.THANKS.sub("", rest).lower())
    while said and said[0] in FILLERS:
        said.pop(0)
    if not said:
        return Result((Reading("language", "pending", {}, "language_missing"),), "lang.menu")
    return _named(said) or _unavailable(" ".join(said))


def read_bare(sms: Sms) -> Result | None:
    """Read a short message that begins with the name of a language; None when it is none."""
    if not 1 <= len(fold.words(sms.plain)) <= BARE:
        return None
    return _named(fold.words(words.THANKS.sub("", sms.plain)))


def read_pending(sms: Sms) -> Result | None:
    """Read the number of a language in the menu that we sent; None when it is none."""
    said = sms.plain.strip(" .,;:!()\"'")
    options = sms.pending.get("options") or ()
    if len(said) != 1 or not "1" <= said <= "9":
        return None
    if isinstance(options, Mapping):
        code = options.get(said)
    else:
        code = options[int(said) - 1] if int(said) <= len(options) else None
    return None if code is None else _chosen({"lang": code})


def _named(said: Sequence[str]) -> Result | None:
    """The language that the first word names; the words after *dogon* are the variety that was wanted."""
    code = NAMES.get(fold.undouble(said[0])) if said else None
    if code is None:
        return None
    variety = " ".join(said[1:]) if fold.undouble(said[0]) == "dogon" else ""
    return _chosen({"lang": code, "variety": variety} if variety else {"lang": code})


def _chosen(fields: dict[str, Any]) -> Result:
    return Result((Reading("language", "ok", fields),), "lang.done")


def _unavailable(requested: str) -> Result:
    return Result((Reading("language", "error", {"requested": requested}, "language_unavailable"),), "lang.unavailable")
