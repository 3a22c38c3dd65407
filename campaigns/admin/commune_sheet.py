"""The month of a commune for its authorities, on one A4 page and as a table with an HXL row: counts, and nobody."""

from __future__ import annotations

import csv
import hashlib
import io
from datetime import date, datetime

import sqlalchemy as sa
from flask import Blueprint, Response, abort, g, render_template, request
from sqlalchemy.orm import Session

from campaigns.admin.decisions import THEMES
from campaigns.admin.security import installation, me, needs, writing
from campaigns.admin.tally import REASONS
from campaigns.admin.words import code
from campaigns.evaluation import areas
from campaigns.evaluation.commune import COLUMNS, Sheet, gather
from campaigns.evaluation.period import Period
from campaigns.evaluation.tables.table import DEMONSTRATION, MARK, Cell, Column
from messaging import audit, places
from messaging.clock import local, utc_now
from messaging.models import Programme, ProgrammeVillage, Role

commune_sheet = Blueprint(
    "commune_sheet", __name__, url_prefix="/admin/<programme>/people/communes", template_folder="templates"
)
SEES = (Role.EDITOR, Role.OFFICER, Role.EVALUATION, Role.APPROVER)
BACK = 12  # months that can be chosen


@commune_sheet.get("/<int:commune>/sheet")
@needs(*SEES)
def page(commune: int) -> str:
    """The sheet of a month, to be printed; the last whole month unless another is asked for."""
    now = utc_now()
    wanted = _month(now)
    with installation().db.read() as session:
        found = _gathered(session, commune, wanted, now)
    near = [one for one in (shifted(wanted, -1), shifted(wanted, 1)) if one in _months(now)]
    return render_template(
        "commune_sheet.html", sheet=found, commune=commune, month=wanted, around=near, REASONS=REASONS, THEMES=THEMES,
        is_running=found.period.last >= local(now, g.programme.zone).date(), today=local(now, g.programme.zone).date(),
    )  # fmt: skip


@commune_sheet.get("/<int:commune>/sheet.csv")
@needs(*SEES)
def file(commune: int) -> Response:
    """The same as a table with an HXL row; that it was taken is in the log."""
    now = utc_now()
    wanted = _month(now)
    with installation().db.read() as session:
        found = _gathered(session, commune, wanted, now)
        data = written(found, g.programme, p_codes=areas.has_p_codes(areas.scheme_of(session, g.programme)))
    said = {"place": commune, "month": f"{wanted:%Y-%m}", "hash": hashlib.sha256(data).hexdigest()[:16]}
    with writing() as session:
        audit.note(session, audit.actor(me().id), "sheet_taken", "programme", g.programme.id, now, after=said)
    name = f"{g.programme.code}-{found.area.commune_code or commune}-{wanted:%Y-%m}.csv"
    headers = {"Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": "private, no-store"}
    return Response(data, mimetype="text/csv", headers=headers)


def written(sheet: Sheet, programme: Programme, *, p_codes: bool) -> bytes:
    """The file: UTF-8, commas, a header and an HXL row; those of a demonstration say so in each row."""
    own = (*COLUMNS, MARK) if programme.demonstration else COLUMNS
    mark = (DEMONSTRATION,) if programme.demonstration else ()
    out = io.StringIO(newline="")
    writer = csv.writer(out)
    writer.writerow(column.name for column in own)
    writer.writerow(_tag(column, p_codes=p_codes) for column in own)
    for row in sheet.rows(english=code() == "en"):
        writer.writerow(_plain(cell) for cell in (*row, *mark))
    return out.getvalue().encode()


def shifted(first: date, months: int) -> date:
    """The first day of a month so many months on."""
    count = first.year * 12 + first.month - 1 + months
    return date(count // 12, count % 12 + 1, 1)


def _gathered(session: Session, commune: int, wanted: date, now: datetime) -> Sheet:
    """The sheet; 404 where the account has no village of the programme."""
    programme: Programme = g.programme
    period = Period(wanted, shifted(wanted, 1), programme.zone)
    pairs = places.communes(period.last).subquery()
    query = (
        sa.select(pairs.c.village_id)
        .join(ProgrammeVillage, ProgrammeVillage.place_id == pairs.c.village_id)
        .where(ProgrammeVillage.programme_id == programme.id, pairs.c.commune_id == commune)
    )
    all_of_it = session.scalars(query).all()
    own = [ident for ident in all_of_it if me().sees(ident)]
    if not own:
        abort(404)
    (area,) = areas.of(session, {commune}, areas.scheme_of(session, programme), period.last).values()
    number = len(own), len(all_of_it)
    return gather(session, programme, area, period, now, lambda village: village.in_(own), number)


def _month(now: datetime) -> date:
    """The month that is asked for, by its first day; else the last whole one."""
    months = _months(now)
    return next((one for one in months if f"{one:%Y-%m}" == request.args.get("month")), months[1])


def _months(now: datetime) -> list[date]:
    """The months to choose from, this one first."""
    this = local(now, g.programme.zone).date().replace(day=1)
    return [shifted(this, -back) for back in range(BACK + 1)]


def _tag(column: Column, *, p_codes: bool) -> str:
    is_code = column.tag.startswith("#adm") and "+code" in column.tag
    return f"{column.tag}+v_pcodes" if is_code and p_codes else column.tag


def _plain(cell: Cell) -> Cell:
    return f"'{cell}" if isinstance(cell, str) and cell.startswith(("=", "+", "-", "@")) else cell
