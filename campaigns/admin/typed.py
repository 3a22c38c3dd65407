"""A form of a few fields, read one by one: each value, and beside its field what is wrong with it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, time
from typing import Any

from flask import render_template

from campaigns.admin.fields import Form
from campaigns.admin.words import N_, _, sentence
from messaging.clock import parse_date
from messaging.errors import DataError

TO_MEND = N_("À corriger : voyez les champs marqués.")


@dataclass
class Typed:
    """What was typed; every reading notes what it cannot take in `faults`, by field, and gives nothing for it."""

    form: Form
    faults: dict[str, list[str]] = field(default_factory=dict)

    def wrong(self, name: str, said: str) -> None:
        """Note what is wrong with a field."""
        self.faults.setdefault(name, []).append(said)

    def refuse(self, faults: Iterable[tuple[str, str]]) -> None:
        """Note what a rule says, by field, in sentences written « French / English »."""
        for name, said in faults:
            self.wrong(name, sentence(said))

    def text(self, name: str, most: int, *, is_needed: bool = False) -> str:
        """Words without blanks around them; line ends as one sign."""
        said = self.form.get(name, "").replace("\r\n", "\n").strip()
        if len(said) > most:
            self.wrong(name, _("Trop long : %(most)s signes au plus.", most=most))
        if is_needed and not said:
            self.wrong(name, _("À remplir."))
        return said

    def number(self, name: str, least: int, most: int, *, is_needed: bool = False) -> int | None:
        """A whole number; groups of its digits may be parted."""
        said = "".join(self.text(name, 40, is_needed=is_needed).split())
        if not said:
            return None
        if said.isascii() and said.isdecimal() and least <= int(said) <= most:
            return int(said)
        self.wrong(name, _("Écrivez un nombre de %(least)s à %(most)s, en chiffres.", least=least, most=most))
        return None

    def day(self, name: str, *, is_needed: bool = False) -> date | None:
        """A day."""
        said = self.text(name, 40, is_needed=is_needed)
        try:
            return parse_date(said) if said else None
        except DataError:
            self.wrong(name, _("Écrivez le jour ainsi : 01/12/2026."))
            return None

    def hour(self, name: str, *, is_needed: bool = False) -> time | None:
        """An hour of the day, such as 16:30 or 16h30."""
        said = self.text(name, 40, is_needed=is_needed)
        try:
            return time.fromisoformat(said.lower().replace("h", ":").zfill(5)).replace(second=0) if said else None
        except ValueError:
            self.wrong(name, _("Écrivez l'heure ainsi : 16:30."))
            return None

    def choice(self, name: str, options: Collection[str], *, is_needed: bool = False) -> str:
        """One of the words of a list."""
        said = self.text(name, 80, is_needed=is_needed)
        if not said or said in options:
            return said
        self.wrong(name, _("Choisissez dans la liste."))
        return ""


@dataclass(frozen=True)
class Page:
    """A page that is one form: its kind, what was typed, what is wrong by field, and the pages above it."""

    kind: str
    title: str
    typed: Form
    trail: Sequence[tuple[str, str]]  # address and words of the pages above
    faults: Mapping[str, list[str]] = field(default_factory=dict)
    notice: str = ""
    seen: str = ""

    def show(self, template: str, **more: Any) -> str:
        """The form."""
        return render_template(template, form=self, typed=self.typed, faults=self.faults, **more)


def seal(form: Form) -> str:
    """Stands for what a form held when it was shown: when what is stored gives another, somebody changed it."""
    said = sorted((name, list(values)) for name, values in form.lists())
    return hashlib.sha256(json.dumps(said, ensure_ascii=False).encode()).hexdigest()[:16]
