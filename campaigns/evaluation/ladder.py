"""The ladder of reach: enrolled, consented, sent, delivered, answered, learned, each among those of the step before.

A decision that their club kept stands apart: a group keeps it, so it is told of all who are enrolled in that group.

Source: the page on evaluation, sections 1 and 2 (LAD).
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import Any

import sqlalchemy as sa

from campaigns import scores
from campaigns.evaluation import terms
from campaigns.evaluation.cells import Cells, one, shares, sums
from campaigns.evaluation.counting import Ask, Count
from campaigns.models import Answer, Campaign, Decision
from messaging.models import ClubMember, Consent, Member, MemberPhone, Message
from messaging.models.people import Purpose, Route

KEPT = "yes"
CLIMB = {"LAD-2": "LAD-1", "LAD-3": "LAD-2", "LAD-4": "LAD-3", "LAD-5": "LAD-4", "LAD-6": "LAD-5", "LAD-7": "LAD-1"}


def ladder(ask: Ask, codes: Collection[str]) -> Iterator[Count]:
    """The counts of these codes of the family `ladder`."""
    wanted = [code for code in (*CLIMB.values(), *CLIMB) if code in {*codes, *(CLIMB.get(code) for code in codes)}]
    climbed = climbers(ask, wanted)
    by = {"area": climbed.c.village_id, "sex": climbed.c.sex, "language": climbed.c.language}
    items = {code: stands(climbed, code) for code in dict.fromkeys(wanted)}
    found = {code: _told(cells) for code, cells in sums(ask, sa.select(climbed), by, **items).items()}
    for code in codes:
        yield from shares(ask, code, found[code], found[CLIMB[code]] if code in CLIMB else None)


def climbers(ask: Ask, codes: Collection[str]) -> sa.CTE:
    """Active members, and 1 or 0 for what each of these steps asks of them beyond the one before; gathered once."""
    steps = conditions(ask)
    asked = dict.fromkeys(name for code in codes for name in _climb(code))
    return (
        sa.select(
            Member.id, Member.village_id, Member.sex, Member.language,
            *(one(steps[code][-1]).label(code) for code in asked),
        )
        .where(*terms.active(ask.period, ask.programme), ask.within(Member.village_id))
        .cte("climbed")
        .prefix_with("MATERIALIZED")
    )  # fmt: skip


def stands(climbed: sa.CTE, code: str) -> sa.ColumnElement[int]:
    """1 for who stands on a step."""
    found: sa.ColumnElement[int] = sa.literal(1)
    for name in _climb(code):
        found = found * climbed.c[name]
    return found


def _climb(code: str) -> list[str]:
    """A step and those before it, without the first, on which all stand."""
    return [*_climb(CLIMB[code]), code] if code in CLIMB else []


def _told(cells: Cells) -> Cells:
    """Without the cells in which nobody stands."""
    return Cells(cells.names, {cut: number for cut, number in cells.values.items() if number})


def conditions(ask: Ask) -> dict[str, tuple[sa.ColumnElement[bool], ...]]:
    """What members of each step fulfil, with all of the steps before it."""
    content = sa.select(Message.phone_id).where(*terms.content(ask.period, ask.programme))
    steps = (
        Member.id.in_(_consented(ask)),
        sa.and_(Member.route == Route.PHONE, _has_phone_in(content)),
        _has_phone_in(content.where(terms.delivered())),
        _has_phone_in(_answered(ask)),
        Member.id.in_(_learned(ask)),
    )
    climbed = {f"LAD-{number + 1}": steps[:number] for number in range(len(steps) + 1)}
    return {**climbed, "LAD-7": (Member.id.in_(_in_clubs_that_kept(ask)),)}


def _has_phone_in(phones: sa.Select[Any]) -> sa.ColumnElement[bool]:
    return Member.id.in_(sa.select(MemberPhone.member_id).where(MemberPhone.phone_id.in_(phones)))


def _consented(ask: Ask) -> sa.Select[Any]:
    """Whose newest answer on messages is a yes that stands."""
    newest = sa.func.row_number().over(
        partition_by=Consent.member_id, order_by=(Consent.given_at.desc(), Consent.id.desc())
    )
    said = (
        sa.select(Consent.member_id, Consent.granted, Consent.withdrawn_at, newest.label("place"))
        .where(Consent.programme_id == ask.programme.id, Consent.purpose == Purpose.MESSAGES)
        .where(Consent.member_id.is_not(None), Consent.given_at < ask.period.ends)
        .subquery("said")
    )
    stands = sa.or_(said.c.withdrawn_at.is_(None), said.c.withdrawn_at >= ask.period.ends)
    return sa.select(said.c.member_id).where(said.c.place == 1, said.c.granted, stands)


def _answered(ask: Ask) -> sa.Select[Any]:
    """Phones that answered a question, a poll too."""
    return (
        sa.select(Answer.phone_id)
        .join(Message, Message.id == Answer.message_id)
        .where(Message.programme_id == ask.programme.id, ask.period.holds(Answer.answered_at))
    )


def _learned(ask: Ask) -> sa.Select[Any]:
    """Who has a right answer in a wave post; whose score rose has one too."""
    newest = scores.newest(scores.questions(Campaign.programme_id == ask.programme.id), ask.period.ends)
    return sa.select(newest.c.member_id).where(newest.c.wave == "post", newest.c.correct)


def _in_clubs_that_kept(ask: Ask) -> sa.Select[Any]:
    return (
        sa.select(ClubMember.member_id)
        .join(Decision, Decision.club_id == ClubMember.club_id)
        .where(Decision.programme_id == ask.programme.id, Decision.kept == KEPT, ask.period.holds(Decision.kept_at))
    )
