"""What a club is given to read aloud in a month: the texts of running campaigns that fall to it, set-wise.

A club is read what its village is sent. What is personal (pregnancy, a child's age) is read in its wording for the
family, so that it points at nobody. A series that counts days runs from the first day of its campaign, or of the club.

Source: the page on languages, section 10; the page on safeguarding, sections 5.1 and 6.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from functools import cached_property

import sqlalchemy as sa
from sqlalchemy.orm import Session

from campaigns import audience, calendar, planner
from campaigns.calendar import Batch, Broadcast, Cycle
from campaigns.definitions import Audience, wording
from campaigns.definitions import Step as Said
from campaigns.definitions.model import merge
from campaigns.models import Campaign, CampaignState, Step
from messaging import figures, risk, texts
from messaging.clock import local
from messaging.models import Club, Member, Place, Programme, Text, TextState, TextVersion
from messaging.models.people import MemberStatus
from messaging.models.place import RiskLevel
from messaging.places import villages_below
from messaging.wording import has_open_slot, render

FRENCH = "fr"
# A call and a prompt say what the sheet itself says; a bulletin holds figures that nobody knows before its day.
KINDS = ("message", "question", "feedback_prompt")
LISTENERS = ("member", "club")  # what is meant for facilitators, advisers and hosts is not read to others
# On paper that may be found, more is left out than of an SMS: date, place and amount cannot be told from a tag.
AGENCY = "nom d'agence ou de bailleur"  # as the word list calls that group
UNSAFE = frozenset({"distribution", "cash", "meeting", "agency"})


@dataclass(frozen=True)
class Passage:
    """Words to be read aloud: in the club's own language, and in French; empty where nothing is approved.

    `drafts` names the languages of the two in which it is a draft: that is for a demonstration only.
    """

    language: str
    own: str = ""
    french: str = ""
    drafts: frozenset[str] = frozenset()

    @property
    def is_missing(self) -> bool:
        """Nothing may be printed."""
        return not self.own and not self.french

    @property
    def is_told(self) -> bool:
        """The facilitator reads French, and tells it in the club's language."""
        return not self.own and self.language != FRENCH


@dataclass(frozen=True)
class Reading:
    """One text of a campaign that falls to a club on a day."""

    step: str  # campaign/step, as a correction names it
    topic: str
    day: date
    passage: Passage


@dataclass(frozen=True)
class Home:
    """Where a club lies, as far as its sheet asks."""

    village: str
    commune_id: int | None
    commune: str
    level: RiskLevel = RiskLevel.GREEN
    market: Cycle | None = None


@dataclass(frozen=True)
class Circle:
    """A club, its home and the stations that it listens to."""

    club: Club
    home: Home
    stations: frozenset[int] = frozenset()


@dataclass(frozen=True)
class Spoken:
    """What may be read of a programme's steps, by step and language: the words, and whether they are a draft."""

    plain: Mapping[tuple[int, str], tuple[str, bool]]
    family: Mapping[tuple[int, str], tuple[str, bool]]  # of personal steps
    known: dict[tuple[int, str], Passage] = field(default_factory=dict)  # as they stand, with their slots

    def passage(self, step_id: int, language: str, values: Mapping[str, str], *, personal: bool) -> Passage | None:
        """What a club of a language is read; None when a value of it is not known before the day."""
        if (step_id, language) not in self.known:
            self.known[step_id, language] = self._written(step_id, language, self.family if personal else self.plain)
        found = self.known[step_id, language]
        if "{" not in found.own + found.french:
            return found
        found = replace(found, own=render(found.own, values), french=render(found.french, values))
        return None if has_open_slot(found.own) or has_open_slot(found.french) else found

    def _written(self, step_id: int, language: str, texts: Mapping[tuple[int, str], tuple[str, bool]]) -> Passage:
        said = {code: texts.get((step_id, code), ("", False)) for code in (language, FRENCH)}
        drafts = frozenset(code for code, (_, is_draft) in said.items() if is_draft)
        return Passage(language, said[language][0] if language != FRENCH else "", said[FRENCH][0], drafts)


@dataclass
class Month:
    """What a month's texts depend on, gathered once for all clubs."""

    programme: Programme
    since: datetime
    until: datetime
    circles: Sequence[Circle]
    blocked: risk.Blocked
    agencies: Collection[str] = ()
    broadcasts: Sequence[Broadcast] = ()
    values: Mapping[int, Mapping[str, str]] = field(default_factory=dict)  # of an airing, for the slots
    births: Mapping[date, Collection[int]] = field(default_factory=dict)  # month of birth -> villages

    @cached_property
    def cycles(self) -> list[Cycle]:
        """The market cycles of the clubs' villages."""
        return list({circle.home.market for circle in self.circles} - {None})  # type: ignore[arg-type]


def of_month(session: Session, month: Month) -> tuple[dict[int, list[Reading]], dict[int, list[str]]]:
    """What each club is read in a month, by club, in the order of days, each step once.

    Returns:
        The readings, and the steps that fall to the club and have no approved text, not in French either.
    """
    rows = session.execute(
        sa.select(Campaign, Step)
        .join(Step, Step.campaign_id == Campaign.id)
        .where(Campaign.programme_id == month.programme.id, Campaign.state == CampaignState.RUNNING)
        .where(Step.removed_at.is_(None), Step.kind.in_(KINDS))
        .order_by(Campaign.code, Step.position)
    ).all()
    spoken = _spoken(session, month, {step.id: campaign.topic for campaign, step in rows})
    placed = _Places(session, month)
    found: defaultdict[int, list[Reading]] = defaultdict(list)
    lacking: defaultdict[int, list[str]] = defaultdict(list)
    for campaign, step in rows:
        said = Said.model_validate(step.definition)
        meant = merge(Audience.model_validate(campaign.definition["audience"] or {}), said.audience)
        if not is_read(said, meant):
            continue
        name = f"{campaign.code}/{step.code}"
        for circle, batch in falling(month, campaign, said, placed.meant(meant)):
            day = local(batch.due_at, month.programme.zone).date()
            values = _values(circle, batch, month)
            passage = spoken.passage(step.id, circle.club.language, values, personal=said.personal is not None)
            if passage is None:
                continue
            if passage.is_missing:
                lacking[circle.club.id].append(name)
            else:
                found[circle.club.id].append(Reading(name, campaign.topic, day, passage))
    return {ident: sorted(own, key=lambda one: one.day) for ident, own in found.items()}, dict(lacking)


def is_read(said: Said, meant: Audience) -> bool:
    """Whether a step is read to a club at all.

    What is meant for households of some wealth, or for who is in no club, is not read to all, and what follows an
    airing to the clubs is the round of listening that the sheet itself is.
    """
    is_loop = said.when.of_airing and (meant.role == "club" or said.kind == "feedback_prompt")
    is_poll = said.question is not None and said.question.poll
    is_all = meant.hea is None and meant.only is None
    return meant.role in LISTENERS and is_all and not is_loop and not is_poll


def falling(month: Month, campaign: Campaign, said: Said, circles: Sequence[Circle]) -> Iterator[tuple[Circle, Batch]]:
    """The clubs to which a step falls in a month, each with the first time that it does."""
    zone = month.programme.zone
    anchors = {circle.club.id: _anchor(campaign, circle.club, zone) for circle in circles}
    days = set(anchors.values())
    done: set[int] = set()
    safe = [circle for circle in circles if _is_safe(said, circle.home.level, month.blocked)]
    for batch in calendar.batches(said, month.since, month.until, zone, cycles=month.cycles, airings=month.broadcasts):
        if not planner.is_within(campaign, batch, zone) or (batch.enrolled_on and batch.enrolled_on not in days):
            continue
        for circle in safe:
            if circle.club.id not in done and _is_for(circle, batch, anchors[circle.club.id], month.births):
                done.add(circle.club.id)
                yield circle, batch


def _is_for(circle: Circle, batch: Batch, anchor: date | None, births: Mapping[date, Collection[int]]) -> bool:
    if batch.enrolled_on is not None:
        return batch.enrolled_on == anchor
    if batch.born_in is not None:
        return circle.club.village_id in births.get(batch.born_in, ())
    if batch.cycle is not None:
        return batch.cycle == circle.home.market
    return batch.airing is None or batch.airing.station_id in circle.stations


def _is_safe(said: Said, level: RiskLevel, blocked: risk.Blocked) -> bool:
    forbidden = blocked[level] | (UNSAFE if level is not RiskLevel.GREEN else frozenset())
    return forbidden.isdisjoint(said.tags)


def _anchor(campaign: Campaign, club: Club, zone: str) -> date | None:
    """From which day on a series counts its days for a club."""
    if campaign.started_at is None:
        return None
    started = local(campaign.started_at, zone).date()
    return max(started, campaign.starts_on or started, club.created_on or started)


class _Places:
    """The clubs of an audience; places are looked up once."""

    def __init__(self, session: Session, month: Month) -> None:
        self.session, self.month = session, month
        self.found: dict[tuple[str, ...], set[int]] = {}

    def meant(self, meant: Audience) -> list[Circle]:
        """The circles that an audience means, as far as places and clubs say."""
        villages = None if meant.places is None else self._villages(tuple(meant.places))
        return [one for one in self.month.circles if _is_meant(meant, one.club, villages)]

    def _villages(self, names: tuple[str, ...]) -> set[int]:
        if names not in self.found:
            ids = audience.place_ids(self.session, names)
            self.found[names] = set(self.session.scalars(villages_below(ids, self.month.since.date())))
        return self.found[names]


def _is_meant(meant: Audience, club: Club, villages: Collection[int] | None) -> bool:
    sizes = {"f": club.size_f, "m": club.size_m, None: 1}
    is_counted = club.size_f + club.size_m > 0
    return (
        (villages is None or club.village_id in villages)
        and (meant.clubs is None or club.code in meant.clubs)
        and (meant.club_kinds is None or club.kind in meant.club_kinds)
        and (meant.languages is None or club.language in meant.languages)
        and (sizes[meant.sex] > 0 or not is_counted)
    )


def _values(circle: Circle, batch: Batch, month: Month) -> Mapping[str, str]:
    """What stands in the braces, as it is said and not as an SMS spells it."""
    own = {"club": circle.club.code, "club_name": circle.club.name, "place": circle.home.village}
    airing = batch.airing
    if airing is None or not may_tell(circle.home.level, airing.tells_hours, month.blocked):
        return own
    return {**own, **month.values.get(airing.id, {})}


def _spoken(session: Session, month: Month, topics: Mapping[int, str]) -> Spoken:
    """The texts of some steps, each with its topic, in the clubs' languages and in French."""
    languages = {circle.club.language for circle in month.circles} | {FRENCH}
    query = (
        sa.select(Text, TextVersion)
        .join(TextVersion, sa.and_(TextVersion.text_id == Text.id, TextVersion.version == Text.version))
        .where(Text.step_id.in_(topics), Text.language.in_(languages))
    )
    plain: dict[tuple[int, str], tuple[str, bool]] = {}
    family: dict[tuple[int, str], tuple[str, bool]] = {}
    for text, version in session.execute(query):
        key, is_draft = (text.step_id, text.language), text.state is not TextState.APPROVED
        if is_draft and not month.programme.demonstration:
            continue
        for kept, words in ((plain, version.read_aloud), (family, texts.wording(version).official_of("club"))):
            if words and not is_unfit(words, month.agencies, topics[text.step_id]):
                kept[key] = words, is_draft
    return Spoken(plain, family)


def births(session: Session, programme_id: int, villages: Collection[int]) -> dict[date, set[int]]:
    """The villages in which a child of a member was born, by the month of birth."""
    query = sa.select(Member.child_birth_month, Member.village_id).where(
        Member.programme_id == programme_id, Member.child_birth_month.is_not(None),
        Member.status == MemberStatus.ACTIVE, Member.village_id.in_(villages),
    )  # fmt: skip
    found: defaultdict[date, set[int]] = defaultdict(set)
    for born, village_id in session.execute(query.distinct()):
        if born is not None:
            found[born].add(village_id)
    return dict(found)


def home(place: Place, commune: tuple[int, str] | None, level: RiskLevel) -> Home:
    """The home of a club in a village."""
    cycle = Cycle.of(place.market_days, place.market_anchor) if place.market_days and place.market_anchor else None
    return Home(place.name, commune[0] if commune else None, commune[1] if commune else "", level, cycle)


def of_airing(number: int, title: str, series: str, station: str, at: datetime) -> dict[str, str]:
    """The values of a broadcast for the slots of a text; `at` is local."""
    return {
        "series": series, "episode": str(number), "title": title, "station": station,
        "hour": figures.hour(at.time()), "date": figures.weekday(at.date(), FRENCH),
    }  # fmt: skip


def may_tell(level: RiskLevel, agrees: bool, blocked: risk.Blocked) -> bool:
    """Whether the hours of a station may be told in a commune of a level; a station may have agreed to it."""
    return agrees or risk.RADIO not in blocked[level]


def is_unfit(words: str, agencies: Collection[str], topic: str) -> bool:
    """Whether words name an agency or an amount: two people may let that pass elsewhere, on paper it is left out."""
    found = wording.words(words, agencies, market=topic == "market")
    return any(key == "amount" or values.get("reason_fr") == AGENCY for key, values in found)
