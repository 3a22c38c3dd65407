"""The staff's pages: joined here, so that the application needs one call."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from flask import Flask, Response, current_app, g, request, session

from campaigns.admin import paging, problems, security, sign_in, wire, words
from campaigns.admin.accounts import accounts
from campaigns.admin.air import air
from campaigns.admin.airings import airings
from campaigns.admin.audit import audit_log
from campaigns.admin.bill import bill
from campaigns.admin.calls import calls
from campaigns.admin.campaigns import campaigns
from campaigns.admin.case import case
from campaigns.admin.cases import cases
from campaigns.admin.clubs import clubs
from campaigns.admin.coming import coming
from campaigns.admin.commune_sheet import commune_sheet
from campaigns.admin.communes import communes
from campaigns.admin.decisions import decisions
from campaigns.admin.donor import donor
from campaigns.admin.episodes import episodes
from campaigns.admin.exports import exports
from campaigns.admin.gateways import gateways
from campaigns.admin.grid import grid
from campaigns.admin.head import head
from campaigns.admin.history import history
from campaigns.admin.imports import imports
from campaigns.admin.knowledge import knowledge
from campaigns.admin.ladder import ladder
from campaigns.admin.meeting import meeting
from campaigns.admin.member import member
from campaigns.admin.members import members
from campaigns.admin.messages import messages
from campaigns.admin.money import money
from campaigns.admin.numbers import numbers
from campaigns.admin.once import once
from campaigns.admin.people import people
from campaigns.admin.phones import phones
from campaigns.admin.practice import practice
from campaigns.admin.presence import presence
from campaigns.admin.purposes import purposes
from campaigns.admin.radio import radio
from campaigns.admin.rehearsal import rehearsal
from campaigns.admin.results import results
from campaigns.admin.rhythm import rhythm
from campaigns.admin.rows import rows
from campaigns.admin.rules import rules
from campaigns.admin.settings import settings
from campaigns.admin.sheets import sheets
from campaigns.admin.slots import slots
from campaigns.admin.sorting import sorting
from campaigns.admin.spoken import spoken
from campaigns.admin.stations import stations
from campaigns.admin.steps import steps
from campaigns.admin.studio import studio
from campaigns.admin.studios import studios
from campaigns.admin.taking import taking
from campaigns.admin.texts import texts
from campaigns.admin.today import today
from campaigns.admin.translation import translation
from campaigns.admin.trial import trial
from campaigns.admin.trying import trying
from campaigns.admin.unclear import unclear
from campaigns.admin.weeks import weeks
from messaging.installation import Installation
from messaging.models import Programme

SECTIONS = (
    today, campaigns, bill, texts, translation, trial, people, messages, results, settings, phones, rehearsal, coming,
    communes, commune_sheet,
    sorting, cases, case, calls, trying, audit_log, numbers, imports, clubs, members, member,
    accounts, sign_in.sign_in,
    head, steps, history, once, rules, rhythm, gateways, unclear, practice, meeting, grid,
    radio, airings, stations, slots, episodes, spoken,
    sheets,
    decisions, air, taking, studios, studio, donor,
    rows, presence, ladder, knowledge, weeks, purposes, money,
    exports,
)  # fmt: skip
MARK = "X-Demonstration"


def init_app(app: Flask, installation: Installation) -> None:
    """Put sign-in, the gate and every page on the application; `app.extensions["jekulu"]` is the installation."""
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True
    app.url_map.converters["int"] = paging.Key
    wire.init_app(app)
    words.init_app(app)
    sign_in.init_app(app, installation)
    security.init_app(app)
    problems.init_app(app)
    for section in SECTIONS:
        app.register_blueprint(section)
    app.url_defaults(_keep_programme)
    app.context_processor(_frame)
    app.after_request(_mark)


@contextmanager
def outside(installation: Installation, language: str) -> Iterator[None]:
    """The templates and words of the pages in a language, where nobody asked for a page: on the command line."""
    app = Flask("jekulu", static_folder=None)
    app.config["SECRET_KEY"] = installation.keys.derive("web")
    init_app(app, installation)
    with app.test_request_context():
        session["language"] = language
        yield


def current() -> Programme | None:
    """The programme of this page; on a page of all programmes the one last looked at, else the first."""
    if "programme" in g:
        found: Programme = g.programme
        return found
    own = g.me.programmes if "me" in g else ()
    last = session.get("programme")
    return next((row for row in own if row.code == last), own[0] if own else None)


def is_demonstration() -> bool:
    """True when what this page shows is invented, wholly or in part."""
    if "programme" in g:
        return bool(g.programme.demonstration)
    return any(row.demonstration for row in g.me.programmes) if "me" in g else False


def _frame() -> dict[str, Any]:
    """What every page's frame needs."""
    own = g.me.programmes if "me" in g else ()
    return {
        "programme": current(),
        "me": g.get("me"),
        "demonstration": is_demonstration(),
        "has_phones": all(row.demonstration for row in own),
    }


def _keep_programme(endpoint: str, values: dict[str, Any]) -> None:
    """Links within the programme's pages need not name it."""
    if "programme" not in values and current_app.url_map.is_endpoint_expecting(endpoint, "programme"):
        found = current()
        if found:
            values["programme"] = found.code


def _mark(response: Response) -> Response:
    if request.blueprint and is_demonstration():
        response.headers[MARK] = "DEMONSTRATION"
    return response
