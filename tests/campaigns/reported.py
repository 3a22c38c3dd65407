"""How a test reads a report: every reading of the SMS in one line, much as the echo to the sender has it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from campaigns.conversation.grammar import read
from campaigns.conversation.grammar.reading import Reading, Role

NOW = "2026-03-12T17:30:00Z"  # a Thursday
OWN = {"now": NOW, "lang": "fr", "clubs": ["1041"], "club_size": 25}
TWO = {**OWN, "clubs": ["1041", "1055"]}
SHORT = {"women": "F", "men": "H", "girls": "JF", "boys": "JG", "total": "T", "pregnant": "FE", "lactating": "FA",
         "session": "S", "episode": "E"}  # fmt: skip


def said(text: str, context: Mapping[str, Any] = OWN, role: Role = "facilitator") -> str:
    """All readings of an SMS: `ok 1041 12/03 F12 H8 T20 [keyword_fuzzy]`, and others behind a `+`."""
    return " + ".join(line(reading) for reading in read(text, role, context).readings)


def reply(text: str, context: Mapping[str, Any] = OWN, role: Role = "facilitator") -> str | None:
    """The key of the reply to an SMS."""
    return read(text, role, context).reply


def line(reading: Reading) -> str:
    """One reading in a line; the intent only when it is no attendance, repairs as they are written out."""
    shown = reading.as_json()
    words = [shown["intent"]] if shown["intent"] != "attendance" else []
    words += [shown["status"], *([shown["error"]] if "error" in shown else [])]
    words += [_field(key, value) for key, value in shown["fields"].items()]
    return " ".join([*words, *([f"[{' '.join(shown['repairs'])}]"] if "repairs" in shown else [])])


def _field(key: str, value: Any) -> str:
    if key == "date":
        return f"{value[8:]}/{value[5:7]}" if value.startswith("2026") else str(value)
    if key == "club":
        return str(value)
    if key == "replaces":
        return f"instead of F{value['women']} H{value['men']}"
    if isinstance(value, list):
        value = ",".join(value)
    return f"{SHORT[key]}{value}" if key in SHORT else f"{key}={value}"
