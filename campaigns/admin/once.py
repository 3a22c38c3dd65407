"""A single message now: one French text to some people, stored as a small draft campaign that goes the usual way.

Nothing leaves from this page: the text is reviewed and approved by others, the campaign is approved, then started.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from flask import Blueprint, flash, g, redirect, render_template, request, url_for
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from campaigns import changes, loading
from campaigns.admin import audiences, fields, words
from campaigns.admin.campaigns import tongues
from campaigns.admin.fields import Form
from campaigns.admin.security import installation, me, needs, writing
from campaigns.admin.steps import CHOICES, soon
from campaigns.admin.words import TOPICS, _
from campaigns.definitions import Definition, Finding, check
from messaging.clock import at_local, local, utc_now
from messaging.errors import DataError, RefusedError
from messaging.models import Programme, Role

once = Blueprint("once", __name__, url_prefix="/admin/<programme>/campaigns", template_folder="templates")
CODE = "message"
STEP = "message"
CHOSEN = "chosen"  # the day and hour that were typed, rather than the next open ones
PILLARS = {"finance": "financial", "agro": "productive", "livestock": "productive", "market": "productive"}
SOCIAL = "social"
TWO_AT_ONCE = (
    "Un autre message a été écrit dans la même minute. Vos mots sont encore ici : enregistrez encore une fois. / "
    "Another message was written in the same minute. Your words are still here: save once more."
)
SHOWN = 40  # letters of the text that the title repeats


@dataclass(frozen=True)
class Asked:
    """What was typed, looked at: the campaign it makes when it is sound, else what is wrong by field."""

    definition: Definition | None
    faults: Mapping[str, list[str]] = field(default_factory=dict)


@once.get("/once")
@needs(Role.EDITOR)
def page() -> str:
    """The form, empty: to members, as soon as the hours are open."""
    with installation().db.read() as session:
        return _form(session, Form({"role": "member", "time": "soon", "topic": "rights"}), Asked(None))


@once.post("/once")
@needs(Role.EDITOR)
def save() -> Response | tuple[str, int]:
    """Make the draft, then its page, where it is reviewed, approved and started."""
    typed, now = request.form.copy(), utc_now()
    with installation().db.read() as session:
        asked = _ask(session, typed, now)
        if asked.definition is None:
            return _form(session, typed, asked, _("À corriger : voyez les champs marqués.")), 400
    try:
        with writing() as session:
            _store(session, asked.definition, now)
    except (RefusedError, DataError) as refusal:
        with installation().db.read() as session:
            return _form(session, typed, asked, words.sentence(str(refusal))), 400
    flash(_("Brouillon enregistré. Rien ne part avant la relecture, les approbations et le démarrage."), "good")
    return redirect(url_for("campaigns.one", campaign=asked.definition.campaign), 303)


def _ask(session: Session, typed: Form, now: datetime) -> Asked:
    meant, faults = audiences.settled(session, fields.audience(typed))
    at = _moment(session, typed, meant, now)
    definition, found = check(_data(session, typed, meant, at, now))
    for one in found:
        if one.level == "error":
            faults.setdefault(_beside(one), []).append(one.say(words.code()))
    if definition is not None:
        if typed.get("time") == CHOSEN and _is_past(definition, now):
            faults.setdefault("date", []).append(_("Ce moment est passé : choisissez-en un autre."))
        faults = {**audiences.beyond(session, definition.audience), **faults}
    return Asked(None if faults else definition, faults)


def _moment(session: Session, typed: Form, meant: Mapping[str, Any], now: datetime) -> dict[str, Any]:
    """When it leaves: the next open hour, or the day and hour typed."""
    if typed.get("time") != CHOSEN:
        opens = soon(session, _send_as(meant), now)
        return {"when": {"date": opens.date().isoformat()}, "hour": f"{opens:%H:%M}"}
    return {"when": {"date": typed.get("date", "")}, "hour": typed.get("hour", "")}


def _data(session: Session, typed: Form, meant: Mapping[str, Any], at: dict[str, Any], now: datetime) -> dict[str, Any]:
    """The campaign as its file would say it."""
    text, topic = typed.get("sms", "").replace("\r\n", "\n").strip(), typed.get("topic", "")
    day, short = local(now, g.programme.zone), " ".join(text.split())
    step = {
        "step": STEP, "kind": "message", "send_as": _send_as(meant), **at,
        "facts": fields.parted(typed.get("facts", "")),
        "texts": {"fr": {"sms": text, "read_aloud": typed.get("read_aloud", "").strip() or text or "-"}},
    }  # fmt: skip
    start = short[:SHOWN]
    return {
        "campaign": _code(session, day), "topic": topic, "pillar": PILLARS.get(topic, SOCIAL), "audience": dict(meant),
        "title": {"fr": f"Message du {day:%d/%m/%Y} : {start}", "en": f"Message of {day:%d/%m/%Y}: {start}"},
        "steps": [step],
    }  # fmt: skip


def _is_past(definition: Definition, now: datetime) -> bool:
    step = definition.steps[0]
    if step.when.date is None or step.hour is None:
        return False
    return at_local(step.when.date, step.hour, g.programme.zone) < now


def _send_as(meant: Mapping[str, Any]) -> str:
    """Members need consent, hours and caps; who has a role is written to as such."""
    return "campaign" if meant.get("role", "member") == "member" else "service"


def _code(session: Session, day: datetime) -> str:
    """`message-20261203-1630`; a second one of that minute counts on."""
    first = f"{CODE}-{day:%Y%m%d-%H%M}"
    names = (first, *(f"{first}-{count}" for count in range(2, 100)))
    return next(name for name in names if loading.find(session, g.programme.id, name) is None)


def _beside(finding: Finding) -> str:
    """The field that a finding stands beside: its path starts at the campaign."""
    names = [part for part in finding.path if isinstance(part, str)]
    if names[:2] == ["steps", "texts"]:
        return "read_aloud" if "read_aloud" in names else "sms"
    return fields.field_of(Finding(tuple(names[1:] if names[:1] == ["steps"] else names), finding.key, finding.values))


def _store(session: Session, definition: Definition, now: datetime) -> None:
    programme = session.get_one(Programme, g.programme.id, with_for_update=True)
    if loading.find(session, programme.id, definition.campaign) is not None:
        raise RefusedError(TWO_AT_ONCE)
    loading.load(session, programme, definition, now, staff_id=me().id)
    row = loading.find(session, programme.id, definition.campaign)
    assert row is not None
    for step in loading.steps_of(session, row.id):
        step.changed_by_staff = True
    changes.keep(session, row, "made", me().id, now, None)


def _form(session: Session, typed: Form, asked: Asked, notice: str = "") -> str:
    now = utc_now()
    return render_template(
        "once.html", typed=typed, asked=asked, notice=notice, choices=CHOICES, topics=TOPICS,
        languages=tongues(session, g.programme, []), club_kinds=words.CLUB_KINDS,
        opens=soon(session, "campaign", now), today=local(now, g.programme.zone).date(),
    )  # fmt: skip
