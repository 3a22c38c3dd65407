"""The donor pack: a page that tells a period, to read, to print and to hand over with its data in one file."""

from __future__ import annotations

import hashlib
import tempfile
from collections.abc import Callable
from datetime import date, datetime
from pathlib import Path
from typing import Any

from flask import Blueprint, abort, g, render_template, request
from flask import Response as Answer
from sqlalchemy.orm import Session

from campaigns.admin import span, words
from campaigns.admin.changed import PILLARS
from campaigns.admin.decisions import THEMES
from campaigns.admin.meanings import meaning, named
from campaigns.admin.members import HEA_BANDS
from campaigns.admin.messages import KINDS as CATEGORIES
from campaigns.admin.security import installation, me, needs, writing
from campaigns.admin.words import N_, _
from campaigns.evaluation import bundle, export, knowledge, pack
from campaigns.evaluation.counting import Ask
from campaigns.evaluation.export import Parcel, Why
from campaigns.evaluation.period import Period
from campaigns.evaluation.surveys import SURVEYS
from campaigns.models import MeasureKind
from messaging import audit
from messaging.clock import local, parse_date, utc_now
from messaging.errors import DataError, RefusedError
from messaging.installation import Installation
from messaging.models import Programme, Role
from messaging.models.people import HeaBand

donor = Blueprint("donor", __name__, url_prefix="/admin/<programme>/results/donor", template_folder="templates")

LADDER = tuple(f"LAD-{step}" for step in range(1, 8))
STYLE = Path(__file__).parent / "static" / "donor.css"
WAVES = {"pre": N_("avant"), "mid": N_("au milieu"), "post": N_("après"), "practice": N_("exercice")}
KINDS = {
    MeasureKind.BASELINE: N_("Au début"),
    MeasureKind.MIDLINE: N_("À mi-parcours"),
    MeasureKind.ENDLINE: N_("À la fin"),
    MeasureKind.TARGET: N_("Cible"),
}
SEXES = {"f": N_("femmes"), "m": N_("hommes"), "unknown": N_("non dit")}


@donor.get("")
@needs(Role.EVALUATION)
def form() -> str:
    """Choose the days, look at the page, take the pack."""
    _everywhere()
    return _form()


@donor.get("/page")
@needs(Role.EVALUATION)
def page() -> str:
    """The page of these days, to read and to print from here."""
    _everywhere()
    now = utc_now()
    with installation().db.read() as session:
        chosen = span.here(session, now)
        return render(session, g.programme, chosen.period, now, whole=False)


@donor.post("")
@needs(Role.EVALUATION)
def take() -> Answer | tuple[str, int]:
    """The pack as one file; why it is taken and until when stands in the audit log, with its hash."""
    _everywhere()
    now = utc_now()
    try:
        until = request.form.get("until", "").strip()
        today = local(now, g.programme.zone).date()
        day = parse_date(until) if until else None
        why = export.reason(request.form.get("why", ""), day, today, audit.actor(me().id))
        with installation().db.read() as session:
            period = span.here(session, now).period
        with writing() as session:
            export.begin(session, g.programme, Ask(session, g.programme, period, now), bundle.NAME, "zip", why)
    except (DataError, RefusedError) as refusal:
        return _form(words.sentence(str(refusal))), 400
    name, body = make(installation(), g.programme, period, now, why)
    return Answer(body, mimetype="application/zip", headers={"Content-Disposition": f'attachment; filename="{name}"'})


def make(
    here: Installation, programme: Programme, period: Period, now: datetime, why: Why,
    leave: Callable[[str, bytes], object] = lambda _name, _body: None,
) -> tuple[str, bytes]:  # fmt: skip
    """The name and the bytes of the pack, in the language of the request; that it left is noted, or that it broke off.

    `leave` puts it where it goes, before it is noted.
    """
    one = Parcel(bundle.NAME, lambda _one: iter(()))
    try:
        with tempfile.TemporaryDirectory() as folder, here.db.read() as session:
            path = Path(folder) / "pack.zip"
            ask = Ask(session, programme, period, now)
            one.name = bundle.name(ask)
            rows = bundle.write(ask, render(session, programme, period, now, whole=True), path)
            body = path.read_bytes()
        leave(one.name, body)
        one.rows, one.digest, one.is_whole = sum(rows.values()), hashlib.sha256(body), True
    finally:
        with here.db.write() as session:
            export.finish(session, programme, bundle.NAME, one, why, now)
    return one.name, body


def _everywhere() -> None:
    """The pack tells the whole programme: it is not for accounts of some places."""
    if me().villages is not None:
        abort(404)


def _form(refusal: str = "") -> str:
    now = utc_now()
    with installation().db.read() as session:
        chosen = span.here(session, now)
    return render_template("donor_form.html", span=chosen, typed=request.form, refusal=refusal)


def render(session: Session, programme: Programme, period: Period, now: datetime, *, whole: bool) -> str:
    """The page, in the language of the request; `whole`: one file that needs no other, to be handed over."""
    told = pack.gather(session, programme, period, now)
    name = programme.name_en if words.code() == "en" else programme.name_fr
    return render_template(
        "donor.html", pack=told, name=name, title=title(programme, period, name),
        made_on=local(now, programme.zone).date(), style=STYLE.read_text(encoding="utf-8") if whole else "",
        ladder=LADDER, waves=pack.WAVES, WAVES=WAVES, kinds=tuple(KINDS), KINDS=KINDS, sentence=knowledge.sentence,
        communes=[pack.Line(area.commune, line.figures) for area, line in told.communes], named=named, meaning=meaning,
        month_labels=[_month(line.key) for line in told.months], **NAMES,
    )  # fmt: skip


def title(programme: Programme, period: Period, name: str) -> str:
    """The title of the page, which a browser takes for the name of the PDF."""
    mark = " DEMONSTRATION" if programme.demonstration else ""
    return f"{name}, {period.since:%Y-%m-%d} – {period.last:%Y-%m-%d}{mark}"


def _month(key: str) -> str:
    return words.month_name(date.fromisoformat(f"{key}-01"))


def _sex(key: str | None) -> str:
    return _(SEXES.get(key or "", SEXES["unknown"]))


def _band(key: str | None) -> str:
    return _(HEA_BANDS[HeaBand(key)]) if key else _("non dit")


def _theme(key: str | None) -> str:
    return _(THEMES[key]) if key in THEMES else _("sans thème")


def _pillar(key: str | None) -> str:
    return _(PILLARS[key]) if key in PILLARS else _("non dit")


def _category(key: str | None) -> str:
    return _(CATEGORIES[key]) if key in CATEGORIES else _("à trier")


def _survey(code: str) -> str:
    one = SURVEYS[code]
    return f"{one.en if words.code() == 'en' else one.fr} ({code}, {one.unit})"


def _commune(key: str) -> str:
    return key


NAMES: dict[str, Any] = {
    "month_of": _month, "sex_name": _sex, "band_name": _band, "theme_name": _theme, "pillar_name": _pillar,
    "category_name": _category, "survey_name": _survey, "commune_name": _commune,
}  # fmt: skip
