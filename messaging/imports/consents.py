"""Consent in a sheet of members: whether the evidence of a line is whole and still holds; knows no phone number.

Source: the safeguarding rules. A phone without evidence is refused; old evidence never opens what was withdrawn later.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Iterator, Mapping
from datetime import date, datetime, time

import sqlalchemy as sa

from messaging.batches import rows_in
from messaging.clock import at_local, local
from messaging.imports.intake import Intake, Line
from messaging.imports.rows import Values
from messaging.models import Consent, Phone
from messaging.models.people import Purpose, Way

CONSENT: sa.Table = Consent.__table__  # type: ignore[assignment]
EVIDENCE = ("text_version", "consent_language", "given_on", "way", "taken_by")


class Consents:
    """The consents of one file: `new` holds those to store, by the member's code."""

    def __init__(self, intake: Intake, member_ids: Iterable[int], hashes: Iterable[str]) -> None:
        self.intake = intake
        self.new: dict[Hashable, list[Values]] = {}
        self.known: dict[int, list[Values]] = {}
        for row in rows_in(intake.session, sa.select(*CONSENT.c), CONSENT.c.member_id, member_ids):
            self.known.setdefault(row.member_id, []).append(dict(row._mapping))
        refused = sa.select(Phone.hash, CONSENT.c.purpose, CONSENT.c.given_at)
        refused = refused.join(Phone, Phone.id == CONSENT.c.phone_id).where(CONSENT.c.granted.is_(False))
        self.refusals: dict[str, list[tuple[Purpose, datetime]]] = {}
        for hashed, purpose, given_at in rows_in(intake.session, refused, Phone.hash, hashes):
            self.refusals.setdefault(hashed, []).append((purpose, given_at))

    def take(
        self, code: Hashable, member_id: int | None, line: Line, hashes: Iterable[str], needed: set[Purpose]
    ) -> None:
        """Take a line's evidence; `needed` is what its phone or life stage cannot be stored without."""
        known = self.known.get(member_id or 0, [])
        needed = needed - {row["purpose"] for row in known if row["granted"] and not row["withdrawn_at"]}
        says_any = any(line.has(name) for name in (*EVIDENCE, "witness", "purposes"))
        if not (says_any or needed) or not self._is_whole(line, needed):
            return
        purposes = set(line.get("purposes", (Purpose.MESSAGES,)))
        if needed - purposes:
            self._lacking(line, needed - purposes)
        fresh = [purpose for purpose in sorted(purposes) if not self._is_known(line, purpose, known)]
        ended = [self._ended(line, purpose, known, hashes) for purpose in fresh]
        if any(ended) or needed & purposes - set(fresh):
            self._withdrawn(line, max((moment for moment in ended if moment), default=None))
        if fresh:
            self.new[code] = [self._values(line, purpose) for purpose in fresh]

    def rows(self, ids: Mapping[Hashable, int]) -> Iterator[Values]:
        """The rows to store, once the members have their ids."""
        for code, rows in self.new.items():
            for row in rows:
                yield row | {"member_id": ids[code]}

    def _is_whole(self, line: Line, needed: set[Purpose]) -> bool:
        """True when all evidence is there and can be read; else it is a problem."""
        parts = (*EVIDENCE, "witness") if line.get("way") == Way.ORAL else EVIDENCE
        missing = [self.intake.columns[name].fr for name in parts if not line.has(name)]
        if missing:
            start = "Sans preuve d'accord rien n'est gardé" if needed else "L'accord n'est pas complet"
            start_en = "Without evidence of consent nothing is kept" if needed else "The consent is not complete"
            first = next(name for name in parts if not line.has(name))
            listed = ", ".join(f"« {title} »" for title in missing)
            self.intake.problem(line, first, f"{start}. Remplissez {listed}.", f"{start_en}. Fill in {listed}.")
        elif line.get("given_on", date.min) > self.intake.today:
            self.intake.problem(line, "given_on", "Cette date est dans le futur.", "This date lies in the future.")
        return not missing and not line.bad & {*EVIDENCE, "witness", "purposes"}

    def _lacking(self, line: Line, purposes: set[Purpose]) -> None:
        words = {
            Purpose.MESSAGES: ("« messages », pour le téléphone", "“messages”, for the phone"),
            Purpose.LIFE_STAGE: ("« étape de vie », pour l'étape de vie", "“life stage”, for the life stage"),
        }
        fr, en = (" ; ".join(words[purpose][which] for purpose in sorted(purposes)) for which in (0, 1))
        self.intake.problem(line, "purposes", f"Il manque l'accord {fr}.", f"The consent is missing: {en}.")

    def _is_known(self, line: Line, purpose: Purpose, known: list[Values]) -> bool:
        said = (purpose, self._moment(line), line.get("text_version"))
        return any((row["purpose"], row["given_at"], row["text_version"]) == said for row in known)

    def _ended(self, line: Line, purpose: Purpose, known: list[Values], hashes: Iterable[str]) -> date | None:
        """The day on which this purpose was withdrawn or refused, when the line's evidence is not newer."""
        ends = [row["withdrawn_at"] for row in known if row["purpose"] == purpose and row["withdrawn_at"]]
        ends += [at for hashed in hashes for refused, at in self.refusals.get(hashed, []) if refused == purpose]
        last = max((local(moment, self.intake.programme.zone).date() for moment in ends), default=None)
        return last if last and line.given["given_on"] <= last else None

    def _withdrawn(self, line: Line, last: date | None) -> None:
        since, since_en = (f" le {last:%d/%m/%Y}", f" on {last}") if last else ("", "")
        self.intake.problem(
            line,
            "given_on",
            f"Cet accord a été retiré ou refusé{since}. Il faut un nouvel accord, d'un jour plus tard.",
            f"This consent was withdrawn or refused{since_en}. A new one is needed, of a later day.",
        )

    def _moment(self, line: Line) -> datetime:
        return at_local(line.given["given_on"], time.min, self.intake.programme.zone)

    def _values(self, line: Line, purpose: Purpose) -> Values:
        return {
            "programme_id": self.intake.programme.id,
            "purpose": purpose,
            "granted": True,
            "text_version": line.get("text_version"),
            "language": line.get("consent_language"),
            "way": line.get("way"),
            "witness": line.get("witness") if line.get("way") == Way.ORAL else None,
            "taken_by": line.get("taken_by"),
            "given_at": self._moment(line),
        }
