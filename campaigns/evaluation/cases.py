"""Cases and their clocks, harm by messages, distributions that were confirmed; sensitive cases only as one share.

Source: the page on evaluation, section 8.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from campaigns import caseload, clocks, senders
from campaigns.clocks import Pause
from campaigns.conversation.catalogue import ROWS
from campaigns.evaluation import terms
from campaigns.evaluation.counting import Ask, Count
from campaigns.evaluation.middle import median, percentile
from campaigns.models import Campaign, CasePause, Distribution, Feedback, Step, Value
from messaging import places
from messaging.models import Member, MemberPhone
from messaging.models.people import Sex

CODES = {  # what an export calls each of our categories
    "thanks": "thanks",
    "question": "information_request",
    "assistance_request": "assistance_request",
    "suggestion": "suggestion",
    "complaint_minor": "minor_dissatisfaction",
    "selection": "selection",
    "sensitive_fraud": "fraud",
    "sensitive_psea": "psea",
    "sensitive_protection": "protection",
    "sensitive_security": "security",
    "data_optout": "data_optout",
    "out_of_scope": "out_of_scope",
    "unclassified": "unclassified",
    "adverse": "adverse",
}
QUARTER = (
    3  # months: sensitive cases are told of whole ones alone, for two periods that differ by a day tell of that day
)
SOON = timedelta(hours=24)
TAKEN_SOON = ("sensitive_fraud", "sensitive_security")  # a person takes or answers them; the others are referred
RECEIPT = next(row.kind for row in ROWS if row.form == "receipt")
DAY = 24 * 3600  # seconds
IS_OPEN = Feedback.category.not_in(caseload.SENSITIVE)
Cut = tuple[Any, ...]


def cases(ask: Ask, codes: Collection[str]) -> Iterator[Count]:
    """The indicators of cases, each family of them by one or two readings."""
    if "CFM-RATE" in codes:
        yield from _rate(ask)
    if "CFM-W" in codes:
        yield from _women(ask)
    if "CFM-ACK" in codes:
        yield from _in_time(ask)
    if set(codes) & {"CFM-CLOSE", "CFM-CLOSE90"}:
        yield from (one for one in _days_to_close(ask) if one.code in codes)
    if "CFM-LOOP" in codes:
        cuts = _cuts(ask, Feedback.closed_at)
        for said, number, *cut in _sums(ask, Feedback.satisfied.is_not(None), [*closed(ask)], cuts):
            yield Count("CFM-LOOP", tuple(cut), said, number)
    if "CFM-REF" in codes:
        yield from _referred(ask)
    if "ADV" in codes:
        number = _sums(ask, sa.true(), [told(ask), Feedback.category == "adverse"], [])[0][1]
        yield Count("ADV", (), number)
    if "DIS-CONF" in codes:
        yield _confirmed(ask)


def _rate(ask: Ask) -> Iterator[Count]:
    """Cases beside the members; the count itself is the numerator, so that a small one is seen to be small."""
    members = sa.select(sa.func.count()).select_from(Member).where(*terms.active(ask.period, ask.programme))
    people = ask.session.scalar(members.where(ask.within(Member.village_id))) or 0
    for _any, number, *cut in _sums(ask, sa.true(), [told(ask), IS_OPEN], _cuts(ask, Feedback.told_at)):
        yield Count("CFM-RATE", tuple(cut), number, people, 1000 * number / people if people else None)


def _women(ask: Ask) -> Iterator[Count]:
    """From whose phone a case came: of one that women and men share nobody can say."""
    phones = of_one_sex(ask)
    cuts = _cuts(ask, Feedback.told_at)
    query = (
        sa.select(sa.func.sum(sa.case((phones.c.others == 0, 1), else_=0)), sa.func.count(), *cuts)
        .select_from(Feedback)
        .join(phones, phones.c.phone_id == Feedback.phone_id)
        .where(*own(ask), told(ask), IS_OPEN)
        .group_by(*cuts)
    )
    for hers, number, *cut in ask.session.execute(query):
        yield Count("CFM-W", tuple(cut), int(hers or 0), number)


def of_one_sex(ask: Ask) -> sa.Subquery:
    """Phones with active members, the sex of all of whom is known: (phone_id, how many `others` than women)."""
    unknown = sa.func.sum(sa.case((Member.sex == Sex.UNKNOWN, 1), else_=0))
    others = sa.func.sum(sa.case((Member.sex != Sex.F, 1), else_=0))
    return (
        sa.select(MemberPhone.phone_id, others.label("others"))
        .join(Member, Member.id == MemberPhone.member_id)
        .where(*terms.active(ask.period, ask.programme))
        .group_by(MemberPhone.phone_id)
        .having(unknown == 0)
        .subquery()
    )


def _in_time(ask: Ask) -> Iterator[Count]:
    counted, stopped = Counter[Cut](), Counter[Cut]()
    if not ask.by:
        counted[()] = 0
    for _ident, cut, is_stopped in first_clocks(ask):
        counted[cut] += 1
        stopped[cut] += is_stopped
    yield from (Count("CFM-ACK", cut, stopped[cut], number) for cut, number in counted.items())


def first_clocks(ask: Ask) -> Iterator[tuple[int, Cut, bool]]:
    """The first clock of each case that has run out or was stopped: the case, its cut, and whether it was in time.

    As the pages show it: working days, and its pauses.
    """
    days = caseload.days(ask.session, ask.programme)
    which = [*own(ask), told(ask), IS_OPEN]
    pauses = _pauses(ask, which)
    case = Feedback
    steps = (case.taken_at, case.sorted_at, case.answered_at, case.referred_at, case.closed_at)
    query = sa.select(case.id, case.category, case.told_at, *steps, *_cuts(ask, case.told_at)).where(*which)
    for ident, category, told_at, *more in ask.session.execute(query.execution_options(yield_per=1000)):
        if clocks.term("first", category) is None:
            continue
        done, cut = more[: len(steps)], tuple(more[len(steps) :])
        first = min((moment for moment in done if moment is not None), default=None)
        end = clocks.due("first", category, told_at, days, pauses.get(ident, ()))
        is_stopped = first is not None and (end is None or first < end)
        if is_stopped or (end is not None and end <= ask.now):
            yield ident, cut, is_stopped


def _days_to_close(ask: Ask) -> Iterator[Count]:
    which = [*own(ask), *closed(ask)]
    pauses = _pauses(ask, which)
    query = sa.select(Feedback.id, Feedback.told_at, Feedback.closed_at, *_cuts(ask, Feedback.closed_at)).where(*which)
    taken: dict[Cut, list[float]] = defaultdict(list)
    if not ask.by:
        taken[()] = []
    for ident, told_at, closed_at, *cut in ask.session.execute(query.execution_options(yield_per=1000)):
        rested = _rest(told_at, closed_at, pauses.get(ident, ()))
        taken[tuple(cut)].append((closed_at - told_at - rested).total_seconds() / DAY)
    for key, found in taken.items():
        yield Count("CFM-CLOSE", key, len(found), len(found), median(found))
        yield Count("CFM-CLOSE90", key, len(found), len(found), percentile(found, 90))


def _rest(told_at: datetime, closed_at: datetime, pauses: Sequence[Pause]) -> timedelta:
    """How long a case stood still before it was closed."""
    spans = (min(end or closed_at, closed_at) - max(begin, told_at) for begin, end in pauses)
    return sum((span for span in spans if span > timedelta(0)), timedelta(0))


def _referred(ask: Ask) -> Iterator[Count]:
    """Sensitive cases: of the whole programme and of whole quarters that are over, or there is no figure."""
    edges = (ask.period.since, ask.period.until)
    is_whole = all(day.day == 1 and day.month % QUARTER == 1 for day in edges)
    if not ask.is_everywhere or not is_whole or ask.period.ends > ask.now:
        return
    case = Feedback
    query = sa.select(case.category, case.told_at, case.referred_at, case.taken_at, case.answered_at)
    number = soon = 0
    for category, told_at, referred, *seen in ask.session.execute(
        query.where(*own(ask), told(ask), case.category.in_(caseload.SENSITIVE))
    ):
        acts = [referred, *(seen if category in TAKEN_SOON else ())]
        number += 1
        soon += any(act is not None and act <= told_at + SOON for act in acts)
    yield Count("CFM-REF", (), soon, number)


def _confirmed(ask: Ask) -> Count:
    """RECU beside the households that were served; one who is served of several items is one household."""
    own = [Distribution.programme_id == ask.programme.id, ask.period.holds_day(Distribution.day), _handed_here(ask)]
    one = sa.select(sa.func.max(Distribution.served).label("served")).where(*own)
    each = one.group_by(Distribution.code, Distribution.place_id, Distribution.day).subquery()
    served = ask.session.scalar(sa.select(sa.func.sum(each.c.served)))
    names = (
        sa.select(Campaign.code + "/" + Step.code)
        .join(Step, Step.campaign_id == Campaign.id)
        .where(Campaign.programme_id == ask.programme.id)
        .where(Step.id.in_(sa.select(Distribution.step_id).where(*own)))
    )
    received = (
        Value.programme_id == ask.programme.id, Value.kind == RECEIPT, Value.state == "ok", Value.value > 0,
        Value.text.in_(names), ask.within(Value.place_id),
    )  # fmt: skip
    number = ask.session.scalar(sa.select(sa.func.count()).select_from(Value).where(*received))
    return Count("DIS-CONF", (), number or 0, int(served or 0))


def _handed_here(ask: Ask) -> sa.ColumnElement[bool]:
    """A distribution is of a village, or of a commune in which an own village lies."""
    if ask.is_everywhere:
        return sa.true()
    pairs = places.communes(ask.mapped_on).subquery()
    communes = sa.select(pairs.c.commune_id).where(ask.within(pairs.c.village_id))
    return sa.or_(ask.within(Distribution.place_id), Distribution.place_id.in_(communes))


def own(ask: Ask) -> list[sa.ColumnElement[bool]]:
    """The feedback of the programme, of own places alone: that of phones of somebody there."""
    own: list[sa.ColumnElement[bool]] = [Feedback.programme_id == ask.programme.id]
    if not ask.is_everywhere:
        own.append(Feedback.phone_id.in_(senders.phones(ask.programme.id, ask.within)))
    return own


def told(ask: Ask) -> sa.ColumnElement[bool]:
    """Told within the period."""
    return ask.period.holds(Feedback.told_at)


def closed(ask: Ask) -> list[sa.ColumnElement[bool]]:
    """Closed within the period; nobody works on thanks."""
    return [ask.period.holds(Feedback.closed_at), IS_OPEN, Feedback.category != "thanks"]


def _cuts(ask: Ask, moment: Any) -> list[sa.ColumnElement[Any]]:
    known: dict[str, Any] = {"month": ask.period.month_of(moment), "category": Feedback.category}
    return [known[name] for name in ask.by]


def _sums(
    ask: Ask,
    which: sa.ColumnElement[bool],
    among: Iterable[sa.ColumnElement[bool]],
    cuts: Sequence[sa.ColumnElement[Any]],
) -> list[tuple[Any, ...]]:
    """Of some feedback: those of a kind, all of them, and their cut."""
    parts = (sa.func.sum(sa.case((which, 1), else_=0)), sa.func.count())
    query = sa.select(*parts, *cuts).select_from(Feedback).where(*own(ask), *among).group_by(*cuts)
    return [(int(chosen or 0), *more) for chosen, *more in ask.session.execute(query)]


def _pauses(ask: Ask, which: Iterable[sa.ColumnElement[bool]]) -> dict[int, list[Pause]]:
    """The pauses of some cases, by case."""
    query = sa.select(CasePause.feedback_id, CasePause.started_at, CasePause.ended_at)
    query = query.join(Feedback, Feedback.id == CasePause.feedback_id).where(*which).order_by(CasePause.id)
    found: dict[int, list[Pause]] = defaultdict(list)
    for ident, begin, end in ask.session.execute(query):
        found[ident].append((begin, end))
    return found
