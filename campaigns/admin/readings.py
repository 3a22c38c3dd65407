"""What the machine read in an SMS, in a few words: what it is, the club and the figures as the card writes them, and
whether it was noted. Free words are left out: they stand in the SMS itself, for those who may read it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from campaigns.admin.words import FEEDBACK, INTENTS, N_, _
from campaigns.conversation.slots import COUNTS

STATUSES = {
    "ok": N_("noté"),
    "confirm": N_("on attend OUI"),
    "pending": N_("on attend la suite"),
    "error": N_("pas noté, dit pourquoi"),
    "partial": N_("noté en partie"),
    "late": N_("gardé, arrivé tard"),
    "ignored": N_("rien noté"),
}
PLAIN = ("code_given", "total_given", "mm", "amount", "aired", "received", "quantity", "granted", "kept", "lang",
         "number", "case", "satisfied", "confirmed", "quorum")  # fmt: skip
TABLES = ("prices", "plants")  # fields that hold several values
GIVEN = {"yes": N_("oui"), "no": N_("non"), "called": N_("appel manqué"), "DK": N_("ne sait pas")}  # of a quiz


def in_words(kept: Mapping[str, Any] | None) -> str:
    """The readings of an SMS as they are stored; empty before it was read."""
    readings = (kept or {}).get("readings") or ()
    return " · ".join(filter(None, (_reading(one) for one in readings)))


def _reading(one: Mapping[str, Any]) -> str:
    intent, status, fields = str(one.get("intent", "")), str(one.get("status", "")), one.get("fields") or {}
    said = _(INTENTS[intent]) if intent in INTENTS else intent
    category = fields.get("category")
    if intent == "feedback" and category in FEEDBACK:
        said = _(FEEDBACK[category])
    figures = " ".join(_figures(fields))
    outcome = _(STATUSES[status]) if status in STATUSES and intent not in ("noise", "feedback", "help") else ""
    return " ".join(filter(None, (said, figures))) + (f" ({outcome})" if outcome else "")


def _figures(fields: Mapping[str, Any]) -> Iterator[str]:
    if fields.get("club"):
        yield str(fields["club"])
    if date := str(fields.get("date") or ""):
        yield f"{date[8:]}/{date[5:7]}"
    yield from (f"{letter}{fields[name]}" for letter, name in COUNTS if isinstance(fields.get(name), int))
    for name in TABLES:
        if isinstance(fields.get(name), Mapping):
            yield ", ".join(f"{key} {_value(value)}" for key, value in fields[name].items())
    if isinstance(fields.get("answers"), Mapping):
        yield ", ".join(f"Q{key} {_given(value)}" for key, value in fields["answers"].items())
    if isinstance(fields.get("counts"), Mapping):  # hands by option
        question = [f"Q{fields['question']}"] if fields.get("question") else []
        yield " ".join([*question, *(f"{key}={value}" for key, value in fields["counts"].items())])
    yield from (_value(fields[name]) for name in PLAIN if fields.get(name) is not None)


def _given(value: Any) -> str:
    return _(GIVEN[value]) if isinstance(value, str) and value in GIVEN else _value(value)


def _value(value: Any) -> str:
    if isinstance(value, bool):
        return _("oui") if value else _("non")
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)
