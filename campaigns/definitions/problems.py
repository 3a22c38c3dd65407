"""What can be wrong with a campaign: findings by path, problems by line, each a sentence that says what to do."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any, Literal

from campaigns.definitions.sentences import SENTENCES

Path = tuple[str | int, ...]
Level = Literal["error", "warning"]


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing found at a path (`("steps", 2, "texts", "fr", "sms")`); `key` names its sentence, `values` fill it.

    `line` is set only when the path alone does not tell it (the second of two like keys).
    """

    path: Path
    key: str
    values: dict[str, Any] = field(default_factory=dict)
    line: int | None = None

    @property
    def level(self) -> Level:
        """An error refuses the file; a warning is shown."""
        return SENTENCES[self.key].level

    def say(self, language: str = "fr") -> str:
        """The sentence, in French or (any other language) in English."""
        sentence = SENTENCES[self.key]
        return (sentence.fr if language == "fr" else sentence.en).format(**self.values)


@dataclass(frozen=True, slots=True, order=True)
class Problem:
    """One problem of a file, for people: the line (from 1), the field, what to do in French and in English.

    `rule` is the stable key of the sentence (`R09` to `R16` for rules of content, words for the rest), `level` is
    `error` or `warning`, `file` the name that was given.
    """

    line: int
    field: str
    sentence: str
    english: str
    rule: str
    level: Level
    file: str = ""

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.field}: {self.sentence}"


def problems(findings: Iterable[Finding], line: Callable[[Path], int], data: Any, file: str) -> list[Problem]:
    """Turn findings into problems, in the order of the file, each once."""
    found = {
        Problem(
            one.line or line(one.path), field_of(one.path, data), one.say("fr"), one.say("en"), one.key, one.level, file
        )
        for one in findings
    }
    return sorted(found)


def hint(word: str, known: Iterable[str]) -> dict[str, str]:
    """A guess at what was meant, as values for a sentence: `hint_fr` and `hint_en`, empty when nothing is near."""
    near = difflib.get_close_matches(word.strip(), list(known), 1)
    if not near:
        return {"hint_fr": "", "hint_en": ""}
    return {"hint_fr": f" Vouliez-vous dire « {near[0]} » ?", "hint_en": f" Did you mean `{near[0]}`?"}


def field_of(path: Path, data: Any = None) -> str:
    """Write a path for people: `steps[lavage-1].texts.fr.sms`; a step without a code shows its place, from 1.

    A path without parts is the file itself: `-`.
    """
    words = ""
    for part in path:
        inner = _inside(data, part)
        words += f"[{_name(inner, part)}]" if isinstance(part, int) else f".{part}"
        data = inner
    return words.lstrip(".") or "-"


def _inside(data: Any, part: str | int) -> Any:
    if isinstance(data, dict):
        return data.get(part)
    return data[part] if isinstance(data, list) and isinstance(part, int) and part < len(data) else None


def _name(item: Any, index: int) -> str:
    code = item.get("step") if isinstance(item, dict) else None
    return code if isinstance(code, str) else str(index + 1)
