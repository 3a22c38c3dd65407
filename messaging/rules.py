"""What each kind of message must pass, as one table, and the decision from it; pure, knows neither table nor gateway.

The table is that of the design, section 4.5. It is asked twice: when a message is planned and again at the last moment.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from messaging.models.post import Kind


class Reason(enum.StrEnum):
    """Why a message does not leave (yet): one list for the whole product, with a sentence in two languages."""

    OPTED_OUT = "opted_out"
    NO_CONSENT = "no_consent"
    STALE = "stale"
    HOURS = "hours"
    CAP = "cap"
    RISK = "risk"
    BUDGET = "budget"
    NOT_APPROVED = "not_approved"
    REFUSED_TEXT = "refused_text"
    NO_TEXT = "no_text"
    EMPTY_SLOT = "empty_slot"
    ANSWER_COST = "answer_cost"
    ONE_WAY = "one_way"
    PERSONAL = "personal"
    QUARANTINE = "quarantine"
    INVALID_NUMBER = "invalid_number"
    PAUSED_GATEWAY = "paused_gateway"
    NO_GATEWAY = "no_gateway"
    DEMONSTRATION = "demonstration"
    PAUSED_CAMPAIGN = "paused_campaign"
    PAUSED_PLACE = "paused_place"
    CHANGED = "changed"
    MOVED = "moved"
    CAUGHT_UP = "caught_up"
    NOT_AIRED = "not_aired"
    LOOP = "loop"
    UNKNOWN = "unknown"
    RESTORED = "restored"
    REJECTED = "rejected"
    TOO_LONG = "too_long"
    NO_RECEIPT = "no_receipt"
    DELIVERED = "delivered"
    UNDELIVERED = "undelivered"


SENTENCES: dict[Reason, tuple[str, str]] = {
    Reason.OPTED_OUT: ("Ce téléphone a dit STOP.", "This phone said STOP."),
    Reason.NO_CONSENT: ("La personne n'a pas donné son accord.", "The person has not agreed."),
    Reason.STALE: ("Le message n'est plus utile.", "The message is of no use any more."),
    Reason.HOURS: (
        "Hors des heures ouvertes ; il part à la prochaine.",
        "Outside the open hours; it leaves at the next.",
    ),
    Reason.CAP: ("Ce téléphone a déjà reçu son nombre de messages.", "This phone has had its number of messages."),
    Reason.RISK: ("Le niveau de risque de la commune ne le permet pas.", "The risk level of the commune forbids it."),
    Reason.BUDGET: ("Le budget du mois est atteint.", "The budget of the month is reached."),
    Reason.NOT_APPROVED: ("Le texte n'est pas approuvé.", "The text is not approved."),
    Reason.REFUSED_TEXT: (
        "La passerelle ne porte pas ce texte : il attend une nouvelle approbation.",
        "The gateway does not carry this text: it waits to be approved anew.",
    ),
    Reason.NO_TEXT: ("Aucun texte approuvé dans ses langues.", "No approved text in the languages of the person."),
    Reason.EMPTY_SLOT: ("Une valeur du texte manque.", "A value of the text is missing."),
    Reason.ANSWER_COST: (
        "Nul ne sait ce que coûte une réponse par cette passerelle : pas de question.",
        "Nobody knows what an answer costs by this gateway: no question is asked.",
    ),
    Reason.ONE_WAY: (
        "Cette passerelle ne reçoit pas de SMS : pas de question.",
        "This gateway receives no SMS: no question is asked.",
    ),
    Reason.PERSONAL: (
        "Contenu personnel : ce téléphone ne l'a pas choisi.",
        "Personal content: not chosen by this phone.",
    ),
    Reason.QUARANTINE: ("Numéro mis en quarantaine.", "The number is in quarantine."),
    Reason.INVALID_NUMBER: ("Ce numéro n'existe pas.", "There is no such number."),
    Reason.PAUSED_GATEWAY: ("La passerelle est en pause.", "The gateway is paused."),
    Reason.NO_GATEWAY: ("Aucune passerelle ne dessert ce numéro.", "No gateway serves this number."),
    Reason.DEMONSTRATION: (
        "Démonstration : jamais par une vraie passerelle.",
        "Demonstration: never by a real gateway.",
    ),
    Reason.PAUSED_CAMPAIGN: ("La campagne est en pause.", "The campaign is paused."),
    Reason.PAUSED_PLACE: ("La commune est en pause.", "The commune is paused."),
    Reason.CHANGED: ("L'étape a été changée ou retirée.", "The step was changed or removed."),
    Reason.NOT_AIRED: (
        "L'émission n'est pas passée : ce qui la suit attend.",
        "The episode was not aired: what follows it waits.",
    ),
    Reason.MOVED: (
        "Une campagne plus prioritaire a pris l'heure de ce téléphone ; il part à la prochaine.",
        "A campaign of higher priority took this phone's hour; it leaves at the next.",
    ),
    Reason.CAUGHT_UP: (
        "Après une panne, un seul message par téléphone : un autre part à sa place.",
        "After an outage one message a phone: another one leaves in its place.",
    ),
    Reason.LOOP: ("Trop de réponses automatiques à ce téléphone.", "Too many automatic replies to this phone."),
    Reason.UNKNOWN: ("On ne sait pas s'il est parti.", "It is not known whether it left."),
    Reason.RESTORED: (
        "Dû avant la restauration : il est peut-être déjà parti.",
        "Due before the restore: it may already have left.",
    ),
    Reason.REJECTED: ("La passerelle l'a refusé.", "The gateway refused it."),
    Reason.TOO_LONG: ("Plus long que ce que la passerelle porte.", "Longer than the gateway carries."),
    Reason.NO_RECEIPT: ("Parti, sans accusé de réception.", "It left; no receipt came."),
    Reason.DELIVERED: ("Livré.", "Delivered."),
    Reason.UNDELIVERED: ("Parti, mais non livré.", "It left, but was not delivered."),
}


Outdone = Literal["", "waits", "left"]  # nobody stands for it; another does, and waits too; another has left


class Check(enum.StrEnum):
    """One question of the table."""

    CONSENT = "consent"
    OPT_OUT = "opt_out"
    USEFUL = "useful"
    HOURS = "hours"
    CAPS = "caps"
    LOOP = "loop"
    RISK = "risk"
    BUDGET = "budget"
    TEXT = "text"


MUST_PASS: dict[Kind, frozenset[Check]] = {
    Kind.REPLY: frozenset({Check.USEFUL, Check.LOOP, Check.TEXT}),
    Kind.SERVICE: frozenset({Check.OPT_OUT, Check.USEFUL, Check.HOURS, Check.CAPS, Check.RISK, Check.TEXT}),
    Kind.CAMPAIGN: frozenset(
        {Check.CONSENT, Check.OPT_OUT, Check.USEFUL, Check.HOURS, Check.CAPS, Check.RISK, Check.BUDGET, Check.TEXT}
    ),
    Kind.ALERT: frozenset({Check.CONSENT, Check.OPT_OUT, Check.USEFUL, Check.RISK, Check.TEXT}),
}
TRIAL = frozenset({Check.OPT_OUT, Check.USEFUL})  # of a text to the own phone of the account that tries it
PRIORITY: dict[Kind, int] = {Kind.CAMPAIGN: 0, Kind.SERVICE: 5, Kind.ALERT: 8, Kind.REPLY: 10}


@dataclass(frozen=True)
class Facts:
    """What is known about one message at the last moment."""

    kind: Kind
    useful_until: datetime
    opens_at: datetime | None  # the next open moment; now when open, None when never
    opted_out: bool = False
    consented: bool = True
    quarantined: bool = False
    invalid: bool = False
    capped: bool = False
    looping: bool = False
    outdone: Outdone = ""  # after an outage by another message of its phone
    risky: bool = False  # a tag is blocked at the level of its commune
    place_paused: bool = False
    over_budget: bool = False
    approved: bool = True
    personal: bool = False
    owner_chose_personal: bool = False
    demonstration: bool = False
    campaign_paused: bool = False
    gateway: Literal["simulator", "real", "paused", "none"] = "real"
    trial: bool = False  # to the confirmed phone of the account that tries the text
    false_trial: bool = False  # it calls itself a trial and is none
    doubtful: bool = False  # it may have left before a restore
    left_before: bool = False  # it has, somebody said


@dataclass(frozen=True)
class Verdict:
    """Go, close for good, hold until somebody acts, or look again at a later moment."""

    what: Literal["go", "close", "hold", "later"]
    reason: Reason | None = None
    at: datetime | None = None


GO = Verdict("go")
LOOK_AGAIN = timedelta(hours=1)  # at what somebody may change: the budget, a gateway


def decide(facts: Facts, now: datetime) -> Verdict:
    """Whether the message may leave now; the first rule that says no gives the reason.

    What closes for good is asked before what only delays, so that nothing dead waits for an open hour.
    """
    must = TRIAL if facts.trial else MUST_PASS[facts.kind]
    return _closed(facts, must, now) or _held(facts, must) or _later(facts, must, now) or GO


def _closed(facts: Facts, must: frozenset[Check], now: datetime) -> Verdict | None:
    no: list[tuple[bool, Reason]] = [
        (Check.OPT_OUT in must and facts.opted_out, Reason.OPTED_OUT),
        (Check.CONSENT in must and not facts.consented, Reason.NO_CONSENT),
        (facts.invalid, Reason.INVALID_NUMBER),
        (facts.left_before, Reason.RESTORED),
        (facts.demonstration and facts.gateway == "real", Reason.DEMONSTRATION),
        (facts.personal and not facts.owner_chose_personal, Reason.PERSONAL),
        (Check.USEFUL in must and now >= facts.useful_until, Reason.STALE),
        (Check.LOOP in must and facts.looping, Reason.LOOP),
        (facts.outdone == "left", Reason.CAUGHT_UP),
    ]
    return next((Verdict("close", reason) for wrong, reason in no if wrong), None)


def _held(facts: Facts, must: frozenset[Check]) -> Verdict | None:
    may_carry = facts.approved or facts.gateway == "simulator"
    no: list[tuple[bool, Reason]] = [
        (facts.doubtful, Reason.RESTORED),
        (facts.quarantined, Reason.QUARANTINE),
        (facts.place_paused, Reason.PAUSED_PLACE),
        (facts.false_trial, Reason.NOT_APPROVED),
        (Check.TEXT in must and not may_carry, Reason.NOT_APPROVED),
        (facts.campaign_paused, Reason.PAUSED_CAMPAIGN),
        (Check.RISK in must and facts.risky, Reason.RISK),
    ]
    return next((Verdict("hold", reason) for wrong, reason in no if wrong), None)


def _later(facts: Facts, must: frozenset[Check], now: datetime) -> Verdict | None:
    if Check.HOURS in must and facts.opens_at != now and not _opens_in_time(facts):
        return Verdict("close", Reason.STALE)
    no: list[tuple[bool, Reason, datetime | None]] = [
        (Check.BUDGET in must and facts.over_budget, Reason.BUDGET, now + LOOK_AGAIN),
        (facts.gateway == "none", Reason.NO_GATEWAY, now + LOOK_AGAIN),
        (facts.gateway == "paused", Reason.PAUSED_GATEWAY, None),
        (facts.outdone == "waits", Reason.CAUGHT_UP, now + LOOK_AGAIN),
        (Check.CAPS in must and facts.capped, Reason.CAP, now + LOOK_AGAIN),
        (Check.HOURS in must and facts.opens_at != now, Reason.HOURS, facts.opens_at),
    ]
    return next((Verdict("later", reason, at) for wrong, reason, at in no if wrong), None)


def _opens_in_time(facts: Facts) -> bool:
    return facts.opens_at is not None and facts.opens_at < facts.useful_until
