"""A step in its languages side by side: both letters of each text, sizes, remarks, its state, and who did what."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date

from flask import g
from sqlalchemy.orm import Session, object_session

from campaigns.admin import remarks
from campaigns.admin.campaigns import tongues, written
from campaigns.admin.cost import Price, price
from campaigns.admin.security import me
from campaigns.admin.words import N_, _
from campaigns.library import glossary
from campaigns.models import Campaign, Step
from messaging import staff, texts, trial
from messaging.clock import local
from messaging.models import Language, Phone, Role, Text, TextEvent, TextState, TextVersion
from messaging.texts import approve_refusal, review_refusal
from messaging.wording import Wording

EVENTS = {
    "written": N_("Écrit"),
    "edited": N_("Modifié"),
    "reviewed": N_("Relu"),
    "approved": N_("Approuvé"),
    "source_changed": N_("Redevenu brouillon : le texte français a changé"),
    "fact_changed": N_("Redevenu brouillon : un fait cité a changé"),
    "refused": N_("Redevenu brouillon : la passerelle ou l'opérateur ne porte pas ces mots"),
    "profile_changed": N_("Redevenu brouillon : les lettres SMS se font autrement"),
}
WORDING = ("written", "edited")  # the events that bring new words of a person or a file


@dataclass(frozen=True)
class Act:
    """One event of a text's history, with the name of the account; None: a file, or nobody's doing."""

    event: TextEvent
    by: str | None

    @property
    def what(self) -> str:
        """What happened, on the page."""
        return _(EVENTS.get(self.event.event, self.event.event))

    @property
    def on(self) -> date:
        """The day: of a review when it was read, else when it was done on the programme's clock."""
        return self.event.read_on or local(self.event.at, g.programme.zone).date()


@dataclass(frozen=True)
class Refused:
    """A form of the page that was not taken: which one, the sentence that says why, and what was typed in it."""

    language: str
    form: str
    sentence: str
    typed: Mapping[str, str]


@dataclass(frozen=True)
class Side:
    """One language of a step; without a text only its attested words."""

    language: Language
    words: Sequence[glossary.Word] = ()
    text: Text | None = None
    said: Wording | None = None
    parts: Sequence[remarks.Part] = ()
    remarks: Sequence[remarks.Remark] = ()
    acts: Sequence[Act] = ()
    no_review: str | None = None  # why this account may not review it now; None: it may
    no_approval: str | None = None
    may_file: bool = False  # the signed sheet of a reviewer without an account
    may_try: bool = False
    typed: Mapping[str, Mapping[str, str]] = field(default_factory=dict)  # by form, what was not taken

    @property
    def standing(self) -> list[Act]:
        """Who wrote, reviewed and approved what stands now, and what made it a draft again."""
        last = {act.event.event: act for act in self.acts}
        found = [act for act in self.acts if act.event.event in WORDING][-1:]
        if self.text is None or self.text.state is TextState.DRAFT:
            return found + [act for act in self.acts[-1:] if act.event.event not in (*WORDING, "reviewed", "approved")]
        done = ("reviewed", "approved") if self.text.state is TextState.APPROVED else ("reviewed",)
        return found + [last[name] for name in done if name in last]


@dataclass(frozen=True)
class Sides:
    """What the page of a step shows beside its head; `last_two` of the account's own confirmed phone, for a trial."""

    written: Sequence[Side]
    missing: Sequence[Side]
    price: Price
    last_two: str | None
    may_try: bool


def sides(campaign: Campaign, step: Step) -> Sides:
    """A step in every language of its programme and every other that a text was written in."""
    session = object_session(step)
    assert session is not None
    known = written(session, [step.id])
    french = known.get((step.id, texts.SOURCE), (None, None))[1]
    every = tongues(session, g.programme, [code for _step, code in known])
    names = staff.names(session)
    missing = [Side(row, words_for(french, row.code)) for row in every if (step.id, row.code) not in known]
    found = [
        _side(session, campaign, step, row, *known[step.id, row.code], names)
        for row in every
        if (step.id, row.code) in known
    ]
    return Sides(found, missing, price(session, g.programme), last_two(session), any(map(me().has, trial.ROLES)))


def words_for(french: TextVersion | None, language: str) -> list[glossary.Word]:
    """The attested words of a language for what the French SMS speaks of."""
    return glossary.words_for(french.sms, language) if french else []


def last_two(session: Session) -> str | None:
    """The last two digits of the account's own phone, when it is confirmed and a trial may go to it."""
    owner = trial.owners(session, [me().id]).get(me().id)
    return session.get_one(Phone, owner.phone_id).last_two if owner and owner.is_confirmed else None


def may_try(language: str) -> bool:
    """True when this account may send itself a text of this language."""
    return me().may_write(language) or me().has(Role.APPROVER)


def _side(
    session: Session,
    campaign: Campaign,
    step: Step,
    language: Language,
    text: Text,
    version: TextVersion,
    names: Mapping[int, str],
) -> Side:
    said = texts.wording(version)
    return Side(
        language, (), text, said, remarks.parts(said, language.profile),
        remarks.remarks(campaign, step, language.code, said, language.profile),
        [Act(event, names.get(event.staff_id or 0)) for event in texts.history(session, text.id)],
        review_refusal(text, me().id, me().roles), approve_refusal(text, language.family, me().id, me().roles),
        review_refusal(text, me().id, me().roles, by_outsider=True) is None, may_try(language.code),
        {one.form: {**one.typed, "why": one.sentence} for one in _refused() if one.language == language.code},
    )  # fmt: skip


def _refused() -> Iterator[Refused]:
    """The form that was not taken in this request, if there is one."""
    if "refused" in g:
        yield g.refused
