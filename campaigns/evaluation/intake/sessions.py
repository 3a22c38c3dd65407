"""Reports of club sessions from paper and from forms, one line a report; stored as a typed one is, with its history.

A club has one session on a day: a line that says otherwise than what stands there is a problem, unless its column
« Remplacer » says yes. It is what a second SMS is asked. A form that a person sent is taken once, by its id.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, time
from typing import Any

import sqlalchemy as sa

from campaigns.clubs import listening, reports
from campaigns.conversation import screening
from campaigns.conversation.slots import COUNTS, KEYWORDS
from campaigns.evaluation.intake.numbers import moment
from campaigns.models import Attendance, AttendanceState, ClubSession, ClubSessionStatus, Heard
from messaging.batches import rows_in
from messaging.clock import at_local, local
from messaging.errors import RefusedError
from messaging.imports.columns import Column, choice, day, text, whole, words, yes
from messaging.imports.intake import Intake, Line
from messaging.imports.references import CLUB
from messaging.imports.result import SharedPhone
from messaging.imports.rows import Rows
from messaging.models import Club

MOST = 999  # heads of one kind
HELD, CANCELLED = ClubSessionStatus.HELD, ClubSessionStatus.CANCELLED
ATTENDANCE: sa.Table = Attendance.__table__  # type: ignore[assignment]
REPORT = choice(
    ("attendance", f"séance|session|{KEYWORDS['attendance']}"),
    ("listening", f"écoute radio|listening|{KEYWORDS['listening']}"),
    ("visit", f"visite|visit|{KEYWORDS['visit']}"),
)
STATUS = choice((HELD, "tenue|held"), (CANCELLED, "annulée|cancelled"))
SIGNAL = choice(
    (Heard.WELL, "bien|well"), (Heard.PARTLY, "en partie|partly"), (Heard.NO_SIGNAL, "pas captée|no signal")
)
SOURCE = choice(("paper", "papier|paper"), ("form", "formulaire|form"))
SOURCES = {"sms": "SMS", "paper": "papier", "form": "formulaire"}
HEADS = (*reports.SEXES, "total", "pregnant", "lactating")
PROBLEMS = (Heard.PARTLY, Heard.NO_SIGNAL)  # of how it was heard
NEWS = (
    "Un compte rendu est arrivé pendant l'import. Vérifiez la feuille de nouveau. / "
    "A report came in during the import. Check the sheet again."
)


def _heads(key: str, fr: str, en: str, letter: str, example: str = "") -> Column:
    """A column of heads, with the names it has in an export of the form: in its group, and by its label."""
    most = 4 * MOST if key == "total" else MOST
    return Column(key, fr, en, whole(0, most), example, also=(f"counts/{key}", f"{letter} {fr}"))


COLUMNS = (
    Column("club_id", "Code du club", "Club code", text(30), "1041", needed=True, refers=CLUB, also=("club_code",)),
    Column("held_on", "Date", "Date", day, "2026-03-05", needed=True, also=("held_on", "Date de la séance")),
    Column("kind", "Genre", "Kind", REPORT, "séance", also=("Genre de rapport",)),
    Column("status", "Tenue ou annulée", "Held or cancelled", STATUS, "tenue", also=("La séance",)),
    Column("session", "Numéro de la séance", "Session number", whole(1, MOST), also=("session_no",)),
    Column("episode", "Émission", "Episode", whole(1, MOST), also=("episode_no", "Numéro de l'émission")),
    Column("signal", "Captée", "Signal", SIGNAL, also=("Émission captée",)),
    _heads("women", "Femmes", "Women", "F", "12"),
    _heads("men", "Hommes", "Men", "H", "8"),
    _heads("girls", "Jeunes filles", "Girls", "JF"),
    _heads("boys", "Jeunes garçons", "Boys", "JG"),
    _heads("pregnant", "Femmes enceintes", "Pregnant", "FE"),
    _heads("lactating", "Femmes allaitantes", "Lactating", "FA"),
    _heads("total", "Total", "Total", "T", "20"),
    Column("note", "Note", "Note", words(500), also=("Note ou question du club",)),
    Column("source", "Source", "Source", SOURCE, "papier"),
    Column("submission", "Identifiant de l'envoi", "Submission", text(80), also=("_uuid", "KEY", "meta/instanceID")),
    Column(
        "sent_at", "Envoyé le", "Sent on", moment, also=("_submission_time", "SubmissionDate", "end", "start", "today")
    ),
    Column("replace", "Remplacer", "Replace", yes),
)
# What KoBo and ODK add to every export, exactly as they write it: « _status » and « Status » are not ours.
PASSED_OVER = frozenset({
    "deviceid", "username", "counts", "Présents", "formhub/uuid", "meta/rootUuid",
    "__version__", "_id", "_validation_status", "_notes", "_status", "_submitted_by", "_tags",
    "_index", "_parent_index", "_attachments", "_geolocation", "_xform_id_string", "_bamboo_dataset_id",
    "SubmitterID", "SubmitterName", "AttachmentsPresent", "AttachmentsExpected", "Status",
    "ReviewState", "DeviceID", "Edits", "FormVersion",
})  # fmt: skip


@dataclass(frozen=True)
class Report:
    """What one report says of one session of a club, and where it stands now."""

    status: ClubSessionStatus
    intent: str = "attendance"
    heads: Mapping[str, int | None] | None = None
    episode: int | None = None
    number: int | None = None
    problem: str | None = None
    source: str = ""
    line: int = 0  # of this file; 0: it is stored
    verified: bool = False

    def says_of(self, other: Report) -> bool:
        """Whether this one says what a later one says; what that leaves out is no difference."""
        if self.status is not other.status or self.status is CANCELLED:
            return self.status is other.status
        mine, its = self.heads or {}, other.heads or {}
        beside = ((self.episode, other.episode), (self.number, other.number))
        return (
            all((mine.get(name) or 0) == (its.get(name) or 0) for name in HEADS)
            and all(its is None or mine == its for mine, its in beside)
            and (other.intent != "listening" or (self.intent, self.problem) == (other.intent, other.problem))
        )

    def told(self) -> tuple[str, str]:
        """What stands there, for a sentence in French and in English."""
        heads = self.heads or {}
        said = " ".join(f"{letter}{heads[key]}" for letter, key in COUNTS if heads.get(key) is not None)
        fr, en = (said, said) if self.status is HELD else ("annulée", "cancelled")
        if self.line:
            return f"{fr} (ligne {self.line})", f"{en} (line {self.line})"
        return f"{fr} ({SOURCES.get(self.source, self.source)})", f"{en} ({self.source})"


class Sessions:
    """The reports of one file."""

    def __init__(self, intake: Intake) -> None:
        self.intake = intake
        self.rows = Rows(ATTENDANCE, {})
        self.standing = self._standing()
        self.seen = dict(self.standing)
        self.taken = self._taken()
        self.accepted: list[tuple[Line, Report]] = []
        for line in intake.lines:
            self._take(line)

    def store(self, now: datetime) -> None:
        """Write each new or changed report with its history.

        Raises:
            RefusedError: another report came in since the file was checked.
        """
        session, ids = self.intake.session, sorted({line.get("club_id") for line, _report in self.accepted})
        listening.lock(session, Club.id.in_(ids))
        if self._standing() != self.seen:
            raise RefusedError(NEWS)
        clubs = {club.id: club for club in session.scalars(sa.select(Club).where(Club.id.in_(ids)))}
        stored = [
            reports.record(
                session, clubs[line.get("club_id")], line.get("held_on"), _counts(line, report), source=report.source,
                staff_id=self.intake.staff_id, now=now, intent="visit" if report.intent == "visit" else "attendance",
                submission=_submission(line), received_at=self._received_at(line, report, now), alone=False,
            )
            for line, report in self.accepted
        ]  # fmt: skip
        reports.follow(session, stored, now)

    def _received_at(self, line: Line, report: Report, now: datetime) -> datetime:
        """When a form was sent, as it says, unless its clock was wrong; paper comes in when it is brought."""
        sent = line.get("sent_at") if report.source == "form" else None
        if isinstance(sent, date) and not isinstance(sent, datetime):
            sent = at_local(sent, time.max, self.intake.programme.zone)  # no hour is told: late rather than early
        zone = self.intake.programme.zone
        return sent if sent and sent <= now and local(sent, zone).date() >= line.get("held_on") else now

    def shared_phones(self) -> list[SharedPhone]:
        """None: these lines have no phones."""
        return []

    def _take(self, line: Line) -> None:
        self.intake.need(line)
        if (submission := _submission(line)) in self.taken:
            self.rows.same.add(line.number)
            return
        self._check_day(line)
        report = _report(line)
        if report.status is HELD:
            self._check_heads(line)
        elif any(line.get(name) is not None for name in HEADS):
            self._problem(line, "status", "Annulée, mais des présents sont comptés. Corrigez l'un des deux.",
                          "Cancelled, but people are counted. Mend one of the two.")  # fmt: skip
        if line.bad or not (line.has("club_id") and line.has("held_on")):
            return
        key = (line.get("club_id"), line.get("held_on"))
        if self._accept(line, report, self.standing.get(key)):
            self.standing[key] = report
            self.accepted.append((line, report))
            self.taken |= {submission} - {None}

    def _accept(self, line: Line, report: Report, before: Report | None) -> bool:
        """Whether a line is to be stored; one that says otherwise than what stands there needs to say so."""
        if before is None:
            self.rows.new[line.number] = {}
            return True
        if before.says_of(report):
            if report.source == "paper" and before.status is HELD and not (before.verified or before.line):
                self.rows.changes[line.number] = {}  # the same on paper proves it
                return True
            self.rows.same.add(line.number)
            return False
        if line.get("replace"):
            self.rows.changes[line.number] = {}
            return True
        fr, en = before.told()
        self._problem(line, "replace", f"Il y a déjà un compte rendu de ce jour : {fr}. Écrivez oui pour le remplacer.",
                      f"There is a report of this day already: {en}. Write yes to replace it.")  # fmt: skip
        return False

    def _check_day(self, line: Line) -> None:
        if line.get("held_on", date.min) > self.intake.today:
            self._problem(line, "held_on", "Cette date est dans le futur.", "This date lies in the future.")

    def _check_heads(self, line: Line) -> None:
        if line.bad & {*HEADS}:
            return
        parts = [line.get(name) for name in reports.SEXES if line.has(name)]
        if not parts:
            if _heard(line) is not Heard.NO_SIGNAL:
                self._problem(line, "women", "Personne n'est compté. Écrivez au moins un nombre, 0 aussi.",
                              "Nobody is counted. Write one number at least, 0 too.")  # fmt: skip
        elif not line.has("total"):
            self._problem(line, "total", "Écrivez aussi le total : il protège des fautes de frappe.",
                          "Write the total too: it protects from slips.")  # fmt: skip
        elif sum(parts) != line.get("total"):
            sums, given = f"{'+'.join(map(str, parts))}={sum(parts)}", line.get("total")
            self._problem(line, "total", f"{sums}, pas {given}. Corrigez un des nombres.",
                          f"{sums}, not {given}. Mend one of the numbers.")  # fmt: skip
        if line.get("women") is not None and line.get("pregnant", 0) + line.get("lactating", 0) > line.get("women"):
            self._problem(line, "pregnant", "Plus de femmes enceintes et allaitantes que de femmes venues.",
                          "More women pregnant and nursing than women came.")  # fmt: skip

    def _problem(self, line: Line, key: str, fr: str, en: str) -> None:
        self.intake.problem(line, key, fr, en)

    def _standing(self) -> dict[tuple[int, date], Report]:
        """What is stored of the clubs and days of this file, by them."""
        days = [line.get("held_on") for line in self.intake.lines if line.has("held_on") and "held_on" not in line.bad]
        clubs = {line.get("club_id") for line in self.intake.lines} - {None}
        if not days or not clubs:
            return {}
        counts = sa.and_(Attendance.club_session_id == ClubSession.id, Attendance.state.in_(reports.COUNTS))
        query = (
            sa.select(ClubSession, Attendance)
            .outerjoin(Attendance, counts)
            .where(ClubSession.held_on.between(min(days), max(days)), ClubSession.status.in_((HELD, CANCELLED)))
            .execution_options(populate_existing=True)
        )
        found = rows_in(self.intake.session, query, ClubSession.club_id, clubs)
        return {(meeting.club_id, meeting.held_on): _stored(meeting, row) for meeting, row in found}

    def _taken(self) -> set[str | None]:
        """The forms of this file that were taken before."""
        ids = {_submission(line) for line in self.intake.lines} - {None}
        return {row.submission for row in rows_in(self.intake.session, sa.select(Attendance.submission),
                                                  Attendance.submission, ids)}  # fmt: skip


def _stored(meeting: ClubSession, row: Attendance | None) -> Report:
    stands = Report(meeting.status, number=meeting.number)
    if row is None or meeting.status is CANCELLED:
        return replace(stands, source=row.source if row else meeting.source)
    return replace(
        stands, intent=row.intent, heads={name: getattr(row, name) for name in HEADS}, episode=row.episode,
        problem=row.problem if row.problem in PROBLEMS else None, source=row.source,
        verified=row.state is AttendanceState.VERIFIED,
    )  # fmt: skip


def _report(line: Line) -> Report:
    """What a line says."""
    heard = _heard(line)
    return Report(
        line.get("status", HELD), line.get("kind", "attendance"), {name: line.get(name) for name in HEADS},
        line.get("episode"), line.get("session"), heard if heard in PROBLEMS else None,
        line.get("source", "form" if _submission(line) else "paper"), line.number,
    )  # fmt: skip


def _counts(line: Line, report: Report) -> dict[str, Any]:
    """A line as `reports.record` takes it; the form knows no reason why a session was called off."""
    if report.status is CANCELLED:
        return {"cancelled": "other"}
    note = line.get("note")
    return {
        **{name: line.get(name) for name in HEADS if name != "total"},
        "session": report.number, "episode": report.episode, "heard": _heard(line), "note": note,
        "sensitive": bool(note) and screening.category(note, "attendance") is not None,
    }  # fmt: skip


def _heard(line: Line) -> Heard | None:
    """How the episode was heard; of a report of listening that does not say it: well, as of an SMS."""
    heard: Heard | None = line.get("signal", Heard.WELL if line.get("kind") == "listening" else None)
    return heard


def _submission(line: Line) -> str | None:
    """The id of a form; the two ways of writing it are one."""
    said = line.get("submission")
    return str(said).removeprefix("uuid:")[:64] if said else None
