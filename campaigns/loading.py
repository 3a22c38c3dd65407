"""Campaign files into the database and out: differences are shown, asked ones taken, staff's work never overwritten.

After the first load the database is the truth. Loading a file again compares it with what is stored: what is new is
taken, what differs is shown and taken only when asked, what staff changed is kept and named. A file changes head and
steps only before the campaign was started, and one that was approved is then approved anew.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

import sqlalchemy as sa
from sqlalchemy.orm import Session

from campaigns.definitions import Definition, Step, Text, dump
from campaigns.models import Campaign, CampaignState, CampaignVersion
from campaigns.models import Step as StepRow
from messaging import audit, languages, texts
from messaging.errors import RefusedError
from messaging.models import LetterKind, Programme
from messaging.models import Text as TextRow
from messaging.models.post import Kind
from messaging.wording import Wording, spelt

# What staff do to a campaign (`CampaignVersion.action`) that a file never overwrites: its head, the order of its steps.
HEAD_CHANGES = ("edited", "restored")
ORDER_CHANGES = ("added", "moved", "removed", "restored")
STARTED = (
    "Cette campagne a été démarrée : changez-la sur sa page. Du fichier, ne prenez que les textes, par leur nom. / "
    "This campaign was started: change it on its page. Of the file take only the texts, by their names."
)
HEAD = ("title", "topic", "pillar", "agency", "serves", "starts", "ends", "audience")


@dataclass(frozen=True)
class Difference:
    """One thing in which file and database differ, and what was done about it."""

    what: str  # "campaign", "step lavage-1", "text lavage-1/fr"
    kind: Literal["new", "changed", "removed"]
    done: Literal["taken", "kept", "staff"]  # kept: not asked for; staff: changed by staff, never overwritten


@dataclass
class Loaded:
    """What loading one file did."""

    campaign: str
    differences: list[Difference] = field(default_factory=list)

    @property
    def changed(self) -> bool:
        """True when something was written."""
        return any(one.done == "taken" for one in self.differences)


def load(
    session: Session,
    programme: Programme,
    definition: Definition,
    now: datetime,
    take: Collection[str] | None = None,
    staff_id: int | None = None,
) -> Loaded:
    """Store a definition, or compare it with what is stored.

    Args:
        session: a writing session.
        programme: where the campaign belongs.
        definition: the checked file.
        now: the time.
        take: what of the differences is taken, by its `what`; `{"all"}` for all of them, None for new things only.
        staff_id: who loads; none: the command line.

    Raises:
        RefusedError: head or steps of a campaign that was started are to be taken.
    """
    loaded = Loaded(definition.campaign)
    row = find(session, programme.id, definition.campaign)
    row = None if row is None else locked(session, row.id)
    wanted = _Wanted(take, loaded, is_started=row is not None and row.started_at is not None)
    if row is None:
        row = _new(session, programme, definition)
        wanted.new("campaign")
        audit.note(session, audit.actor(staff_id), "loaded", "campaign", row.id, now, after={"code": row.code})
    elif head(definition) != row.definition and wanted.changed("campaign", _by_staff(session, row, HEAD_CHANGES)):
        set_head(row, definition)
    _load_steps(session, row, definition, wanted, now, staff_id)
    taken = {one.what.partition(" ")[0] for one in loaded.differences if one.done == "taken"}
    if row.file_hash and taken & {"campaign", "step"}:
        row.lock += 1  # an editor who has the campaign open is told
        to_draft(row)
    row.file_hash = hashlib.sha256(dump(definition).encode()).hexdigest()
    return loaded


def find(session: Session, programme_id: int, code: str) -> Campaign | None:
    """A campaign by its code."""
    return session.scalar(sa.select(Campaign).where(Campaign.programme_id == programme_id, Campaign.code == code))


def locked(session: Session, campaign_id: int) -> Campaign:
    """A campaign as it stands now; who else changes, approves, starts or plans it waits, who enrols does not."""
    session.flush()
    return session.get_one(Campaign, campaign_id, with_for_update={"key_share": True}, populate_existing=True)


def to_draft(row: Campaign) -> None:
    """What was changed is approved anew."""
    if row.state is not CampaignState.DRAFT:
        row.state, row.approver_id, row.accepted_fallbacks, row.accepted_gaps = CampaignState.DRAFT, None, None, None


def export(session: Session, row: Campaign) -> Definition:
    """A stored campaign as the definition that loads without a difference."""
    steps = [
        Step.model_validate({**step.definition, "texts": texts_of(session, step.id)})
        for step in steps_of(session, row.id)
    ]
    return Definition.model_validate(
        {"campaign": row.code, **row.definition, "steps": [step.model_dump(mode="json") for step in steps]}
    )


def steps_of(session: Session, campaign_id: int) -> list[StepRow]:
    """The steps of a campaign that were not removed, in order."""
    query = sa.select(StepRow).where(StepRow.campaign_id == campaign_id, StepRow.removed_at.is_(None))
    return list(session.scalars(query.order_by(StepRow.position, StepRow.id)))


def head(definition: Definition) -> dict[str, Any]:
    """What of a definition stands on the campaign itself."""
    whole = definition.model_dump(mode="json")
    return {name: whole[name] for name in HEAD}


def body(step: Step) -> dict[str, Any]:
    """What of a step stands on its row: all but its texts."""
    return step.model_dump(mode="json", exclude={"texts"})


def wording(text: Text) -> Wording:
    """The words of a file's text as they are stored."""
    return Wording(
        sms=text.sms,
        official=text.official,
        read_aloud=text.read_aloud or "",
        club=text.club,
        options={str(number): words for number, words in text.options.items()} if text.options else None,
        right=text.right,
        wrong=text.wrong,
        back_translation=text.back_translation,
        unicode=text.unicode,
        kind=LetterKind(text.letters),
        officials=text.officials,
        comment=text.comment,
    )


def as_text(said: Wording) -> dict[str, Any]:
    """Stored words as the values of a file's text; `wording` gives them back."""
    return {
        "sms": said.sms, "official": said.official, "read_aloud": said.read_aloud or None, "club": said.club,
        "options": dict(said.options) if said.options else None, "right": said.right, "wrong": said.wrong,
        "back_translation": said.back_translation, "unicode": said.unicode, "letters": said.kind.value,
        "officials": dict(said.officials) if said.officials else None, "comment": said.comment,
    }  # fmt: skip


@dataclass
class _Wanted:
    """Which differences are taken; notes every one of them."""

    take: Collection[str] | None
    loaded: Loaded
    is_started: bool = False  # people are enrolled and messages wait: its steps are no file's matter any more

    def new(self, what: str) -> bool:
        """A new thing is taken, but for a step of a campaign that was started."""
        is_taken = not (self.is_started and what.startswith("step "))
        self.loaded.differences.append(Difference(what, "new", "taken" if is_taken else "kept"))
        return is_taken

    def changed(self, what: str, by_staff: bool, kind: Literal["changed", "removed"] = "changed") -> bool:
        """True when a difference is asked for and not staff's own work."""
        asked = self.take is not None and ("all" in self.take or what in self.take)
        done: Literal["taken", "kept", "staff"] = "staff" if by_staff else "taken" if asked else "kept"
        if done == "taken" and self.is_started and not what.startswith("text "):
            raise RefusedError(STARTED)
        self.loaded.differences.append(Difference(what, kind, done))
        return done == "taken"


def _new(session: Session, programme: Programme, definition: Definition) -> Campaign:
    row = Campaign(programme_id=programme.id, code=definition.campaign, state=CampaignState.DRAFT)
    set_head(row, definition)
    session.add(row)
    session.flush()
    return row


def set_head(row: Campaign, definition: Definition) -> None:
    """Make the head of a stored campaign say what a definition says."""
    row.definition = head(definition)
    row.title_fr = definition.title.fr
    row.title_en = definition.title.en or definition.title.fr
    row.topic = definition.topic
    row.starts_on, row.ends_on = definition.starts, definition.ends


def _by_staff(session: Session, row: Campaign, actions: Collection[str]) -> bool:
    """Whether staff did one of these to the campaign; an edit of one step is not one of its head."""
    of_head = sa.or_(CampaignVersion.step.is_(None), CampaignVersion.action != "edited")
    query = sa.select(CampaignVersion.version).where(
        CampaignVersion.campaign_id == row.id, CampaignVersion.action.in_(actions), of_head
    )
    return session.scalar(query.limit(1)) is not None


def _load_steps(
    session: Session, row: Campaign, definition: Definition, wanted: _Wanted, now: datetime, staff_id: int | None
) -> None:
    known = {step.code: step for step in session.scalars(sa.select(StepRow).where(StepRow.campaign_id == row.id))}
    is_ours = _by_staff(session, row, ORDER_CHANGES)
    for position, step in enumerate(definition.steps):
        stored = known.pop(step.step, None)
        if stored is None:
            if not wanted.new(f"step {step.step}"):
                continue
            stored = new_step(session, row, step, position)
        elif (body(step) != stored.definition or stored.removed_at) and wanted.changed(
            f"step {step.step}", stored.changed_by_staff
        ):
            set_step(stored, step)
        if not is_ours:
            stored.position = position
        _load_texts(session, stored, step, wanted, now, staff_id)
    for code, stored in known.items():
        if stored.removed_at is None and wanted.changed(f"step {code}", stored.changed_by_staff, "removed"):
            stored.removed_at = now


def new_step(session: Session, row: Campaign, step: Step, position: int) -> StepRow:
    """Store a step that the campaign never had."""
    stored = StepRow(campaign_id=row.id, code=step.step, position=position)
    set_step(stored, step)
    session.add(stored)
    session.flush()
    return stored


def set_step(stored: StepRow, step: Step) -> None:
    """Make a stored step say this, its texts apart; one that was removed is back."""
    stored.kind, stored.send_as, stored.definition = step.kind, Kind(step.send_as), body(step)
    stored.removed_at = None


def _load_texts(
    session: Session, stored: StepRow, step: Step, wanted: _Wanted, now: datetime, staff_id: int | None
) -> None:
    known = {text.language: text for text in _text_rows(session, [stored.id])}
    for language, text in _source_first(step.texts.items()):
        words, old = spelt(wording(text), languages.profile_of(session, language)), known.get(language)
        what = f"text {step.step}/{language}"
        if old is None:
            wanted.new(what)
        elif texts.current(session, old).hash == words.hash or not wanted.changed(what, old.changed_by_staff):
            continue
        texts.write(session, stored.id, language, words, now, staff_id)


def _source_first(items: Iterable[tuple[str, Text]]) -> list[tuple[str, Text]]:
    """French before its translations: a change of it returns them to draft, a new translation must come after."""
    return sorted(items, key=lambda item: item[0] != texts.SOURCE)


def _text_rows(session: Session, step_ids: list[int]) -> list[TextRow]:
    query = sa.select(TextRow).where(TextRow.step_id.in_(step_ids)).order_by(TextRow.step_id, TextRow.language)
    return list(session.scalars(query))


def texts_of(session: Session, step_id: int) -> dict[str, Any]:
    """The present texts of a step, as a file holds them."""
    rows = _text_rows(session, [step_id])
    return {row.language: as_text(texts.wording(texts.current(session, row))) for row in rows}
