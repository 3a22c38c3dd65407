"""The ladder of reach: from those enrolled to those who learned, and why people are lost from one step to the next."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from flask import Blueprint, g, render_template

from campaigns.admin import covered, span, words
from campaigns.admin.members import SEXES
from campaigns.admin.results import SEES
from campaigns.admin.security import installation, needs
from campaigns.admin.words import N_, _
from campaigns.evaluation import indicators, suppression
from campaigns.evaluation.counting import Ask
from campaigns.evaluation.indicators import Figure
from campaigns.evaluation.losses import HELD, losses
from messaging.clock import utc_now
from messaging.models.people import Sex

ladder = Blueprint("ladder", __name__, url_prefix="/admin/<programme>/results", template_folder="templates")
STEPS = ("LAD-1", "LAD-2", "LAD-3", "LAD-4", "LAD-5", "LAD-6")
APART = "LAD-7"  # of those enrolled, not of the step before
REASONS = {
    "not_asked": N_("jamais demandé"),
    "refused": N_("ont refusé"),
    "withdrawn": N_("ont retiré leur accord"),
    "group_only": N_("groupe seul, à leur choix"),
    "no_phone": N_("sans téléphone"),
    "opted_out": N_("ont dit STOP"),
    "nothing_due": N_("rien n'était à envoyer"),
    "no_receipt": N_("aucun accusé"),
    "phone_off": N_("téléphone éteint ou hors réseau"),
    "number_dead": N_("numéro refusé ou mort"),
    "no_answer": N_("question reçue, pas de réponse"),
    "no_question": N_("aucune question reçue"),
}


@dataclass(frozen=True)
class Rung:
    """One step: its figure, what it is of the first one in percent, and whom it lost to the next, for which reason."""

    code: str
    figure: Figure | None
    percent: float | None
    lost: float | None
    reasons: Mapping[str, int]
    following: Figure | None = None


@ladder.get("/ladder")
@needs(*SEES)
def page() -> str:
    """The steps of all, by sex and by commune."""
    now = utc_now()
    with installation().db.read() as session:
        chosen = span.here(session, now)

        fine, codes = ("area", "sex"), (*STEPS, APART)
        counted = {*codes, *suppression.followed(codes)}
        counts = indicators.count(
            session, g.programme, chosen.period, now, by=fine, codes=counted, within=chosen.within
        )  # fmt: skip

        def cut(*by: str) -> dict[str | int | None, dict[str, Figure]]:
            """A member is of one commune and one sex: the steps add up, and are counted once for the whole page."""
            sums = indicators.added_up(counts, fine, by)
            added = indicators.figures(session, g.programme, sums, by, codes, chosen.within)
            found: dict[str | int | None, dict[str, Figure]] = {}
            for one in covered.hide(session, chosen, now, added, by):
                found.setdefault(one.cut[by[0]] if by else None, {})[one.code] = one
            return found

        whole, sexes, areas = cut().get(None, {}), cut("sex"), cut("area")
        why = losses(Ask(session, g.programme, chosen.period, now, within=chosen.within))
    return render_template(
        "ladder.html", span=chosen, rungs=rungs(whole, why), apart=whole.get(APART), steps=(*STEPS, APART), SEXES=SEXES,
        sexes=[(one, sexes[one.value]) for one in Sex if one.value in sexes], told=told,
        areas=[(ident, areas[ident]) for ident in chosen.communes if ident in areas],
    )  # fmt: skip


def rungs(figures: Mapping[str, Figure], why: Mapping[str, Mapping[str, int]]) -> list[Rung]:
    """The steps in their order, each with what was lost behind it; pure."""
    found = []
    counts = {code: one.numerator for code, one in figures.items()}
    first = counts.get(STEPS[0])
    for code, following in zip(STEPS, (*STEPS[1:], ""), strict=True):
        here, then = counts.get(code), counts.get(following)
        percent = 100 * here / first if here is not None and first else None
        lost = here - then if here is not None and then is not None else None
        found.append(Rung(code, figures.get(code), percent, lost, why.get(code, {}), figures.get(following)))
    return found


def told(reason: str) -> str:
    """Why somebody is not on the next step, in words."""
    if reason.startswith(HELD):
        return words.why(reason.removeprefix(HELD))
    return _(REASONS[reason])
