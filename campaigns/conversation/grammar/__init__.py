"""The reader: one pure function from an SMS, a role and a context to readings and a reply key; knows no database.

The order of reading is that of the page on incoming SMS, section 4: the first step that gives a result has read it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from campaigns.conversation.grammar import (
    agreeing,
    decisions,
    feedback,
    hands,
    joining,
    language,
    reports,
    screen,
    values,
    wishes,
)  # fmt: skip
from campaigns.conversation.grammar.answers import read_answer
from campaigns.conversation.grammar.reading import Reading, Result, Role
from campaigns.conversation.grammar.sms import Context, Sms
from campaigns.conversation.grammar.wishes import HELP_BY_ROLE as HELP_BY_ROLE
from messaging import stop

Step = Callable[[Sms], Result | None]
NOISE = Result((Reading("noise", "ignored"),))
BROADCAST_ROLES = ("facilitator", "advisor", "radio")


def read(text: str, role: Role, context: Context) -> Result:
    """Read one SMS.

    Args:
        text: the SMS as it came.
        role: what is known about the sender's number.
        context: the keys of the page on incoming SMS, section 2, and `dogon`: whether `lang` is a Dogon language.

    Never raises for a text; reading twice gives the same.
    """
    sms = Sms(text, role, context)
    return next(result for step in STEPS if (result := step(sms)) is not None)


def _noise(sms: Sms) -> Result | None:
    """What no person wrote; of a missed call only the number that was called counts."""
    if sms.role == "operator":
        return NOISE
    if sms.context.get("event") == "missed_call":
        return read_answer(sms) or NOISE
    return None if sms.plain else NOISE


def _stop(sms: Sms) -> Result | None:
    if not stop.is_stop(sms.text, sms.language, dogon=sms.dogon):
        return None
    broadcasts = sms.role in BROADCAST_ROLES
    reading = Reading("stop", "ok", {"scope": "broadcasts" if broadcasts else "phone"})
    return Result((reading,), "stop.done_facilitator" if broadcasts else "stop.done")


def _pending(sms: Sms) -> Result | None:
    reader = PENDING.get(str(sms.pending.get("type")))
    return reader(sms) if reader else None


def _keyword(sms: Sms) -> Result | None:
    return next((result for keyword in KEYWORDS if (result := keyword(sms)) is not None), None)


def _feedback_text(sms: Sms) -> Result:
    """The text that AVIS or PLAINTE alone announced, unless another keyword leads."""
    return _keyword(sms) or feedback.read_pending(sms)


def _bare_report(sms: Sms) -> Result | None:
    """Counts without a keyword; never under the keyword of a value that cannot be read: its F is money, not women."""
    return None if values.leads(sms) else reports.read_bare(sms)


def _bare(sms: Sms) -> Result | None:
    return wishes.read_bare_help(sms) or language.read_bare(sms)


def _stranger(sms: Sms) -> Result | None:
    if sms.role != "unknown":
        return None
    return Result((Reading("unknown", "error", {}, "unknown_sender"),), "help.who_we_are")


def _lone_sign(sms: Sms) -> Result | None:
    """An option without a question."""
    said = sms.plain.strip(" .,;:!?()\"'")
    if len(said) == 1 and said in "abcd123456789":
        return Result((Reading("unknown", "error", {}, "no_open_quiz"),), "quiz.none_open")
    return None


PENDING: Mapping[str, Step] = {
    "consent": agreeing.read_consent,
    **dict.fromkeys(agreeing.ANSWERS, agreeing.read_pending),
    **dict.fromkeys(
        ("attendance_club", "attendance_partial", "report_total", "attendance_confirm"), reports.read_pending
    ),
    "hands_confirm": hands.read_pending,
    "decision_kept": decisions.read_pending,
    "feedback_text": _feedback_text,
    "language_menu": language.read_pending,
    "join_commune": joining.read_commune,
}
KEYWORDS: tuple[Step, ...] = (
    reports.read_report, values.read_value, hands.read_hands, decisions.read_decision, joining.read_join,
    feedback.read_keyword, language.read_keyword, wishes.read_help, wishes.read_start, wishes.read_tip_sheet,
    wishes.read_my_data, wishes.read_erase,
)  # fmt: skip
STEPS: tuple[Step, ...] = (
    _noise, _stop, screen.read_sensitive, _pending, _keyword, _bare_report, read_answer, _bare, _stranger,
    _lone_sign, feedback.read_free,
)  # fmt: skip
