"""The reader: one pure function from an SMS, a role and a context to readings and a reply key; knows no database.

The order of reading is that of the page on incoming SMS, section 4. So far it reads noise, STOP, the sensitive screen,
consent, START, help, answers to one question, and feedback; further rules are added to `STEPS`, in their place.
"""

from __future__ import annotations

from collections.abc import Callable

from campaigns.conversation.grammar import words
from campaigns.conversation.grammar.answers import read_answer
from campaigns.conversation.grammar.reading import Reading, Result, Role
from campaigns.conversation.grammar.sms import Context, Sms
from messaging import fold, stop

Step = Callable[[Sms], Result | None]
BROADCAST_ROLES = ("facilitator", "advisor", "radio")
HELP_BY_ROLE = {"facilitator": "facilitator", "advisor": "facilitator", "radio": "radio", "member": "member"}
ACKNOWLEDGED = {"complaint_minor": "fb.ack_case", "question": "fb.ack_question", "thanks": "fb.thanks"}


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
    is_beep = sms.context.get("event") == "missed_call"
    if sms.role == "operator" or (not sms.plain and not is_beep):
        return Result((Reading("noise", "ignored"),))
    if is_beep and not sms.context.get("quiz"):
        return Result((Reading("noise", "ignored"),))
    return None


def _stop(sms: Sms) -> Result | None:
    if sms.context.get("event") or not stop.is_stop(sms.text, sms.language, dogon=sms.dogon):
        return None
    broadcasts = sms.role in BROADCAST_ROLES
    reading = Reading("stop", "ok", {"scope": "broadcasts" if broadcasts else "phone"})
    return Result((reading,), "stop.done_facilitator" if broadcasts else "stop.done")


def _sensitive(sms: Sms) -> Result | None:
    if words.REPORT.match(sms.body) and any(char.isdigit() for char in sms.body):
        return None
    category = next((name for name, pattern in words.SENSITIVE if pattern.search(sms.plain)), None)
    if category is None:
        return None
    reply = "sens.not_emergency" if category == "security" else "sens.ack"
    return Result((Reading("sensitive", "ok", {"category": category}),), reply)


def _new_sim(sms: Sms) -> Result | None:
    """A yes or a no to the question whether this SIM replaces another; anything else is read as ever."""
    pending = sms.context.get("pending") or {}
    granted = sms.agrees() if pending.get("type") == "new_sim" else None
    if granted is None:
        return None
    fields = {"granted": granted, "old": pending.get("old")}
    return Result((Reading("new_sim", "ok", fields),), "sim.moved" if granted else "sim.kept")


def _consent(sms: Sms) -> Result | None:
    pending = sms.context.get("pending") or {}
    if pending.get("type") != "consent":
        return None
    granted = sms.agrees()
    if granted is None:
        reading = Reading("consent", "pending", {"club": pending.get("club")}, "consent_unclear")
        return Result((reading,), "join.who_we_are")
    fields = {"granted": granted, "club": pending.get("club"), "text_version": pending.get("text_version")}
    return Result((Reading("consent", "ok", fields),), "join.welcome" if granted else "join.declined")


def _keyword(sms: Sms) -> Result | None:
    first = fold.undouble(sms.words[0]) if sms.words else ""
    rest = " ".join(sms.words[1:])
    if first in words.START and not rest:
        return Result((Reading("start", "ok"),), "start.done")
    if first in {fold.undouble(word) for word in words.HELP}:
        return _help(sms, rest)
    if first in words.FEEDBACK:
        return _said(words.FEEDBACK[first]) if rest else Result((_more(),), "fb.say_more")
    return None


def _help(sms: Sms, rest: str = "") -> Result:
    if rest.startswith("pres"):
        return Result((Reading("help", "ok", {"topic": "attendance"}),), "help.attendance")
    return Result((Reading("help", "ok"),), f"help.{HELP_BY_ROLE.get(sms.role, 'who_we_are')}")


def _more() -> Reading:
    return Reading("feedback", "pending", {}, "text_missing")


def _quiz(sms: Sms) -> Result | None:
    return read_answer(sms.text, sms.dogon, sms.agrees(), sms.context)


def _bare(sms: Sms) -> Result | None:
    known = words.HELP_BARE | (words.HELP_DOGON if sms.dogon else frozenset())
    return _help(sms) if sms.plain in known or fold.undouble(sms.plain) in known else None


def _stranger(sms: Sms) -> Result | None:
    if sms.role != "unknown":
        return None
    return Result((Reading("unknown", "error", {}, "unknown_sender"),), "help.who_we_are")


def _lone_sign(sms: Sms) -> Result | None:
    if len(sms.plain) == 1 and sms.plain in "abcd123456789":
        return Result((Reading("unknown", "error", {}, "no_open_quiz"),), "quiz.none_open")
    return None


def _feedback(sms: Sms) -> Result:
    if "merci" in sms.words:
        return _said("thanks")
    return _said("question" if sms.plain.endswith("?") else "unclassified")


def _said(category: str) -> Result:
    return Result((Reading("feedback", "ok", {"category": category}),), ACKNOWLEDGED.get(category, "fb.ack"))


STEPS: tuple[Step, ...] = (
    _noise, _stop, _sensitive, _new_sim, _consent, _keyword, _quiz, _bare, _stranger, _lone_sign, _feedback,
)  # fmt: skip
