"""Table 6: one row a case that is not sensitive, without a word of it; 6b: sensitive ones, as large counts alone.

Rows are persons: sex and age stand only where five phones of that commune, sex and age are in the file. Of what nobody
has screened yet neither place nor person is told: it may be sensitive.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any

import sqlalchemy as sa

from campaigns import caseload, senders
from campaigns.evaluation import terms
from campaigns.evaluation.cases import CODES
from campaigns.evaluation.counting import Ask
from campaigns.evaluation.suppression import LEAST
from campaigns.evaluation.tables.placed import PLACE, Communes, pairs
from campaigns.evaluation.tables.table import Column, Query, Row, Table, stream
from campaigns.models import CasePause, Feedback
from campaigns.week import monday_of
from messaging.clock import at_local, local
from messaging.models import Inbound, Member, MemberPhone, Phone

HOUR, DAY = 3600, 86_400  # seconds
HARM = "adverse"  # a harm that somebody told of: a count, never a row
BLANK = f"empty unless {LEAST} phones of this commune, sex and age are in the file"
COLUMNS = (
    Column("case_id", "#meta+case+id", "Dossier", "Case",
           "its place in this file: the numbers that people were told leave gaps where sensitive cases are"),
    Column("commune_code", "#adm3+code", "Code : commune", "Code of the commune",
           "of the members of the phone; empty: of several, or not screened yet", quasi=True),
    Column("received_week_start", "#date+reported+week_start", "Semaine du", "Week from", "Monday", quasi=True),
    Column("channel", "#channel+code", "Canal", "Channel"),
    Column("language", "#meta+lang", "Langue", "Language", "last used on the phone", quasi=True),
    Column("category", "#need+category+code", "Catégorie", "Category"),
    Column("sensitivity", "#severity+sensitivity", "Sensibilité", "Sensitivity", "sensitive cases are in no row"),
    Column("sex", "#respondee+gender", "Sexe", "Sex",
           f"where all members of the phone have the same; {BLANK}", quasi=True),
    Column("age_band", "#respondee+age+type", "Âge", "Age band",
           f"where all members of the phone have the same; {BLANK}", quasi=True),
    Column("programme_part", "#activity+name", "Volet", "Part of the programme", "not noted: always empty"),
    Column("acknowledged_hours", "#indicator+ack_hours+num", "Heures jusqu'au premier geste",
           "Hours until a person saw to it", "empty: nobody has"),
    Column("closed", "#status+closed+bool", "Clos", "Closed"),
    Column("days_to_close", "#indicator+close_days+num", "Jours jusqu'à la clôture", "Days to close",
           "without its pauses; empty: open"),
    Column("loop_closed", "#status+loop_closed+bool", "Boucle fermée", "Loop closed",
           "the person said whether she is satisfied"),
    Column("referred_to", "#org+referred", "Orienté vers", "Referred to",
           f"a body to which {LEAST} cases of the file were referred; empty: none, or a rarer one"),
)  # fmt: skip
SENSITIVE_COLUMNS = (
    *PLACE[:2],
    Column("quarter_start", "#date+start", "Début du trimestre", "Start of the quarter"),
    Column("quarter_end", "#date+end", "Fin du trimestre", "End of the quarter", "its last day"),
    Column("cases", "#output+cases+num", "Dossiers sensibles", "Sensitive cases",
           f"of all sensitive categories together; without a row: fewer than {LEAST}"),
)  # fmt: skip
Group = tuple[Any, str, str]


@dataclass(frozen=True)
class Home:
    """What is known of who uses a phone; empty where its members differ."""

    commune: int | None = None
    sex: str = ""
    age_band: str = ""


def rows(ask: Ask) -> Iterator[Row]:
    """A row for each case told within the period, in their order."""
    homes, communes = _homes(ask), Communes(ask)
    told = _groups(ask, homes)
    bodies = Counter(ask.session.scalars(sa.select(Feedback.referred_to).where(*_own(ask))))
    pauses = _pauses(ask)
    for place, (case, phone_language, kind, screened) in enumerate(stream(ask.session, _query(ask)), start=1):
        home = homes.get(case.phone_id, Home()) if screened else Home()
        is_told = len(told.get((home.commune, home.sex, home.age_band), ())) >= LEAST
        sex, age_band = (home.sex, home.age_band) if is_told else ("", "")
        days = _days(case.told_at, case.closed_at, pauses.get(case.id, ()))
        week = monday_of(local(case.told_at, ask.period.zone).date()).isoformat()
        yield (
            f"C{place}", communes.of(home.commune).commune_code, week, kind,
            phone_language or "" if screened else "", CODES.get(case.category, case.category), "non_sensitive", sex,
            age_band, "", _hours(case), case.closed_at is not None, days, case.satisfied is not None,
            case.referred_to if case.referred_to and bodies[case.referred_to] >= LEAST else "",
        )  # fmt: skip


def sensitive(ask: Ask) -> Iterator[Row]:
    """Counts of five and more by region, of whole quarters that are over: parts of them could be subtracted."""
    if not ask.is_everywhere:
        return
    homes, communes = _homes(ask), Communes(ask)
    for start, end in _quarters(ask):
        counts: Counter[tuple[str, str]] = Counter()
        query = sa.select(Feedback.phone_id).where(
            Feedback.programme_id == ask.programme.id, Feedback.category.in_(caseload.SENSITIVE),
            Feedback.told_at >= _at(ask, start), Feedback.told_at < _at(ask, end),
        )  # fmt: skip
        for phone_id in stream(ask.session, query):
            area = communes.of(homes.get(phone_id[0], Home()).commune)
            counts[area.region, area.region_code] += 1
        for (region, code), number in large(counts):
            yield region, code, start.isoformat(), (end - timedelta(days=1)).isoformat(), number


def large(counts: Counter[tuple[str, str]]) -> list[tuple[tuple[str, str], int]]:
    """The counts that may be told, by region: their sum is CFM-REF, so that the others are none or five together."""
    told = sorted((one for one in counts.items() if one[1] >= LEAST), key=lambda one: one[1])
    while told and 0 < counts.total() - sum(number for _region, number in told) < LEAST:
        del told[0]
    return sorted(told)


def _own(ask: Ask) -> list[sa.ColumnElement[bool]]:
    """The cases of the file: with the adverse ones, which are only counted, they are those of CFM-RATE."""
    own = [
        Feedback.programme_id == ask.programme.id, ask.period.holds(Feedback.told_at),
        Feedback.category.not_in((*caseload.SENSITIVE, HARM)),
    ]  # fmt: skip
    if not ask.is_everywhere:
        own.append(Feedback.phone_id.in_(senders.phones(ask.programme.id, ask.within)))
    return own


def _query(ask: Ask) -> Query:
    screened = sa.or_(Inbound.sorted_as.is_not(None), sa.not_(Inbound.maybe_sensitive))
    return (
        sa.select(Feedback, Phone.language, Inbound.kind, screened)
        .join(Inbound, Inbound.id == Feedback.inbound_id)
        .join(Phone, Phone.id == Feedback.phone_id)
        .where(*_own(ask))
        .order_by(Feedback.id)
    )


def _homes(ask: Ask) -> dict[int, Home]:
    """The home, sex and age of each phone that told of something in the period, from its active members."""
    mapped = pairs(ask)
    phones = sa.select(Feedback.phone_id).where(
        Feedback.programme_id == ask.programme.id, ask.period.holds(Feedback.told_at)
    )
    facts = (mapped.c.commune_id, sa.type_coerce(Member.sex, sa.String()), sa.func.coalesce(Member.age_band, ""))
    sides = [side for fact in facts for side in (sa.func.min(fact), sa.func.max(fact), sa.func.count(fact))]
    query = (
        sa.select(MemberPhone.phone_id, sa.func.count(), *sides)
        .join(Member, Member.id == MemberPhone.member_id)
        .outerjoin(mapped, mapped.c.village_id == Member.village_id)
        .where(*terms.active(ask.period, ask.programme), MemberPhone.phone_id.in_(phones))
        .group_by(MemberPhone.phone_id)
    )
    return {row[0]: _home(row[1], row[2:]) for row in stream(ask.session, query)}


def _home(members: int, sides: Sequence[Any]) -> Home:
    """What all the members share: the smallest and the largest are the same, and nobody's is missing."""
    shared = [
        low if low == high and told == members else None for low, high, told in zip(*[iter(sides)] * 3, strict=True)
    ]
    commune, sex, age_band = shared
    return Home(commune, "" if sex in (None, "unknown") else sex, age_band or "")


def _groups(ask: Ask, homes: dict[int, Home]) -> dict[Group, set[int]]:
    """The phones of each commune, sex and age that have a case in the file."""
    found: defaultdict[Group, set[int]] = defaultdict(set)
    for case, _language, _kind, screened in stream(ask.session, _query(ask)):
        home = homes.get(case.phone_id)
        if home and screened:
            found[home.commune, home.sex, home.age_band].add(case.phone_id)
    return found


def _pauses(ask: Ask) -> dict[int, list[tuple[datetime, datetime | None]]]:
    found: defaultdict[int, list[tuple[datetime, datetime | None]]] = defaultdict(list)
    query = sa.select(CasePause).join(Feedback, Feedback.id == CasePause.feedback_id).where(*_own(ask))
    for (pause,) in stream(ask.session, query):
        found[pause.feedback_id].append((pause.started_at, pause.ended_at))
    return found


def _hours(case: Feedback) -> float | None:
    """Hours until the first thing that somebody did, as CFM-ACK takes it."""
    acts = (case.taken_at, case.sorted_at, case.answered_at, case.referred_at, case.closed_at)
    first = min((moment for moment in acts if moment), default=None)
    return None if first is None else round((first - case.told_at).total_seconds() / HOUR, 1)


def _days(told_at: datetime, closed_at: datetime | None, pauses: Sequence[tuple[datetime, datetime | None]]) -> Any:
    """Days until it was closed, without its pauses, as CFM-CLOSE takes them."""
    if closed_at is None:
        return None
    rests = ((min(end or closed_at, closed_at) - max(begin, told_at)).total_seconds() for begin, end in pauses)
    return round(((closed_at - told_at).total_seconds() - sum(max(rest, 0) for rest in rests)) / DAY, 1)


def _quarters(ask: Ask) -> Iterator[tuple[date, date]]:
    """The calendar quarters wholly within the period and over: the first day of each, and of the next one."""
    today = local(ask.now, ask.period.zone).date()
    year, quarter = ask.period.since.year, (ask.period.since.month - 1) // 3
    while True:
        start = date(year, 3 * quarter + 1, 1)
        year, quarter = (year, quarter + 1) if quarter < 3 else (year + 1, 0)
        end = date(year, 3 * quarter + 1, 1)
        if end > min(ask.period.until, today):
            return
        if start >= ask.period.since:
            yield start, end


def _at(ask: Ask, day: date) -> datetime:
    return at_local(day, time(0), ask.period.zone)


FEEDBACK = Table("6_feedback_cfm", "Dossiers", "Cases", "one case that is not sensitive", COLUMNS, rows)
SENSITIVE = Table(
    "6b_sensitive_counts", "Dossiers sensibles", "Sensitive cases", "one region and quarter", SENSITIVE_COLUMNS,
    sensitive,
)  # fmt: skip
