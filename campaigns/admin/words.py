"""The words of the pages: the language of this request, its catalogue, and how days, numbers and money are written.

The msgid is the French text. `N_` marks a word for the catalogue without translating it yet.
"""

from __future__ import annotations

import gettext
from datetime import date, datetime
from functools import cache

from babel import Locale, UnknownLocaleError
from babel.dates import format_date, format_datetime
from babel.numbers import format_decimal
from flask import Flask, g, request, session
from markupsafe import Markup

from campaigns.models import CampaignState
from messaging import languages
from messaging.clock import local
from messaging.models import Language, Role, TextState
from messaging.models.people import ClubKind
from messaging.models.place import RiskLevel
from messaging.models.post import Delivery, Kind, State
from messaging.rules import SENTENCES, Reason

LANGUAGES = {"fr": "Français", "en": "English"}
FORMATS = {"fr": "fr", "en": "en_GB"}  # how days and numbers are written
FIRST = "fr"
FILTERS = ("day", "month_name", "moment", "number", "xof", "sentence", "why", "tongue")


def N_(text: str) -> str:  # the name that every catalogue tool knows
    """Mark a text for the catalogue."""
    return text


CAMPAIGN_STATES = {
    CampaignState.DRAFT: N_("brouillon"),
    CampaignState.APPROVED: N_("approuvée"),
    CampaignState.RUNNING: N_("en cours"),
    CampaignState.PAUSED: N_("en pause"),
    CampaignState.ENDED: N_("terminée"),
}
TEXT_STATES = {TextState.DRAFT: N_("brouillon"), TextState.REVIEWED: N_("relu"), TextState.APPROVED: N_("approuvé")}
MESSAGE_STATES = {
    State.WAITING: N_("en attente"),
    State.HELD: N_("retenu"),
    State.SUBMITTING: N_("en cours d'envoi"),
    State.HANDED_OVER: N_("remis à la passerelle"),
    State.CLOSED: N_("clos"),
}
DELIVERIES = {
    Delivery.QUEUED: N_("en file chez l'opérateur"),
    Delivery.SENT: N_("parti"),
    Delivery.EXPIRED: N_("expiré chez l'opérateur"),
    Delivery.FAILED: N_("non livré"),
    Delivery.CANCELLED: N_("annulé"),
    Delivery.DELIVERED: N_("livré"),
    Delivery.READ: N_("lu"),
}
KINDS = {
    Kind.REPLY: N_("réponse"),
    Kind.SERVICE: N_("service"),
    Kind.CAMPAIGN: N_("campagne"),
    Kind.ALERT: N_("alerte"),
}
STEP_KINDS = {
    "message": N_("message"),
    "question": N_("question"),
    "feedback_prompt": N_("demande d'avis"),
    "listening_call": N_("appel à l'écoute"),
    "attendance_prompt": N_("rappel de présence"),
    "bulletin": N_("bulletin"),
}
RISK_LEVELS = {RiskLevel.GREEN: N_("vert"), RiskLevel.ORANGE: N_("orange"), RiskLevel.RED: N_("rouge")}
TOPICS = {
    "nutrition": N_("nutrition"),
    "iycf": N_("alimentation du jeune enfant"),
    "hygiene": N_("hygiène"),
    "agro": N_("agriculture"),
    "livestock": N_("élevage"),
    "market": N_("marché"),
    "climate": N_("climat"),
    "finance": N_("finance"),
    "rights": N_("droits"),
}
CLUB_KINDS = {
    ClubKind.APFLS: N_("CEAP"),
    ClubKind.FFS: N_("champ-école"),
    ClubKind.LISTENERS_CLUB: N_("club d'écoute"),
    ClubKind.IYCF: N_("groupe de mères (ANJE)"),
    ClubKind.SAVINGS: N_("groupe d'épargne"),
    ClubKind.WOMENS_GROUP: N_("groupement de femmes"),
    ClubKind.COOPERATIVE: N_("coopérative"),
    ClubKind.UNION: N_("union"),
    ClubKind.PLATFORM: N_("plateforme"),
    ClubKind.ADVISER_CIRCUIT: N_("circuit de conseiller"),
}
ROLES = {
    Role.EDITOR: N_("éditeur"),
    Role.TRANSLATOR: N_("traducteur"),
    Role.APPROVER: N_("approbateur"),
    Role.OFFICER: N_("agent de suivi"),
    Role.FOCAL_POINT: N_("point focal"),
    Role.EVALUATION: N_("évaluation"),
    Role.AUDITOR: N_("auditeur"),
    Role.ADMINISTRATOR: N_("administrateur"),
}
SENDERS = {  # the roles of the reader
    "member": N_("membre"),
    "facilitator": N_("animateur"),
    "advisor": N_("conseiller"),
    "radio": N_("radio"),
    "unknown": N_("inconnu"),
    "operator": N_("opérateur"),
}
INTENTS = {
    "attendance": N_("présence"),
    "listening": N_("écoute"),
    "visit": N_("visite"),
    "quiz_answer": N_("réponse au quiz"),
    "hands": N_("mains levées"),
    "decision": N_("décision"),
    "join": N_("inscription"),
    "consent": N_("accord"),
    "stop": N_("STOP"),
    "new_sim": N_("nouvelle carte SIM"),
    "start": N_("reprise"),
    "help": N_("aide"),
    "language": N_("langue"),
    "feedback": N_("avis"),
    "price": N_("prix"),
    "rainfall": N_("pluie"),
    "radio_log": N_("diffusion"),
    "distribution_ack": N_("distribution reçue"),
    "fund_balance": N_("argent de la caisse"),
    "nursery": N_("pépinière"),
    "pest": N_("ravageur"),
    "tip_sheet": N_("demande d'une fiche"),
    "my_data": N_("demande de ses données"),
    "erase": N_("effacement de ses données"),
    "case_answer": N_("satisfaction"),
    "new_number": N_("nouveau numéro"),
    "quorum": N_("quorum"),
    "sensitive": N_("message sensible"),
    "unknown": N_("pas compris"),
    "noise": N_("sans suite"),
}
FEEDBACK = {
    "question": N_("question"),
    "complaint_minor": N_("plainte"),
    "thanks": N_("merci"),
    "suggestion": N_("suggestion"),
    "unclassified": N_("à trier"),
}
TABLES = {
    "CAMPAIGN_STATES": CAMPAIGN_STATES,
    "TEXT_STATES": TEXT_STATES,
    "MESSAGE_STATES": MESSAGE_STATES,
    "DELIVERIES": DELIVERIES,
    "KINDS": KINDS,
    "STEP_KINDS": STEP_KINDS,
    "RISK_LEVELS": RISK_LEVELS,
    "TOPICS": TOPICS,
    "CLUB_KINDS": CLUB_KINDS,
    "ROLES": ROLES,
    "SENDERS": SENDERS,
    "INTENTS": INTENTS,
    "FEEDBACK": FEEDBACK,
}


def init_app(app: Flask) -> None:
    """Teach the templates our words."""
    app.jinja_env.add_extension("jinja2.ext.i18n")
    app.jinja_env.install_gettext_callables(_gettext, _ngettext, newstyle=True)  # type: ignore[attr-defined]
    app.jinja_env.filters.update({name: globals()[name] for name in FILTERS})
    app.jinja_env.globals.update(TABLES, LANGUAGES=LANGUAGES, ngettext=_n)  # counts with the groups of the language
    app.context_processor(lambda: {"lang": code()})
    app.before_request(_chosen_at_sign_in)


def code() -> str:
    """The language of this request: chosen in this browser, else the account's, else French."""
    account = g.me.language if "me" in g else FIRST
    chosen = session.get("language", account)
    return chosen if chosen in LANGUAGES else FIRST


def choose(wanted: str) -> bool:
    """Take a language for this browser; False when the pages have no such language."""
    if wanted not in LANGUAGES:
        return False
    session["language"] = wanted
    return True


def _(text: str, **values: object) -> str:
    """The text in the language of the page, with its values filled in."""
    found = _gettext(text)
    return found % values if values else found


def _n(one: str, many: str, num: int, **values: object) -> str:
    """The form of a text for this number; `%(num)s` stands for it."""
    return _ngettext(one, many, num) % {"num": number(num), **values}


def day(value: date | None, form: str = "long") -> str:
    """A day in words; nothing for none."""
    return format_date(value, form, locale=FORMATS[code()]) if value else ""


def month_name(value: date) -> str:
    """A month in words, such as « mars 2026 »."""
    return format_date(value, "MMMM y", locale=FORMATS[code()])


def moment(value: datetime | None, zone: str = "Africa/Bamako") -> Markup:
    """A moment on the programme's clock, in words and for machines; nothing for none."""
    if value is None:
        return Markup("")
    pattern = "d MMM, HH:mm" if code() == "en" else "d MMM, HH'h'mm"
    words = format_datetime(local(value, zone).replace(tzinfo=None), pattern, locale=FORMATS[code()])
    return Markup('<time datetime="{}">{}</time>').format(value.isoformat(timespec="minutes"), words)


def number(value: float) -> str:
    """A number with the groups of the language."""
    return format_decimal(value, locale=FORMATS[code()])


def xof(micros: int) -> str:
    """Money from millionths of XOF, in whole XOF."""
    return f"{number(round(micros / 1_000_000))} XOF"


def sentence(text: str) -> str:
    """Our half of a sentence that is written « French / English »."""
    french, _slash, english = text.partition(" / ")
    return english if english and code() == "en" else french


def why(reason: str | None) -> str:
    """The sentence of a reason for which a message does not leave."""
    if reason not in set(Reason):
        return reason or ""
    french, english = SENTENCES[Reason(reason)]
    return english if code() == "en" else french


def tongue(language: Language) -> str:
    """The name of a language or variety, in the language of the page where it has one."""
    try:
        name = Locale.parse(language.code).get_display_name(code()) or language.name_fr
    except UnknownLocaleError:  # no Dogon code is known to Babel
        name = language.name_fr
    return name[:1].upper() + name[1:]


def is_htmx() -> bool:
    """True when htmx asks for a part of a page."""
    return "HX-Request" in request.headers


def _chosen_at_sign_in() -> None:
    if request.endpoint == "security.login" and "lang" in request.args:
        choose(request.args["lang"])


@cache
def _catalogue(language: str) -> gettext.NullTranslations:
    return languages.translations("admin", [language])


def _gettext(text: str) -> str:
    return _catalogue(code()).gettext(text)


def _ngettext(one: str, many: str, count: int) -> str:
    return _catalogue(code()).ngettext(one, many, count)
