"""Cases as an account sees them: which ones, how their clocks stand, what of them is told, and what she may do."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from flask import g
from sqlalchemy.orm import Session

from campaigns import caseload
from campaigns.admin import holders, masks
from campaigns.admin.messages import KINDS, MOST, ours, words_of
from campaigns.admin.messages import SENSITIVE as SENSITIVE_KINDS
from campaigns.admin.security import me
from campaigns.admin.words import N_, _
from campaigns.clocks import Standing
from campaigns.models import Feedback
from messaging.clock import local
from messaging.models import Inbound, Phone, Programme, Role

WHO = (Role.OFFICER, Role.FOCAL_POINT, Role.APPROVER, Role.AUDITOR)
RUNNING: dict[Standing, str] = {
    "late": N_("en retard"),
    "near": N_("bientôt"),
    "calm": N_("dans les temps"),
    "paused": N_("en pause"),
}
VIEWS: dict[str, str] = {**{str(name): said for name, said in RUNNING.items()}, "closed": N_("clos")}
COUNTED: tuple[Standing, ...] = ("late", "near")
CATEGORIES = {
    **{name: KINDS[name] for name in caseload.WORKED},
    **{f"sensitive_{name}": said for name, said in SENSITIVE_KINDS.items()},
}
SHOWN = 90  # letters of an SMS in the list


@dataclass(frozen=True)
class Row:
    """One case of the list; of a security message neither time nor phone, but its week and its region."""

    case: Feedback
    standing: Standing
    due: datetime | None
    last_two: str | None = None
    where: str = ""
    said: str | None = None

    @property
    def week(self) -> int | None:
        """The week that stands for the time of a security message."""
        return week(self.case) if is_security(self.case) else None


def mine(programme_id: int | None = None) -> sa.ColumnElement[bool]:
    """The condition for cases that the account may see: of own places, and of a category that is hers.

    The second NON is a supervisor's: the approver's. Of cases about data the auditor sees that they are, and when.
    """
    own: list[sa.ColumnElement[bool]] = [sa.false()]
    if me().has(Role.OFFICER):
        own.append(Feedback.category.in_(caseload.WORKED))
    if me().has(Role.APPROVER):
        own.append(sa.and_(Feedback.category.in_(caseload.WORKED), caseload.IS_SUPERVISED))
    if me().has(Role.AUDITOR):
        own.append(Feedback.category == "data_optout")
    own.append(Feedback.category.in_(sensitive_of_mine()))
    return sa.and_(ours(g.programme.id if programme_id is None else programme_id), sa.or_(*own))


def sensitive_of_mine() -> list[str]:
    """The sensitive categories of which the account is a focal point."""
    return [f"sensitive_{name}" for name in sorted(me().roles.get(Role.FOCAL_POINT, set()))]


def offered() -> list[str]:
    """The categories that the account may choose among."""
    open_ones = list(caseload.WORKED) if me().has(Role.OFFICER) or me().has(Role.APPROVER) else []
    return [*(open_ones or (["data_optout"] if me().has(Role.AUDITOR) else [])), *sensitive_of_mine()]


def of_view(session: Session, view: str, now: datetime) -> sa.Select[Feedback, Inbound]:
    """The cases of a view: open ones from the oldest on, closed ones from the last one back."""
    query = caseload.cases().where(mine())
    if view == "closed":
        return query.where(Feedback.closed_at.is_not(None)).order_by(Feedback.id.desc())
    known = next(name for name in RUNNING if name == view)
    days = caseload.days(session, g.programme)
    return query.where(caseload.stands(session, known, now, days)).order_by(Feedback.id)


def counts(session: Session, now: datetime) -> dict[str, int]:
    """How many cases stand in the views that should be empty, at most `MOST`."""
    queries = {name: of_view(session, name, now).with_only_columns(Feedback.id).order_by(None) for name in COUNTED}
    return {
        name: session.scalar(sa.select(sa.func.count()).select_from(query.limit(MOST).subquery())) or 0
        for name, query in queries.items()
    }


def hidden(session: Session) -> int:
    """How many open sensitive cases of own places there are that this account may not open."""
    others = Feedback.category.not_in(sensitive_of_mine())
    query = caseload.cases().with_only_columns(Feedback.id).where(
        Feedback.category.in_(caseload.SENSITIVE), Feedback.closed_at.is_(None), others, ours(g.programme.id)
    )  # fmt: skip
    return session.scalar(sa.select(sa.func.count()).select_from(query.limit(MOST).subquery())) or 0


def rows(session: Session, found: Collection[tuple[Feedback, Inbound]], now: datetime) -> list[Row]:
    """Cases with their clocks, phones and places; the number of queries does not grow with them."""
    programme: Programme = g.programme
    days = caseload.days(session, programme)
    pauses = caseload.pauses_of(session, [case.id for case, _sms in found])
    digits = dict(session.execute(sa.select(Phone.id, Phone.last_two).where(Phone.id.in_(phones_of(found)))).all())
    where = places(session, found, now)
    return [
        Row(
            case, caseload.standing(case, now, days, pauses.get(case.id, ())),
            caseload.due(case, days, pauses.get(case.id, ())),
            None if is_security(case) else digits.get(case.phone_id), where.get(case.id, ""), excerpt(case, inbound),
        )
        for case, inbound in found
    ]  # fmt: skip


def places(session: Session, found: Collection[tuple[Feedback, Inbound]], now: datetime) -> dict[int, str]:
    """Where the people of each case are: the village for the officer, else the commune; of security the region."""
    lives: dict[int, int] = {}
    for one in holders.of(session, phones_of(found)):
        if one.is_own and one.village_id is not None:
            lives.setdefault(one.phone_id, one.village_id)
    homes = masks.homes(session, lives.values(), now)
    alarmed = [lives[case.phone_id] for case, _sms in found if is_security(case) and case.phone_id in lives]
    regions = masks.regions(session, alarmed, now)
    said: dict[int, str] = {}
    for case, _sms in found:
        village_id = lives.get(case.phone_id)
        home = homes.get(village_id or 0)
        if is_security(case):
            said[case.id] = regions.get(village_id or 0, "")
        elif home is not None:
            said[case.id] = home.village if masks.is_officer() else home.commune
    return said


def phones_of(found: Collection[tuple[Feedback, Inbound]]) -> set[int]:
    """The ids of the phones of some cases."""
    return {case.phone_id for case, _sms in found}


def excerpt(case: Feedback, inbound: Inbound) -> str | None:
    """The first words of an SMS, for the officer; of a sensitive one nobody sees any in a list."""
    said = None if case.category in caseload.SENSITIVE else words_of(inbound)
    return said if said is None or len(said) <= SHOWN else said[: SHOWN - 1].rstrip() + "…"


def is_security(case: Feedback) -> bool:
    """True for a security message: its region and week are all that stays."""
    return case.category == "sensitive_security"


def week(case: Feedback) -> int:
    """The number of the week in which a case came, by ISO 8601."""
    return local(case.told_at, g.programme.zone).isocalendar().week


def number(case: Feedback) -> str:
    """What a case is called."""
    return caseload.number(case.id)


def step(case: Feedback) -> str:
    """Where a case stands, in words."""
    steps: Sequence[tuple[bool, str]] = (
        (case.closed_at is not None and bool(case.satisfied), N_("clos : la personne est satisfaite")),
        (case.closed_at is not None, N_("clos")),
        (case.reopened >= caseload.SUPERVISED, N_("deux fois NON : au superviseur")),
        (case.answered_at is None and case.reopened > 0, N_("rouvert : la personne a dit NON")),
        (case.answered_at is not None, N_("répondu")),
        (case.referred_at is not None, N_("orienté vers un service")),
        (case.taken_at is not None, N_("pris en charge")),
        (case.sorted_at is not None, N_("rangé")),
    )
    return next((_(said) for is_so, said in steps if is_so), _("reçu"))


def find(session: Session, ident: int) -> tuple[Feedback, Inbound] | None:
    """A case that the account may see, with its SMS."""
    row = session.execute(caseload.cases().where(mine(), Feedback.id == ident)).first()
    return (row[0], row[1]) if row else None


def may(case: Feedback) -> Mapping[str, bool]:
    """What the account may do with a case that it sees: work on it, supervise it, or only see that it is."""
    is_sensitive = case.category in caseload.SENSITIVE
    works = is_sensitive or me().has(Role.OFFICER)
    supervises = not is_sensitive and me().has(Role.APPROVER) and case.reopened >= caseload.SUPERVISED
    return {"work": works, "act": works or supervises, "read": is_sensitive or me().has(Role.OFFICER)}
