"""The words the reader knows, as data, each already folded; staff may add words, none is taken away.

Bambara and Dogon words wait for a speaker's check. Source: the page on incoming SMS, sections 4, 7 and 8.
"""

from __future__ import annotations

import re

YES = frozenset({"oui", "wi", "vrai", "ok", "yes", "owo", "awo", "onhon", "iyo"})
YES_DOGON = frozenset({"e", "ee", "o", "ha", "onhon"})
NO = frozenset({"non", "nn", "faux", "ayi", "aayi", "ayii"})
NO_DOGON = frozenset({"ay", "ayy", "onon"})
PLACEHOLDERS = {"{dts.yes}": "yes", "{dts.no}": "no"}

START = frozenset({"start", "unstop", "reprendre"})
HELP = frozenset({"aide", "help"})
HELP_BARE = frozenset({"?", "aide", "aidez", "aidez moi", "info", "deme", "kunnafoni"})
HELP_DOGON = frozenset({"bara", "mui bara"})
FEEDBACK = {"avis": "suggestion", "plainte": "complaint_minor", "question": "question"}
DONT_KNOW = frozenset({"jsp", "dk", "je ne sais pas", "ne sais pas", "je sais pas"})
INTRODUCERS = ("la reponse est", "je pense que c'est", "reponse", "rep", "c'est")
GREETING = re.compile(
    r"^(?:(?:bonjour|bjr|bonsoir|bsr|salut|salam|chef|(?:i|aw) ni (?:sogoma|tile|wula|su|ce))\b[\s,.!:]*)+",
    re.IGNORECASE,
)

# Tested in this order, first hit wins; each runs on the folded text.
SENSITIVE: tuple[tuple[str, re.Pattern[str]], ...] = (
    ("security", re.compile(r"\b(?:attaque\w*|armes?|tirs?|bombe\w*|kidnapp\w*|enleve\w*)\b")),
    ("psea", re.compile(r"\b(?:coucher|viols?|viole\w*|sexe|sexuel\w*|attouche\w*)\b")),
    (
        "fraud",
        re.compile(
            r"\b(?:argent|payer|corruption|detourn\w*|bakchich)\b.*\b(?:inscri\w*|liste|agent|semences)\b"
            r"|\bagent\b.*\b(?:argent|payer)\b"
        ),
    ),
    ("protection", re.compile(r"\b(?:frappe\w*|battu\w*|mariage force)\b")),
)
REPORT = re.compile(
    r"^(?:pres|presences?|presents?|seance|session|ecoute|visite|corr|correction|erreur|fiche)(?![^\W\d_])"
)
