"""The words the reader knows, as data, each already folded; staff may add words, none is taken away.

Bambara and Dogon words wait for a speaker's check. Source: the page on incoming SMS, sections 4 to 8.
"""

from __future__ import annotations

import re

from messaging import stop

YES = frozenset({"oui", "wi", "vrai", "ok", "yes", "owo", "awo", "onhon", "iyo"})
YES_DOGON = frozenset({"e", "ee", "o", "ha", "onhon"})
NO = frozenset({"non", "nn", "faux", "ayi", "aayi", "ayii"})
NO_DOGON = frozenset({"ay", "ayy", "onon"})
PLACEHOLDERS = {"{dts.yes}": "yes", "{dts.no}": "no"}
OUI = re.compile("ou+i+")  # oui, ouii, ouui

# The Dogon codes of the page; the caller says it of further rows of the language table.
DOGON = frozenset({"dts", "dds", "dto", "djm", "dtk", "dtm", "dba"})

JOIN = ("join", "joindre", "rejoindre", "inscrire", "inscription", "je veux m inscrire", "je veux minscrire")
START = frozenset({"start", "unstop", "reprendre"})
HELP = frozenset({"aide", "help"})
HELP_BARE = frozenset({"?", "aide", "aidez", "aidez moi", "info", "deme", "kunnafoni"})
HELP_DOGON = frozenset({"bara", "mui bara"})
FEEDBACK = {"avis": "suggestion", "plainte": "complaint_minor", "question": "question"}
LANGUAGE = ("langue", "lang")
LANGUAGES = {
    **dict.fromkeys(("bm", "bam", "bambara", "bambra", "bamanan", "bamanankan"), "bm"),
    **dict.fromkeys(("fr", "francais"), "fr"),
    **dict.fromkeys(("dogon", "dts"), "dts"),
}
TIP_SHEET = ("fiche",)
MY_DATA = ("mes infos", "mes info")
ERASE = ("effacer",)

DONT_KNOW = frozenset({"jsp", "dk", "je ne sais pas", "ne sais pas", "je sais pas"})

GREETING = re.compile(rf"^(?:{stop.GREETING}(?![^\W_])[\W_]*)+", re.IGNORECASE)
# Separators and greetings are passed over at the start; what else stands there (`@RES`) is kept.
OPENING = re.compile(rf"[\s,;:.\-/#*+()_&\"!?\[\]]*(?:{stop.GREETING}(?![^\W_])[\W_]*)*", re.IGNORECASE)
THANKS = re.compile(
    r"(?:(?<![^\W_])(?:merci|bcp|beaucoup|svp|stp|chef|(?:i|aw) ni ce|s ?'? ?il (?:vous|te) plait)(?![^\W_])[\W_]*)+$",
    re.IGNORECASE,
)

# Tested in this order, first hit wins; each runs on the folded text. A digit or a `_` beside a word hides nothing.
_LETTER = r"[^\W\d_]"


def _any(*patterns: str) -> str:
    """One of these words; `*` stands for any letters."""
    return rf"(?<!{_LETTER})(?:{'|'.join(patterns)})(?!{_LETTER})".replace("*", f"{_LETTER}*")


def _later(first: str, then: str) -> str:
    """The one and, anywhere behind its first place, the other; read once, however long the text is."""
    return rf"(?>.*?{first}).*?{then}"


_MONEY = _any("argent", "payer", "corruption", "detourn*", "bakchich")
_WHOM = _any("inscri*", "liste", "agent", "semences")
_PAID = _any("argent", "payer")
SENSITIVE: tuple[tuple[str, re.Pattern[str]], ...] = (
    ("security", re.compile(_any("attaque*", "armes?", "tirs?", "bombe*", "kidnapp*", "enleve*"))),
    ("psea", re.compile(_any("coucher", "viols?", "viole*", "sexe", "sexuel*", "attouche*"))),
    ("fraud", re.compile(rf"\A(?:{_later(_MONEY, _WHOM)}|{_later(_any('agent'), _PAID)})")),
    ("protection", re.compile(_any("frappe*", "battu*", r"mariage[\W\d_]+force"))),
)
