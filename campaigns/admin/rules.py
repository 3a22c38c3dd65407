"""The rules of a programme on one page: languages, open hours, caps, risk, budget, stop words.

Few of them change here; the page names the command for the rest, which changes once a year.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from flask import Blueprint, current_app, flash, g, redirect, render_template, request, url_for
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from campaigns.admin import words
from campaigns.admin.bill import names
from campaigns.admin.rhythm import of_programme
from campaigns.admin.security import installation, me, needs, writing
from campaigns.admin.words import N_, _
from campaigns.calendar import month_before
from campaigns.conversation.grammar.words import DONT_KNOW, HELP_BARE, HELP_DOGON, NO, NO_DOGON, START, YES, YES_DOGON
from messaging import budget, programmes, stop, stop_words
from messaging.clock import utc_now
from messaging.errors import DataError, RefusedError
from messaging.models import Budget, Cap, Chain, Programme, RiskRule, Role
from messaging.models.place import RiskLevel
from messaging.models.rule import Decision

rules = Blueprint("rules", __name__, url_prefix="/admin/<programme>", template_folder="templates")
BACK, AHEAD = 2, 4  # months that the page shows
# Words that people write to say something else: as a STOP they would close phones by mistake.
TAKEN = frozenset[str]().union(YES, YES_DOGON, NO, NO_DOGON, START, HELP_BARE, HELP_DOGON, DONT_KNOW)
RISK_LEVELS = {RiskLevel.GREEN: N_("vert"), RiskLevel.ORANGE: N_("orange"), RiskLevel.RED: N_("rouge")}
TAGS = {
    "distribution": N_("distribution"),
    "cash": N_("argent"),
    "agency": N_("nom d'une agence"),
    "meeting": N_("réunion avec des gens du dehors"),
    "srh": N_("santé sexuelle et reproductive"),
    "security": N_("sécurité"),
    "warning": N_("alerte précoce"),
    "radio": N_("heures d'une radio qui n'y a pas consenti"),
}


@dataclass(frozen=True)
class Trouble:
    """Why a form was not taken, and which one."""

    form: str
    sentence: str


@rules.get("/programme")
def page() -> str:
    """All rules."""
    return _show()


@rules.post("/programme/budget")
@needs(Role.APPROVER, Role.ADMINISTRATOR)
def change_budget() -> Response | tuple[str, int]:
    """Set the limit of a month; an empty sum takes it away."""
    month, said = request.form.get("month", ""), request.form.get("sum", "")
    digits = "".join(said.split())

    def act(session: Session, now: datetime) -> None:
        if digits and not digits.isdecimal():
            raise DataError(
                f"« {said} » n'est pas une somme : écrivez des chiffres, en XOF, sans décimales. / "
                f"« {said} » is no sum: write digits, in XOF, without decimals."
            )
        _change(session, now, budgets=[f"{month}={digits}"])

    return _do("budget", act)


@rules.post("/programme/fallback")
@needs(Role.APPROVER, Role.ADMINISTRATOR)
def change_fallback() -> Response | tuple[str, int]:
    """Set what people of a language get where it has no approved text."""
    language, chain = (
        request.form.get("language", ""),
        ",".join(request.form.get("chain", "").replace(",", " ").split()),
    )
    return _do("fallback", lambda session, now: _change(session, now, chains=[f"{language}={chain}"]))


@rules.post("/programme/stop-word")
@needs(Role.APPROVER)
def add_stop_word() -> Response | tuple[str, int]:
    """Add a word that means STOP."""
    word, language = request.form.get("word", ""), request.form.get("word_language") or None
    return _do(
        "stop_word",
        lambda session, now: stop_words.add(session, word, language, now, staff_id=me().id, taken=TAKEN),
    )


def _change(session: Session, now: datetime, **what: Sequence[str]) -> dict[str, Any]:
    programme = session.get_one(Programme, g.programme.id)
    return programmes.change(session, programme, now, staff_id=me().id, **what)  # type: ignore[arg-type]


def _do(form: str, act: Callable[[Session, datetime], object]) -> Response | tuple[str, int]:
    """Do it, then the page again; or the same page with all that was typed and the reason."""
    try:
        with writing() as session:
            act(session, utc_now())
    except (DataError, RefusedError) as refusal:
        return _show(Trouble(form, words.sentence(str(refusal)))), 400
    current_app.extensions.get("jekulu.wake", lambda *_: None)("send")
    flash(_("C'est noté."), "good")
    return redirect(url_for("rules.page", _anchor=form), 303)


def _show(trouble: Trouble | None = None) -> str:
    programme: Programme = g.programme
    now = utc_now()
    with installation().db.read() as session:
        chains = {row.language: row.falls_to for row in session.scalars(_of(Chain, programme))}
        return render_template(
            "rules.html", trouble=trouble, typed=request.form if trouble else {}, names=names(session),
            chains=[(code, chains.get(code, [])) for code in dict.fromkeys([*programme.languages, *sorted(chains)])],
            rhythm=of_programme(session, programme, now), caps=session.scalars(sa.select(Cap).order_by(Cap.kind)).all(),
            risk=risk(session), months=months(session, programme, now), this_month=budget.month_of(now),
            words_of_code=stop.WORDS, words_of_languages={**stop.BOUND, "dogon": stop.DOGON},
            words_added=stop_words.rows(session), RISK_LEVELS=RISK_LEVELS, TAGS=TAGS,
            may_spend=me().has(Role.APPROVER) or me().has(Role.ADMINISTRATOR),
            may_add=me().has(Role.APPROVER),
        )  # fmt: skip


def _of(model: Any, programme: Programme) -> Any:
    return sa.select(model).where(model.programme_id == programme.id)


def months(session: Session, programme: Programme, now: datetime) -> list[Budget]:
    """The budgets of the last months, this one and the next, one row each."""
    this = budget.month_of(now)
    shown = [month_before(this, count) for count in range(BACK, -AHEAD - 1, -1)]
    known = {row.month: row for row in session.scalars(_of(Budget, programme).where(Budget.month.in_(shown)))}
    return [known.get(month) or Budget(month=month, reserved_micros=0, charged_micros=0) for month in shown]


def risk(session: Session) -> list[tuple[str, list[bool]]]:
    """For each tag whether it may leave, from the calmest level to the strictest."""
    blocked = {
        (row.tag, row.level) for row in session.scalars(sa.select(RiskRule).where(RiskRule.decision == Decision.BLOCK))
    }
    return [(tag, [(tag, level) not in blocked for level in RiskLevel]) for tag in TAGS]
