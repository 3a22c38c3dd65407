"""What one version of a text says: its parts in SMS letters and in official ones, and the mark of exactly these words.

Source: the page on languages, sections 5 and 10: each text keeps two forms, and the official one is the truth.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any

from messaging import profile
from messaging.models import LetterKind, SmsForm

BESIDE = ("back_translation", "kind", "form", "comment")  # of a wording, but not approved with it: no person gets it
SLOT = re.compile(r"\{[a-z_]+\}")
WIRE = ("sms", "club", "right", "wrong")  # the parts that go to a phone as they stand, beside the options


@dataclass(frozen=True)
class Wording:
    """Everything that one version of a text says; empty optional parts are None."""

    sms: str
    official: str
    read_aloud: str
    club: str | None = None
    options: Mapping[str, str] | None = None
    right: str | None = None
    wrong: str | None = None
    back_translation: str | None = None
    unicode: bool = False
    kind: LetterKind = LetterKind.OFFICIAL
    form: SmsForm = SmsForm.REVIEWER
    comment: str | None = None
    officials: Mapping[str, str] | None = None  # part -> official letters, where the phone gets others

    @property
    def hash(self) -> str:
        """The mark of exactly the words that people get."""
        said = {key: value for key, value in asdict(self).items() if key not in BESIDE}
        if not said["officials"]:
            del said["officials"]  # so that the mark of a text without them never changes
        return hashlib.sha256(json.dumps(said, sort_keys=True, ensure_ascii=False).encode()).hexdigest()

    def parts(self) -> dict[str, str]:
        """What goes to a phone, by part: sms, club, right, wrong, option_1 …; empty parts are left out."""
        found = {name: getattr(self, name) for name in WIRE}
        found |= {f"option_{digit}": words for digit, words in (self.options or {}).items()}
        return {name: words for name, words in found.items() if words}

    def as_written(self) -> Wording:
        """The same in official letters alone, to be spelt for the air anew."""
        options = {digit: self.official_of(f"option_{digit}") for digit in self.options or ()}
        others = {name: self.official_of(name) or None for name in WIRE[1:]}
        club, right, wrong = others["club"], others["right"], others["wrong"]
        return replace(self, sms="", club=club, right=right, wrong=wrong, options=options or None, officials=None)

    def official_of(self, part: str) -> str:
        """A part in official letters; where none are kept, as the phone gets it."""
        if part == "sms":
            return self.official
        return (self.officials or {}).get(part) or self.parts().get(part, "")


def spelt(said: Wording, letters: str) -> Wording:
    """A wording as it was written, with every part in SMS letters and what that changed kept in official ones.

    Args:
        said: the parts as a person wrote them. An empty `sms` is made from `official`; one that differs from what
            the profile makes of `official` is the writer's own and only tidied. So with every part whose official
            letters stand in `officials`; a part without them is taken as written in official letters.
        letters: the letter profile of the language, such as `manding-dogon`.

    Returns:
        The same words, ready for the air; with `unicode` they stand as they were written.
    """
    official = said.official or said.sms
    if said.unicode:
        return replace(said, official=official, sms=said.sms or official, form=SmsForm.REVIEWER)
    made = profile.spell(official, letters, said.kind).sms
    own = profile.spell(said.sms, letters, LetterKind.OLD).sms or made
    typed = {**dict.fromkeys(said.officials or (), ""), **said.parts()}
    typed.pop("sms", None)
    written = {name: said.official_of(name) for name in typed}
    machine = {name: profile.spell(words, letters, said.kind).sms for name, words in written.items()}
    given = {name: profile.spell(typed[name], letters, LetterKind.OLD).sms for name in said.officials or ()}
    wire = {name: given.get(name) or machine[name] for name in typed}
    kept = {name: words for name, words in written.items() if wire[name] not in (words, "")}
    options = {digit: wire.get(f"option_{digit}", "") for digit in said.options or ()}
    return replace(
        said,
        sms=own,
        official=official,
        form=SmsForm.PROFILE if own == made and wire == machine else SmsForm.REVIEWER,
        options=options or None,
        officials=kept or None,
        club=wire.get("club") or None,
        right=wire.get("right") or None,
        wrong=wire.get("wrong") or None,
    )


def has_open_slot(text: str) -> bool:
    """True when a value is missing in a wire text: a name still stands between braces."""
    return SLOT.search(text) is not None


def render(words: str, slots: Mapping[str, Any] | None) -> str:
    """The wire text: the approved words with the values in their braces."""
    for name, value in (slots or {}).items():
        words = words.replace("{" + name + "}", str(value))
    return words
