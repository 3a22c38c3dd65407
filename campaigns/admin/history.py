"""What a campaign and a text said before: each version with who and when, what differs, and a press to restore it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from difflib import SequenceMatcher
from itertools import pairwise, zip_longest
from typing import Literal

from flask import Blueprint, abort, flash, redirect, render_template, request, url_for
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from campaigns import changes, difference
from campaigns.admin import changed, remarks, words
from campaigns.admin.campaigns import find
from campaigns.admin.paging import after
from campaigns.admin.security import installation, me, needs, writing
from campaigns.admin.texts import STALE, locate, text_at, to_step
from campaigns.admin.when import names
from campaigns.admin.words import _
from campaigns.changes import Hand
from campaigns.definitions import Audience
from campaigns.models import CampaignVersion
from messaging import staff
from messaging import texts as states
from messaging.clock import utc_now
from messaging.errors import DataError, RefusedError, StaleError
from messaging.models import Language, Role, SmsForm, Staff, TextVersion
from messaging.wording import Wording, spelt

history = Blueprint("history", __name__, url_prefix="/admin/<programme>/campaigns", template_folder="templates")
WORDS = re.compile(r"\w+\s*|[^\w\s]\s*|\s+")  # a blank belongs to the word before it
SIZE = 20  # versions on one page
Piece = tuple[Literal["same", "gone", "new"], str]


@dataclass(frozen=True)
class Differs:
    """One field of a version and what became of it, in pieces that stayed, went or came."""

    label: str
    pieces: Sequence[Piece]
    language: str | None = None


@dataclass(frozen=True)
class Entry:
    """One version on the page; `number` is what a press restores."""

    number: int
    what: str
    at: datetime | None
    by: str | None
    differs: Sequence[Differs]


@history.get("/<campaign>/history")
def campaign(campaign: str) -> str:
    """The versions of a campaign, the newest first, each with what it changed."""
    with installation().db.read() as session:
        row = find(session, campaign)
        until = after(request.args.get("until"))
        found = changes.versions(session, row.id, until, SIZE + 1)
        older = found[SIZE].version if len(found) > SIZE else None
        return render_template(
            "history.html", campaign=row, step=None, language=None, seen=row.lock, is_newest=until is None,
            entries=_of_campaign(session, found)[:SIZE],
            further=url_for("history.campaign", campaign=campaign, until=older) if older else None,
            why_not=changes.refusal(row), may_restore=me().has(Role.EDITOR),
        )  # fmt: skip


@history.post("/<campaign>/history")
@needs(Role.EDITOR)
def restore(campaign: str) -> Response:
    """Make head and steps say again what a version says; a new version."""
    number, seen = (request.form.get(name, type=int) or 0 for name in ("version", "seen"))
    try:
        with writing() as session:
            row = find(session, campaign)
            changes.restore(session, row.id, Hand(me().id, seen, utc_now()), number)
    except StaleError:
        flash(_("Quelqu'un d'autre a changé cette campagne entre-temps : voyez ce qu'elle dit maintenant."), "bad")
        return redirect(url_for("history.campaign", campaign=campaign), 303)
    except (RefusedError, DataError) as refusal:
        flash(words.sentence(str(refusal)), "bad")
        return redirect(url_for("history.campaign", campaign=campaign), 303)
    flash(_("Version %(number)s restaurée. Les textes sont restés comme ils sont.", number=number), "good")
    return redirect(url_for("campaigns.one", campaign=campaign), 303)


@history.get("/<campaign>/<step>/<language>/history")
def text(campaign: str, step: str, language: str) -> str:
    """The versions of a text, the newest first, with their words compared."""
    with installation().db.read() as session:
        text = text_at(session, campaign, step, language)
        row = find(session, campaign)
        found = states.versions(session, text.id)
        return render_template(
            "history.html", campaign=row, is_newest=True, further=None, why_not=None, step=step,
            language=session.get_one(Language, language), seen=text.version,
            entries=_of_text(session, found, language), may_restore=me().may_write(language),
        )  # fmt: skip


@history.post("/<campaign>/<step>/<language>/history")
def restore_text(campaign: str, step: str, language: str) -> Response:
    """Write an older wording again: a draft, so that it is reviewed and approved anew."""
    number, seen = (request.form.get(name, type=int) or 0 for name in ("version", "seen"))
    try:
        with writing() as session:
            place = locate(session, campaign, step, language)
            text = place.text or abort(404)
            older = session.get(TextVersion, (text.id, number)) or abort(404)
            said = states.wording(older)
            if older.form is SmsForm.PROFILE:  # made by the letters of its day
                said = spelt(said.as_written(), place.language.profile)
            states.edit(session, text.id, seen, said, session.get_one(Staff, me().id), utc_now())
    except (StaleError, RefusedError) as refusal:
        flash(_(STALE) if isinstance(refusal, StaleError) else words.sentence(str(refusal)), "bad")
        return redirect(url_for("history.text", campaign=campaign, step=step, language=language), 303)
    flash(_("Version %(number)s restaurée. C'est un brouillon : il attend une relecture.", number=number), "good")
    return to_step(campaign, step, language)


def compared(old: str, new: str) -> list[Piece]:
    """Two wordings as pieces, word by word."""
    before, after = WORDS.findall(old), WORDS.findall(new)
    found: list[Piece] = []
    for tag, first, last, start, end in SequenceMatcher(None, before, after, autojunk=False).get_opcodes():
        if tag == "equal":
            found.append(("same", "".join(before[first:last])))
            continue
        found += [("gone", "".join(before[first:last]))] if last > first else []
        found += [("new", "".join(after[start:end]))] if end > start else []
    return found


def _of_campaign(session: Session, found: Sequence[CampaignVersion]) -> list[Entry]:
    """Each version with what it changed in the one before it."""
    audiences = [Audience.model_validate(one.definition["head"].get("audience") or {}) for one in found]
    audiences += [
        Audience.model_validate(step.get("audience") or {}) for one in found for step in one.definition["steps"]
    ]
    known, people = names(session, audiences), staff.names(session)
    earlier = [older.definition for _newer, older in pairwise(found)]
    entries = []
    for one, before in zip_longest(found, earlier):
        lines = changed.lines(difference.between(before, one.definition), known) if before else []
        differs = [Differs(line.label, _whole(line.before, line.after)) for line in lines]
        at = None if one.action == "loaded" else one.at
        entries.append(Entry(one.version, _(changed.ACTIONS[one.action]), at, people.get(one.staff_id or 0), differs))
    return entries


def _of_text(session: Session, found: Sequence[TextVersion], language: str) -> list[Entry]:
    people, entries = staff.names(session), []
    for one, before in zip(reversed(found), [*reversed(found[:-1]), None], strict=True):
        differs = list(_of_wording(states.wording(before) if before else None, states.wording(one), language))
        what = _("Modifié") if before else _("Écrit")
        entries.append(Entry(one.version, what, one.made_at, people.get(one.staff_id or 0), differs))
    return entries


def _of_wording(old: Wording | None, new: Wording, language: str) -> Iterator[Differs]:
    before, after = _parts(old) if old else {}, _parts(new)
    for name in dict.fromkeys([*before, *after]):
        if before.get(name, "") != after.get(name, ""):
            spoken = None if name in ("back_translation", "comment") else language
            yield Differs(_label(name), compared(before.get(name, ""), after.get(name, "")), spoken)


def _parts(said: Wording) -> dict[str, str]:
    """Every field of a wording that holds words; official letters only where the phone gets others."""
    parts = dict(said.parts())
    for name, sms in said.parts().items():
        if said.official_of(name) != sms:
            parts["official" if name == "sms" else f"{name} official"] = said.official_of(name)
    beside = {"read_aloud": said.read_aloud, "back_translation": said.back_translation, "comment": said.comment}
    return {name: words for name, words in {**parts, **beside}.items() if words}


def _label(name: str) -> str:
    part, _space, letters = name.partition(" ")
    label = {"back_translation": _("Retraduction"), "comment": _("Commentaire")}.get(part) or remarks.label(part)
    return f"{label} · {_('Lettres officielles')}" if letters else label


def _whole(before: str, after: str) -> list[Piece]:
    """A value of a field, which is replaced as a whole."""
    pieces: list[Piece] = [("gone", before), ("new", after)]
    return [piece for piece in pieces if piece[1]]
