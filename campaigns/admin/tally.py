"""What a paper sheet says of a meeting, typed field by field: who came, how it was heard, or why nobody met.

The total is asked beside its parts, as on the card of the facilitators: it catches what is mistyped.
"""

from __future__ import annotations

from typing import Any

from werkzeug.datastructures import MultiDict

from campaigns.admin.fields import Form
from campaigns.admin.typed import Typed
from campaigns.admin.words import N_, _
from campaigns.clubs import reports
from campaigns.models import Attendance, ClubSession, ClubSessionStatus

MOST = 999  # heads of one kind
COUNTS = {  # the letter on the card, and the field's name on the page
    "women": ("F", N_("Femmes")),
    "men": ("H", N_("Hommes")),
    "girls": ("JF", N_("Filles")),
    "boys": ("JG", N_("Garçons")),
    "total": ("T", N_("Total")),
}
BESIDE = {
    "pregnant": ("FE", N_("Femmes enceintes")),
    "lactating": ("FA", N_("Femmes allaitantes")),
    "children": ("", N_("Enfants de 6 à 23 mois servis")),
    "women_spoke": ("", N_("Femmes qui ont parlé")),
}
CHAIRED = {"yes": N_("oui"), "no": N_("non")}
HEARD = {"well": N_("bien"), "partly": N_("en partie"), "no_signal": N_("radio pas captée")}
HEARD_AS = {"live": N_("en direct"), "repeat": N_("en rediffusion"), "recording": N_("sur enregistrement")}
REASONS = {
    "rain": N_("la pluie"),
    "market": N_("le marché"),
    "funeral": N_("des funérailles"),
    "insecurity": N_("l'insécurité"),
    "other": N_("une autre raison"),
}


def read(typed: Typed, *, of_club: bool) -> dict[str, Any]:
    """The counts as `reports.record` takes them; what is wrong stands in `typed.faults`, by field."""
    if typed.choice("happened", ("held", "cancelled")) == "cancelled":
        return {"cancelled": typed.choice("reason", REASONS, is_needed=True)}
    found: dict[str, Any] = {name: typed.number(name, 0, MOST) for name in (*reports.SEXES, *BESIDE)}
    chaired = typed.choice("woman_chaired", CHAIRED)
    found["woman_chaired"] = chaired == "yes" if chaired else None
    if of_club:
        found["session"] = typed.number("session", 1, MOST)
        found["episode"] = typed.number("episode", 1, MOST)
        found["heard"] = typed.choice("heard", HEARD) or None
        found["heard_as"] = typed.choice("heard_as", HEARD_AS) or None
        _same_story(typed, found)
    _total(typed, found)
    return found


def _total(typed: Typed, found: dict[str, Any]) -> None:
    """The sum of the parts must be the total, in the words of the SMS."""
    parts = [found[name] for name in reports.SEXES if found[name] is not None]
    given = typed.number("total", 0, MOST * len(reports.SEXES))
    if not parts or typed.faults.keys() & {*reports.SEXES, "total"}:
        return
    if given is None:
        typed.wrong("total", _("Écrivez aussi le total : il protège des fautes de frappe."))
    elif given != sum(parts):
        said = {"parts": "+".join(map(str, parts)), "sum": sum(parts), "given": given}
        typed.wrong("total", _("%(parts)s=%(sum)s, pas %(given)s. Corrigez un des nombres.", **said))


def _same_story(typed: Typed, found: dict[str, Any]) -> None:
    """What cannot both be."""
    if found["heard"] == "no_signal" and found["heard_as"]:
        typed.wrong("heard_as", _("Rien n'a été capté : laissez cette case vide."))
    elif found["heard_as"] and not found["heard"]:
        typed.wrong("heard", _("Dites aussi comment on a entendu."))


def fields(meeting: ClubSession, told: Attendance | None) -> Form:
    """The stored report that counts, as the fields of the form."""
    form: Form = MultiDict({"happened": "held"})
    if meeting.status is ClubSessionStatus.CANCELLED and told is None:
        form["happened"], form["reason"] = "cancelled", meeting.cancel_reason or ""
    if meeting.number is not None:
        form["session"] = str(meeting.number)
    if told is None:
        return form
    for name in (*COUNTS, *BESIDE, "episode"):
        if getattr(told, name) is not None:
            form[name] = str(getattr(told, name))
    if not reports.has_people(told):
        form.pop("total", None)  # nobody was counted
    if told.woman_chaired is not None:
        form["woman_chaired"] = "yes" if told.woman_chaired else "no"
    if told.problem in HEARD:
        form["heard"] = told.problem
    elif told.intent == "listening":
        form["heard"] = "well"
    form["heard_as"] = told.heard_as.value if told.heard_as else ""
    return form


def shown_reason(reason: str | None, *, to_security: bool) -> str | None:
    """Why a meeting was called off, as an account may see it: insecurity is its focal point's alone; pure.

    Source: the safeguarding rules, sections 5.3 and 11.
    """
    return "other" if reason in ("insecurity", "security") and not to_security else reason


def kept_reason(typed: str | None, stored: str | None, *, to_security: bool) -> str | None:
    """What to store of what was typed: whoever may not see insecurity does not overwrite it by the reason shown."""
    hidden = shown_reason(stored, to_security=to_security) != stored
    return stored if hidden and typed == "other" else typed
