"""The shape of a campaign as values that cannot change: who, when, what, in which words; knows no YAML and no clock."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from typing import Annotated, Any, Literal, Self, TypeVar

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator
from pydantic_core import PydanticCustomError

from campaigns.definitions.values import (
    ClubCode,
    Code,
    Hour,
    Lang,
    Line,
    OneOrMany,
    Passage,
    Row,
    Span,
    StepName,
    as_list,
)

Topic = Literal["nutrition", "iycf", "hygiene", "agro", "livestock", "market", "climate", "finance", "rights"]
Pillar = Literal["productive", "financial", "social"]
Role = Literal["member", "facilitator", "adviser", "host", "club"]
ClubKind = Literal[
    "listeners_club", "apfls", "ffs", "iycf", "savings", "womens_group", "cooperative", "union", "platform",
    "adviser_circuit",
]  # fmt: skip
LifeStage = Literal["pregnant", "lactating", "caregiver"]
Hea = Literal["very_poor", "poor", "middle", "better_off"]
Only = Literal["leaders", "radio"]
Kind = Literal["message", "question", "feedback_prompt", "listening_call", "attendance_prompt", "bulletin"]
SendAs = Literal["campaign", "service", "alert"]
Weekday = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
Trigger = Literal[
    "date", "weekly", "every_days", "market", "after_enrolment", "child_month", "before_airing", "after_airing"
]
Personal = Literal["pregnancy", "child_age"]
Tag = Literal["distribution", "cash", "agency", "meeting", "srh", "security", "warning"]
QuestionType = Literal["single", "multi", "yesno", "number"]
Wave = Literal["pre", "mid", "post", "practice"]

TRIGGERS: tuple[Trigger, ...] = (
    "date", "weekly", "every_days", "market", "after_enrolment", "child_month", "before_airing", "after_airing",
)  # fmt: skip
SENT_AS: dict[str, SendAs] = {"listening_call": "service", "attendance_prompt": "service"}
OF_MEMBERS = ("sex", "life_stages", "hea")
ONLY_OF: dict[Only, tuple[Role, ...]] = {"leaders": ("facilitator", "adviser"), "radio": ("member",)}
EVE_HOUR = dt.time(17, 0)  # "evening before market" is the first open minute after this

Item = TypeVar("Item")
Several = Annotated[tuple[Item, ...], BeforeValidator(as_list), OneOrMany()]
Many = Annotated[tuple[Item, ...], BeforeValidator(as_list), OneOrMany(), Field(min_length=1)]


class Part(BaseModel):
    """What every part of a definition shares: unknown fields are refused, nothing changes after reading.

    `model_dump(mode="json")` gives what `model_validate` takes back, under the names of the file (`from`).
    """

    model_config = ConfigDict(extra="forbid", frozen=True, str_strip_whitespace=True, serialize_by_alias=True)


class Title(Part):
    """The name of a campaign on the staff's pages; no SMS carries it."""

    fr: Line
    en: Line | None = None


class Audience(Part):
    """Who is meant: all keys that are given must hold; a key that is not given asks nothing."""

    role: Role | None = Field(None, description="member (default), facilitator, adviser, host or club")
    places: Many[Line] | None = Field(None, description="codes or names of places; all that lies in them")
    club_kinds: Many[ClubKind] | None = None
    clubs: Many[ClubCode] | None = Field(None, description="club codes of four digits")
    sex: Literal["f", "m"] | None = None
    languages: Many[Lang] | None = None
    life_stages: Many[LifeStage] | None = Field(None, description="such a step needs `personal`")
    hea: Many[Hea] | None = Field(None, description="wealth groups: a filter only, never in an SMS")
    only: Only | None = Field(
        None, description="leaders: opinion leaders; radio: members of no household and no club, who joined by SMS"
    )
    received: StepName | None = Field(
        None, description="campaign/step: the phones that got this step, for a correction"
    )


class When(Part):
    """What makes a step due; exactly one trigger."""

    date: dt.date | None = None
    weekly: Many[Weekday] | None = None
    every_days: int | None = Field(None, ge=2, le=366, description="days of the cycle, counted from `from`")
    anchor: dt.date | None = Field(None, alias="from", description="one day of the cycle, past or to come")
    offset: int = Field(0, ge=-6, le=6, description="-1: the day before each day of the cycle")
    market: Literal["eve", "day"] | None = Field(None, description="by the market cycle of the place itself")
    after_enrolment: int | None = Field(None, ge=0, le=1100, description="days")
    child_month: int | None = Field(None, ge=0, le=59, description="age of the child in completed months, from the 1st")
    before_airing: Span | None = None
    after_airing: Span | None = Field(None, description="counted from the end of the airing")
    series: Code | None = Field(None, description="airings of this series only")

    @model_validator(mode="after")
    def _one_trigger(self) -> Self:
        given = [name for name in TRIGGERS if getattr(self, name) is not None]
        if len(given) != 1:
            raise PydanticCustomError("one_trigger", "one trigger", {"given": ", ".join(given) or "-"})
        return self

    @property
    def trigger(self) -> Trigger:
        """The one trigger that is given."""
        return next(name for name in TRIGGERS if getattr(self, name) is not None)

    @property
    def of_airing(self) -> bool:
        """Whether an airing makes the step due."""
        return self.trigger in ("before_airing", "after_airing")


class Question(Part):
    """What a question step asks for; the options and the answers' texts stand with each language."""

    type: QuestionType
    wave: Wave = "practice"
    code: Code | None = Field(
        None, description="the same in every wave that asks it in the same words; none: the step's own code"
    )
    poll: bool = Field(False, description="an opinion: no answer is right, everybody gets the text `right`")
    correct: Several[int] = Field(
        (), description="numbers of the right options; yesno: 1 yes, 2 no; number: each value that is right"
    )
    min: int | None = None
    max: int | None = None
    unit: Line | None = None
    closes: Span = Field(dt.timedelta(days=3), description="answers that come later are kept as late")


class Text(Part):
    """One language version of a step."""

    sms: Passage = Field(description="the SMS form: what goes to the phone")
    official: Passage = Field("", description="the same in official letters; left out: the same as `sms`")
    read_aloud: Passage | None = Field(None, description="for the club and the radio, in official letters")
    club: Passage | None = Field(None, description="personal steps: the SMS for the family, through the club")
    options: dict[int, Line] | None = None
    right: Passage | None = None
    wrong: Passage | None = None
    back_translation: Passage | None = None
    unicode: bool = Field(False, description="send as Unicode: dearer, letters outside GSM-7 are meant")
    letters: Literal["official", "old"] = Field("official", description="how `official` is spelt; old: è ò ny ng")
    officials: dict[Line, Passage] | None = Field(
        None, description="club, right, wrong, option_1 … in official letters, where the phone gets others"
    )
    comment: Passage | None = Field(None, description="between translator and editor; no phone ever shows it")

    @model_validator(mode="before")
    @classmethod
    def _official_is_sms(cls, data: Any) -> Any:
        if isinstance(data, dict) and isinstance(data.get("sms"), str) and data.get("official") is None:
            return {**data, "official": data["sms"]}
        return data

    def pieces(self) -> Iterator[tuple[tuple[str, ...], str]]:
        """All words that people get, as (path inside the text, words); `official` only where it differs from `sms`.

        The back translation is left out: it is for the reviewer.
        """
        for name in ("sms", "official", "read_aloud", "club", "right", "wrong"):
            words = getattr(self, name)
            if words and not (name == "official" and words == self.sms):
                yield (name,), words
        for number, words in (self.options or {}).items():
            yield ("options", str(number)), words


class Step(Part):
    """One thing a campaign does."""

    step: Code
    kind: Kind
    send_as: SendAs = Field("campaign", description="default: service for listening_call and attendance_prompt")
    serves: Several[Row] = Field((), description="further rows of the programme page")
    when: When
    hour: Hour | None = Field(None, description="local; not with an airing; eve of a market: 17:00 if not given")
    useful: Span | None = Field(None, description="after it is due; none: end of the third day, or start of the airing")
    priority: int = Field(0, ge=-9, le=9)
    audience: Audience | None = Field(None, description="replaces those keys of the campaign's audience that it gives")
    personal: Personal | None = None
    facts: Several[Line] = Field((), description="ids of the facts the texts rest on")
    national_text: Line | None = Field(None, description="where the attached national text of a level B fact is")
    facts_checked: dt.date | None = Field(None, description="the day the facts were last compared with their sources")
    tags: Several[Tag] = ()
    one_act: bool = Field(False, description="the editor has seen that the message asks for one act")
    question: Question | None = None
    texts: dict[Lang, Text] = Field({}, description="by language; a file needs one at least, a stored step has none")

    @model_validator(mode="before")
    @classmethod
    def _fill(cls, data: Any) -> Any:
        if not isinstance(data, dict):
            return data
        filled = {key: value for key, value in data.items() if value is not None}
        filled.setdefault("send_as", SENT_AS.get(str(data.get("kind")), "campaign"))
        when = filled.get("when")
        if isinstance(when, dict) and when.get("market") == "eve":
            filled.setdefault("hour", EVE_HOUR)
        return filled


class Definition(Part):
    """One campaign as its file says it."""

    campaign: Code
    title: Title
    topic: Topic
    pillar: Pillar
    agency: Line | None = Field(None, description="for reports; never in an SMS")
    serves: Several[Row] = Field((), description="rows of the programme page that the campaign serves")
    starts: dt.date | None = None
    ends: dt.date | None = None
    audience: Audience = Audience()
    steps: tuple[Step, ...] = Field(min_length=1, max_length=400)

    def audience_of(self, step: Step) -> Audience:
        """The audience of one step: its own keys, then the campaign's; the role is always filled.

        What the campaign asks of other roles (sex, life stage, wealth group, `only`) does not count.
        """
        return merge(self.audience, step.audience)


def merge(whole: Audience, own: Audience | None) -> Audience:
    """Lay a step's audience over a campaign's: each key that the step gives replaces the campaign's."""
    keys = given(whole)
    mine = given(own) if own else {}
    role = mine.get("role") or keys.get("role") or "member"
    if role != "member":
        keys = {key: value for key, value in keys.items() if key not in OF_MEMBERS}
    if "only" in keys and role not in ONLY_OF[keys["only"]]:
        del keys["only"]
    return Audience.model_construct(**{**keys, **mine, "role": role})


def given(audience: Audience) -> dict[str, Any]:
    """The keys of an audience that ask something."""
    return {key: value for key, value in audience if value is not None}
