"""Proposals: what one account asks and another decides; who asked never does, and what follows is done elsewhere.

Source: the page on safeguarding, sections 11 and 12.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from messaging import audit, staff
from messaging.errors import RefusedError
from messaging.models import Proposal, Role

LOWER_RISK, LIFT_PAUSE, SECOND_APPROVAL = "lower_risk", "lift_pause", "second_approval"
EXPORT_PERSONS = "export_persons"
PLACE, CAMPAIGN, PURPOSE = "place", "campaign", "purpose"  # what a proposal is about
WAITS = "Une demande attend déjà une deuxième personne. / A request already waits for a second person."
DECIDED = "Quelqu'un a déjà décidé de cette demande. / Somebody has decided about this request."
OWN = "Vous l'avez demandé : une autre personne doit décider. / You asked for it: another person must decide."


@dataclass(frozen=True)
class Rule:
    """Which roles may ask, and which may decide."""

    ask: frozenset[Role]
    decide: frozenset[Role]


RULES: Mapping[str, Rule] = {
    LOWER_RISK: Rule(frozenset({Role.APPROVER, Role.OFFICER}), frozenset({Role.APPROVER})),
    LIFT_PAUSE: Rule(frozenset({Role.APPROVER, Role.OFFICER}), frozenset({Role.APPROVER})),
    SECOND_APPROVAL: Rule(frozenset({Role.APPROVER}), frozenset({Role.APPROVER})),
    EXPORT_PERSONS: Rule(frozenset({Role.EVALUATION}), frozenset({Role.APPROVER, Role.AUDITOR})),
}
FRENCH = {
    Role.APPROVER: "approbateur", Role.OFFICER: "agent de suivi", Role.EVALUATION: "évaluation",
    Role.AUDITOR: "auditeur",
}  # fmt: skip


def ask(
    session: Session,
    kind: str,
    what: str,
    ident: int,
    staff_id: int,
    now: datetime,
    *,
    programme_id: int | None = None,
    details: Mapping[str, Any] | None = None,
) -> Proposal:
    """Ask for what needs two people; `details` hold what the one who decides must see, in plain JSON values.

    Raises:
        RefusedError: the account may not ask, or the same waits already.
    """
    need(session, staff_id, RULES[kind].ask)
    if open_about(session, what, ident, kind):
        raise RefusedError(WAITS)
    row = Proposal(
        kind=kind, programme_id=programme_id, object=what, object_id=str(ident), details=dict(details or {}),
        asked_by=staff_id, asked_at=now,
    )  # fmt: skip
    session.add(row)
    session.flush()
    _note(session, row, "asked", staff_id, now)
    return row


def accept(session: Session, proposal_id: int, staff_id: int, now: datetime) -> Proposal:
    """Accept what another account asked; the caller does it in the same transaction.

    Raises:
        RefusedError: it is the account's own, it may not decide, or somebody has decided.
    """
    return _decide(session, proposal_id, staff_id, now, accepted=True)


def refuse(session: Session, proposal_id: int, staff_id: int, now: datetime) -> Proposal:
    """Refuse what another account asked.

    Raises:
        RefusedError: as for `accept`.
    """
    return _decide(session, proposal_id, staff_id, now, accepted=False)


def void(session: Session, kind: str, what: str, ident: int, staff_id: int, now: datetime) -> None:
    """Close the open proposals about a thing whose ground is gone: what was asked is not the question any more."""
    for row in open_about(session, what, ident, kind):
        row.decided_by, row.decided_at, row.accepted = staff_id, now, False
        _note(session, row, "voided", staff_id, now)


def open_about(session: Session, what: str, ident: int, kind: str | None = None) -> list[Proposal]:
    """What waits for a second person about one thing, the oldest first."""
    query = sa.select(Proposal).where(
        Proposal.object == what, Proposal.object_id == str(ident), Proposal.decided_at.is_(None)
    )
    query = query if kind is None else query.where(Proposal.kind == kind)
    return list(session.scalars(query.order_by(Proposal.asked_at, Proposal.id)))


def open_for(
    session: Session, staff_id: int, roles: Collection[Role], programme_ids: Collection[int]
) -> list[Proposal]:
    """What waits for this very account: its role decides, another asked, in one of its programmes; the oldest first."""
    kinds = [kind for kind, rule in RULES.items() if not rule.decide.isdisjoint(roles)]
    query = sa.select(Proposal).where(
        Proposal.kind.in_(kinds),
        Proposal.decided_at.is_(None),
        Proposal.asked_by != staff_id,
        sa.or_(Proposal.programme_id.is_(None), Proposal.programme_id.in_(programme_ids)),
    )
    return list(session.scalars(query.order_by(Proposal.asked_at, Proposal.id)))


def need(session: Session, staff_id: int, roles: frozenset[Role]) -> None:
    """Let nobody pass without one of these roles.

    Raises:
        RefusedError: the account has none of them.
    """
    if roles.isdisjoint(staff.roles(session, staff_id)):
        names = sorted(roles)
        french, english = " ou ".join(FRENCH[name] for name in names), " or ".join(names)
        raise RefusedError(f"Il faut le rôle : {french}. / The role is needed: {english}.")


def _decide(session: Session, proposal_id: int, staff_id: int, now: datetime, *, accepted: bool) -> Proposal:
    row = session.get_one(Proposal, proposal_id, with_for_update=True, populate_existing=True)
    need(session, staff_id, RULES[row.kind].decide)
    if row.decided_at is not None:
        raise RefusedError(DECIDED)
    if row.asked_by == staff_id:
        raise RefusedError(OWN)
    row.decided_by, row.decided_at, row.accepted = staff_id, now, accepted
    _note(session, row, "accepted" if accepted else "refused", staff_id, now)
    return row


def _note(session: Session, row: Proposal, action: str, staff_id: int, now: datetime) -> None:
    after = {"kind": row.kind, row.object: row.object_id, **row.details}
    audit.note(session, audit.actor(staff_id), action, "proposal", row.id, now, after=after)
