"""Every page of the application's own address map: its address filled from the demonstration, and who may see it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from playwright.sync_api import APIRequestContext
from sqlalchemy.orm import Session
from werkzeug.routing import IntegerConverter, Rule

from campaigns import caseload, demonstration, sorting
from campaigns.clubs import askers
from campaigns.models import (
    AirQuestion,
    Campaign,
    ClubSession,
    ClubSessionStatus,
    Episode,
    Feedback,
    Series,
    Slot,
    Step,
)
from messaging.models import (
    Club,
    Facilitator,
    Hours,
    Household,
    Inbound,
    Member,
    Place,
    Programme,
    ProgrammeVillage,
    Staff,
    Station,
    Text,
)
from messaging.models.place import Level
from tests.browser.running import HALFWAY, HOST, MORE_STAFF, PROGRAMME, Site

ACCOUNTS = (*(email.partition("@")[0] for email, *_ in demonstration.PEOPLE), *MORE_STAFF)
NO_PAGES = ("assets", "health", "metrics", "webhooks")  # blueprints and endpoints that people do not read
ROWS = {  # what `ident` stands for, by the part of the address before it
    "villages": "village", "communes": "commune", "members": "member", "clubs": "club", "households": "household",
    "phones": "phone", "simulator": "phone", "accounts": "account", "cases": "case",
    "air": "question", "sms": "offered", "sessions": "meeting", "practice": "phone",
}  # fmt: skip
ALIKE = (  # forms of radio: that of a slot, the fullest, stands for them all
    "airings.new_airing", "airings.one", "stations.new", "stations.edit", "slots.new_slot", "episodes.new_series",
    "episodes.new", "episodes.edit", "spoken.edit", "sheets.questions", "rows.page",
)  # fmt: skip
RESULTS = f"/admin/{PROGRAMME}/results"
MORE = (  # pages that show more when asked, and one that is not there
    "/simulator/?phone={phone}", "/admin/nowhere", f"{RESULTS}/rows?code=COV-HH", f"{RESULTS}/rows?code=MSG-DR",
    f"{RESULTS}/rows?code=LAD-1", f"{RESULTS}/rows?code=ATT-SES&which=all", f"{RESULTS}/rows?code=QUI-OK",
    f"/admin/{PROGRAMME}/people/imports?kind=sessions",
)  # fmt: skip
Value = tuple[int, str]  # the row, and the code by which people call it


@dataclass(frozen=True)
class Route:
    """A page: its place in the address map, an address of it, and an account that may see it; none: nobody needs to."""

    rule: str
    path: str
    account: str | None


def routes(site: Site, visitors: Mapping[str, APIRequestContext]) -> list[Route]:
    """Every page that the application answers with, as the first of the accounts that may see it.

    What is a file, a part of a page or leads elsewhere is left out.

    Args:
        site: the demonstration.
        visitors: for each account requests of a signed-in browser.

    Raises:
        AssertionError: a rule has an argument nobody knows, or no account may see its page.
    """
    with site.here.db.read() as session:
        known = values(session)
    found = [Route("/admin/login", "/admin/login", None)]
    for rule in sorted(site.app.url_map.iter_rules(), key=str):
        if not is_read(rule) or rule.endpoint == "security.login":
            continue
        found += seen(str(rule), address(rule, known), visitors)
    for path in MORE:
        found += seen(path, path.format(**{name: ident for name, (ident, _code) in known.items()}), visitors)
    return found


def is_read(rule: Rule) -> bool:
    """True for what answers a GET and is meant for people, unless another address shows the like."""
    left_out = {*NO_PAGES, *ALIKE}
    return "GET" in (rule.methods or ()) and not {rule.endpoint, rule.endpoint.partition(".")[0]} & left_out


def address(rule: Rule, known: Mapping[str, Value]) -> str:
    """The address of a rule with its arguments filled in: a number is a row, a word its code."""
    filled: dict[str, Any] = {}
    for name in rule.arguments:
        ident, code = known.get(thing(rule, name)) or _unknown(rule, name)
        filled[name] = ident if isinstance(rule._converters[name], IntegerConverter) else code
    built = rule.build(filled)
    assert built is not None, rule
    return built[1]


def thing(rule: Rule, name: str) -> str:
    """What an argument stands for: its own name; of `ident` the part of the address before it says what it is."""
    if name != "ident":
        return name
    before = rule.rule.partition(f":{name}>")[0].split("/")[-2]
    return ROWS.get(before, before)


def seen(rule: str, path: str, visitors: Mapping[str, APIRequestContext]) -> list[Route]:
    """The page as the first account that may see it; nothing when it is none."""
    leads_elsewhere = False
    for account, visitor in visitors.items():
        answer = visitor.get(path, max_redirects=0)
        leads_elsewhere = leads_elsewhere or (answer.status < 400 and account != HALFWAY)
        if answer.status == 403 or 300 <= answer.status < 400:
            continue
        assert answer.status < 400 or path == "/admin/nowhere", f"{path} answers {answer.status} to {account}"
        is_page = "text/html" in answer.headers.get("content-type", "") and "<html" in answer.text()
        return [Route(rule, path, account)] if is_page else []
    assert leads_elsewhere, f"None of {', '.join(visitors)} may see {path}: give one of them the role for it."
    return []


def values(session: Session) -> dict[str, Value]:
    """For each argument of the addresses a row of the demonstration, each within the one before."""
    programme = session.execute(sa.select(Programme.id, Programme.code).where(Programme.code == PROGRAMME)).one()
    own = programme.id
    queries: dict[str, sa.Select[Any]] = {
        "commune": sa.select(Place.id, Place.name).where(Place.level == Level.COMMUNE),
        "village": sa.select(Place.id, Place.name)
        .join(ProgrammeVillage, ProgrammeVillage.place_id == Place.id)
        .where(ProgrammeVillage.programme_id == own),
        "club": sa.select(Club.id, Club.code).where(Club.programme_id == own),
        "household": sa.select(Household.id, Household.code).where(Household.programme_id == own),
        "member": sa.select(Member.id, Member.code).where(Member.programme_id == own),
        "hours": sa.select(Hours.id, Hours.reason).where(Hours.programme_id == own, Hours.starts.is_not(None)),
        "station": sa.select(Station.id, Station.name).where(Station.programme_id == own),
        "slot": sa.select(Slot.id, Station.name)
        .join(Station, Station.id == Slot.station_id)
        .where(Station.programme_id == own),
        "episode": sa.select(Episode.id, Series.code)
        .join(Series, Series.id == Episode.series_id)
        .where(Series.programme_id == own),
        "inbound": sa.select(Inbound.id, Inbound.intent).where(Inbound.maybe_sensitive.is_(False)),
        "question": sa.select(AirQuestion.id, AirQuestion.state).where(AirQuestion.programme_id == own),
        "offered": askers.offered(own).with_only_columns(Inbound.id, Inbound.intent),
        "account": sa.select(Staff.id, Staff.email),
        "case": sa.select(Feedback.id, Feedback.category)
        .join(Inbound, Inbound.id == Feedback.inbound_id)
        .where(
            Feedback.programme_id == own, Feedback.category.in_(caseload.WORKED), sorting.BOX.in_(("waiting", "sorted"))
        ),
        "meeting": sa.select(ClubSession.id, ClubSession.kind).where(
            ClubSession.programme_id == own, ClubSession.status == ClubSessionStatus.HELD
        ),
        "phone": sa.select(Facilitator.phone_id, Facilitator.kind).where(Facilitator.programme_id == own),
    }
    found = {name: session.execute(query.order_by(sa.text("1")).limit(1)).one() for name, query in queries.items()}
    question = (
        sa.select(Campaign.id.label("campaign_id"), Campaign.code.label("campaign"), Step.id, Step.code)
        .join(Step, Step.campaign_id == Campaign.id)
        .join(Text, sa.and_(Text.step_id == Step.id, Text.language == "fr"))
        .where(Campaign.programme_id == own, Step.kind == "question")
    )
    asked = session.execute(question.order_by(Step.id).limit(1)).one()
    return {
        "programme": (own, programme.code), "campaign": (asked.campaign_id, asked.campaign),
        "step": (asked.id, asked.code), "language": (0, "fr"), "version": (1, "1"), "kind": (0, "members"),
        "key": (0, HOST), "name": (0, "attendance"),
        **{name: (row[0], str(row[1])) for name, row in found.items()},
    }  # fmt: skip


def _unknown(rule: Rule, name: str) -> Value:
    raise AssertionError(f"{rule}: what « {name} » stands for is not known: add it to tests/browser/routes.py.")
