"""Tables as files: chosen here, streamed to who asked, and each in the audit log with its reason and its end."""

from __future__ import annotations

from collections.abc import Generator, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import chain
from typing import Any

import sqlalchemy as sa
from flask import Blueprint, Response, g, render_template, request
from sqlalchemy.orm import Session

from campaigns.admin import paging, span
from campaigns.admin.audit import actor
from campaigns.admin.security import installation, me, needs, writing
from campaigns.admin.words import N_, _, sentence
from campaigns.evaluation import export
from campaigns.evaluation.counting import Ask, everywhere
from campaigns.evaluation.export import Why
from campaigns.evaluation.period import Period
from campaigns.evaluation.tables import TABLES, Table
from campaigns.evaluation.writers import ENDINGS, WRITERS
from messaging import audit, staff
from messaging.clock import local, parse_date, utc_now
from messaging.errors import DataError, RefusedError
from messaging.models import Audit, Role

exports = Blueprint("exports", __name__, url_prefix="/admin/<programme>/results/exports", template_folder="templates")
SEES = (Role.EVALUATION, Role.AUDITOR)
FIELDS = ("table", "form", "from", "to", "why", "until")
FORMS = {
    "csv": N_("CSV"),
    "hxl": N_("CSV avec la ligne HXL"),
    "xlsx": N_("XLSX, avec le sens des colonnes"),
    "json": N_("JSON"),
}
KINDS = {
    "csv": "text/csv; charset=utf-8",
    "hxl": "text/csv; charset=utf-8",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "json": "application/json",
}


@dataclass(frozen=True)
class Gone:
    """One file that left: when, to whom, and what the log keeps of it; without an end it is still on its way."""

    at: datetime
    who: str
    about: Mapping[str, Any]
    end: Mapping[str, Any]
    is_broken: bool

    def day(self, name: str) -> date:
        """A day of it: `from`, `to`, `until`."""
        return date.fromisoformat(self.about[name])


@exports.get("")
@needs(*SEES)
def page() -> str:
    """The form, and what has left."""
    return _show({})


@exports.post("")
@needs(Role.EVALUATION)
def take() -> Response | tuple[str, int]:
    """Send one table as a file."""
    typed = {name: request.form.get(name, "").strip() for name in FIELDS}
    now = utc_now()
    try:
        table, form, period = TABLES.get(typed["table"]), typed["form"], _period(typed)
        if table is None or form not in WRITERS:
            raise DataError(_("Choisissez une table et un format."))
        today = local(now, g.programme.zone).date()
        why = export.reason(typed["why"], _day(typed["until"]), today, audit.actor(me().id))
        return _sent(table, form, period, why, now)
    except (DataError, RefusedError) as error:
        return _show(typed, sentence(str(error))), 400


def _sent(table: Table, form: str, period: Period, why: Why, now: datetime) -> Response:
    """The file, noted before its first byte; the first piece is made here, so that a refusal can still be shown."""
    here, programme = installation(), g.programme
    within = everywhere if me().villages is None else me().within
    with writing() as session:
        ask = Ask(session, programme, period, now)
        export.begin(session, programme, ask, table.name, form, why)
        name = export.file_name(ask, table.name, ENDINGS[form])

    def pieces() -> Generator[bytes]:
        with here.db.read() as session:
            one = export.parcel(Ask(session, programme, period, now, within=within), table, form)
            try:
                yield from one
            finally:  # also when the browser goes away in the middle
                with here.db.write() as writing:
                    export.finish(writing, programme, table.name, one, why, utc_now())

    found = pieces()
    headers = {"Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": "no-store"}
    return Response(Pieces(next(found), found), content_type=KINDS[form], headers=headers)


class Pieces:
    """A file of which the first piece is made; a server that stops in the middle closes it, and it is noted."""

    def __init__(self, first: bytes, rest: Generator[bytes]) -> None:
        self._rest = rest
        self._whole = chain([first], rest)

    def __iter__(self) -> Iterator[bytes]:
        return self._whole

    def close(self) -> None:
        """Go no further."""
        self._rest.close()


def _period(typed: Mapping[str, str]) -> Period:
    first, last = _day(typed["from"]), _day(typed["to"])
    if last < first:
        raise DataError(_(span.WRONG_WAY))
    if last - first > span.LONGEST:
        raise DataError(_(span.TOO_LONG))
    return Period(first, last + timedelta(days=1), g.programme.zone)


def _day(said: str) -> date:
    try:
        return parse_date(said)
    except DataError:
        raise DataError(_(span.WRONG_DAY, day=said[:20])) from None


def _show(typed: Mapping[str, str], refusal: str = "") -> str:
    """The form with everything that was typed, for who may take files; what has left, for both."""
    with installation().db.read() as session:
        today = local(utc_now(), g.programme.zone).date()
        usual = span.usual(today, g.programme.zone)
        days = {"from": usual.since.isoformat(), "to": usual.last.isoformat()}
        found = paging.page(session, _lines(paging.after(request.args.get("before"))))
        names = staff.names(session)
        return render_template(
            "exports.html", typed={**days, **typed}, refusal=refusal, tables=TABLES, forms=FORMS, today=today,
            gone=_gone(session, [row for (row,) in found.rows], names), last=found.last, longest=export.LONGEST_WHY,
        )  # fmt: skip


def _lines(before: int | None) -> sa.Select[Audit]:
    """The lines that a file of this programme was begun, the latest first."""
    query = sa.select(Audit).where(
        Audit.object == export.OBJECT, Audit.object_id == g.programme.code, Audit.action == export.BEGUN
    )
    return (query if before is None else query.where(Audit.id < before)).order_by(Audit.id.desc())


def _gone(session: Session, rows: Sequence[Audit], names: dict[int, str]) -> list[Gone]:
    """Each file that was begun, with the line of its end."""
    if not rows:
        return []
    query = sa.select(Audit).where(
        Audit.object == export.OBJECT, Audit.object_id == g.programme.code, Audit.action != export.BEGUN,
        Audit.id > rows[-1].id,
    )  # fmt: skip
    ends = {(row.after or {}).get("mark"): row for row in session.scalars(query)}
    found = []
    for row in rows:
        about = row.after or {}
        end = ends.get(about.get("mark"))
        is_broken = end is not None and end.action == export.BROKEN
        found.append(Gone(row.at, actor(row.actor, names), about, (end and end.after) or {}, is_broken))
    return found
