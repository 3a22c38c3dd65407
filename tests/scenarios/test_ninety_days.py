"""Ninety simulated days of both programmes, thinned: what the grid says is counted again from the raw SMS, what left is
held against caps, hours and opt-outs by queries that share no code with the sender, and every indicator is counted
again in plain Python over the raw rows.

The days are those of the documented year: Ramadan, Korité and Tabaski lie among them. PostgreSQL lives two
weeks of them. The documented size, every campaign and all ninety days on both: JEKULU_TEST_FULL=1, some hours.
"""

from __future__ import annotations

import json
import os
import shutil
import uuid
from bisect import bisect_right
from collections import Counter, defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from click.testing import CliRunner

import wsgi
from campaigns import demonstration, fieldwork, life, simulation
from campaigns.evaluation import indicators
from campaigns.evaluation.definitions import DEFINITIONS
from campaigns.evaluation.period import Period
from campaigns.library import population
from messaging import programmes
from messaging.database import Database
from messaging.gateways import Adapters
from messaging.installation import Installation
from messaging.models import Programme
from messaging.phones import Keys
from messaging.settings import load
from tests import afterwards
from tests.conftest import _admin
from tests.recount import Recount, Told
from tests.recounts import every
from tests.recounts.cells import Cell
from tests.recounts.cells import Figure as Counted
from tests.recounts.listening import Heard
from tests.recounts.raw import Raw, read
from tests.recounts.world import World

FULL = bool(os.environ.get("JEKULU_TEST_FULL"))
SINCE = {"sqlite": datetime(2026, 3, 2, 6, tzinfo=UTC), "postgresql": datetime(2026, 5, 16, 6, tzinfo=UTC)}
DAYS = {"sqlite": 90, "postgresql": 90 if FULL else 14}
VILLAGES = None if FULL else 2
QUIZ, FEAST = "savoirs-bandiagara", date(2026, 3, 20)  # during Ramadan most of its first wave would not leave
CAMPAIGNS = ("radio-bandiagara", "marche-kita", QUIZ)  # together they want more than the caps allow
TICK, STEP = timedelta(hours=12), timedelta(hours=2)  # looks are rarer than in a demonstration
DESK = 6  # the officer sorts at the first of them
STOPS, AIRED = 0.02, 0.7  # more phones close, and more broadcasts fail, than in the long run
FEEDBACK, ANSWERS = 0.1, 0.4  # more people write of their own accord, and answer, than in the long run
CAPS = {"campaign": ((1, 1), (7, 3), (30, 16)), "service": ((1, 2), (7, 6))}  # days, most
BEST = ("live", "repeat", "recording", "partly", "no_signal", "cancelled")
CODES = ("caisses-bandiagara", "acces-marche-kita")
CUTS: tuple[tuple[str, ...], ...] = (
    (), ("area",), ("month",), ("sex",), ("area", "month"), ("area", "sex"), ("language",), ("quiz",), ("quiz", "wave"),
    ("quiz", "wave", "question"), ("theme",), ("month", "category"), ("head",), ("hea",), ("kind",), ("pillar",),
    ("agency",),
)  # fmt: skip
NOT_HERE = {  # what a programme has not, or asks nobody
    "caisses-bandiagara": {"COV-COOP", "COV-ADV"},
    "acces-marche-kita": {"COV-APFLS", "QUI-GAIN", "QUI-PASS"},
}


@dataclass
class Lived:
    """An installation that lived through some days."""

    here: Installation
    folder: Path
    since: datetime
    days: int
    counts: dict[str, int]

    def rows(self, statement: str, **given: object) -> list[Any]:
        """What a plain query finds."""
        with self.here.db.engine.connect() as connection:
            return list(connection.execute(sa.text(statement), given).all())

    def grid(self, programme: str) -> dict[str, Any]:
        """What the real command prints, on the morning after."""
        until = self.since + timedelta(days=self.days)
        done = CliRunner().invoke(
            wsgi.main,
            ["grid", "--programme", programme, "--from", f"{self.since:%Y-%m-%d}", "--to", f"{until:%Y-%m-%d}",
             "--now", f"{until:%Y-%m-%dT%H:%M:%SZ}", "--json"],
            env={"JEKULU_DATA": str(self.folder), "JEKULU_DATABASE": self.here.settings.database_url},
        )  # fmt: skip
        assert done.exit_code == 0, done.output
        return dict(json.loads(done.stdout))


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def lived(request: pytest.FixtureRequest, keys: Keys, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lived]:
    """Both programmes after their days, lived once for all that only look."""
    if os.environ.get("JEKULU_TEST_ONLY") not in (None, "", request.param):
        pytest.skip(f"JEKULU_TEST_ONLY={os.environ['JEKULU_TEST_ONLY']}")
    folder = tmp_path_factory.mktemp("ninety")
    key = folder / "jekulu.key"
    key.touch(mode=0o600)
    key.write_text(keys.secret.hex())
    with _database(request, folder) as url:
        settings = load({"JEKULU_DATA": str(folder), "JEKULU_DATABASE": url})
        here = Installation(settings, keys, Database(url, keys), Adapters(settings, keys))
        try:
            since, days = SINCE[request.param], DAYS[request.param]
            yield Lived(here, folder, since, days, _live(here, since, days))
        finally:
            here.close()


@contextmanager
def _database(request: pytest.FixtureRequest, folder: Path) -> Iterator[str]:
    """The address of a fresh database for the whole module."""
    if request.param == "sqlite":
        shutil.copy(request.getfixturevalue("sqlite_template"), folder / "jekulu.sqlite")
        yield f"sqlite:///{folder / 'jekulu.sqlite'}"
        return
    server: sa.URL = request.getfixturevalue("postgres_template")
    name = f"t_{uuid.uuid4().hex[:12]}"
    _admin(server, f"CREATE DATABASE {name} TEMPLATE template_jekulu STRATEGY FILE_COPY")
    yield server.set(database=name).render_as_string(hide_password=False)
    _admin(server, f"DROP DATABASE {name} WITH (FORCE)")


def _live(here: Installation, since: datetime, days: int) -> dict[str, int]:
    with here.db.write() as session:
        population.load(session, since, villages=VILLAGES)
        for programme in session.scalars(sa.select(Programme)).all():
            caps = ("campaign=1,3,16", "service=2,6,")
            programmes.change(session, programme, since, always_open=False, caps=caps)
    with here.db.write() as session:
        demonstration.accounts(session, here, since)  # somebody sorts what comes in, and works the cases
        for campaign in demonstration.load_library(session, since):
            if campaign.code == QUIZ:
                campaign.starts_on = FEAST
            if FULL or campaign.code in CAMPAIGNS:
                life.start(session, campaign.id, None, since)
    with pytest.MonkeyPatch.context() as patch:
        if not FULL:
            for module, name, value in (
                (simulation, "STOPS", STOPS), (simulation, "TICK", TICK), (simulation, "STEP", STEP),
                (simulation, "DESK", DESK),
                (simulation, "FEEDBACK", FEEDBACK), (simulation, "ANSWERS", ANSWERS), (fieldwork, "AIRED", AIRED),
            ):  # fmt: skip
                patch.setattr(module, name, value)
        return simulation.simulate(here, since, days, "1")


def moment(value: Any) -> datetime:
    """A moment of a row, in UTC: SQLite gives text."""
    return (value if isinstance(value, datetime) else datetime.fromisoformat(value)).replace(tzinfo=None)


# --- the grid


@pytest.mark.parametrize("programme", CODES)
def test_the_grid_equals_a_recount_of_the_raw_sms(lived: Lived, programme: str) -> None:
    found = lived.grid(programme)
    with lived.here.db.engine.connect() as connection:
        recount = Recount(connection, programme)
        heard, held = recount.heard(), recount.by_week()
    assert recount.unread == []
    named = {column["episode"]: (column["series"], column["number"]) for column in found["episodes"]}
    told: dict[tuple[str, str], Any] = {}
    counted: dict[tuple[str, str], Any] = {}
    for club in found["clubs"]:
        for key, cell in club["cells"].items():
            if cell["state"] in (*BEST, "held"):
                told[club["code"], key] = (cell["state"], cell.get("women", 0), cell.get("men", 0))
        if club["kind"] == "listeners_club":
            own = {key: heard[club["code"]].get(episode) for key, episode in named.items()}
            counted |= {(club["code"], key): summed(said) for key, said in own.items() if said}
        else:
            own_weeks = held.get(club["code"], {}).items()  # a late report may be of a day before
            counted |= {(club["code"], key): said for key, said in own_weeks if key in found["weeks"]}
    assert told == counted
    states = {state for state, _women, _men in told.values()}
    assert "held" in states
    assert {"live", "repeat"} & states or lived.days < 90
    assert len(told) > 20 or lived.days < 90
    for key, sums in found["totals"]["columns"].items():
        mine = [said for (_code, column), said in counted.items() if column == key]
        assert sums["women"] == sum(women for _state, women, _men in mine), key
        assert sums["men"] == sum(men for _state, _women, men in mine), key
        assert sums["reported"] == len(mine), key


def summed(said: list[Told]) -> Told:
    """The best of what a club said of an episode, and all who came."""
    state = min((one[0] for one in said), key=BEST.index)
    return state, sum(one[1] for one in said), sum(one[2] for one in said)


@pytest.mark.parametrize("programme", CODES)
def test_what_was_not_aired_is_not_aired_unless_the_repeat_was_heard(lived: Lived, programme: str) -> None:
    found = lived.grid(programme)
    with lived.here.db.engine.connect() as connection:
        recount = Recount(connection, programme)
        airings, stations, heard = recount.airings(), recount.stations(), recount.heard()
    named = {column["episode"]: (column["series"], column["number"]) for column in found["episodes"]}
    failed = 0
    for club in found["clubs"]:
        for key, cell in club["cells"].items():
            if club["kind"] != "listeners_club":
                continue
            given = [a for a in airings if (a.series, a.number) == named[key] and a.station in stations[club["code"]]]
            assert given, (club["code"], key)
            failed += any(one.is_off for one in given)
            if not heard[club["code"]].get(named[key]) and all(one.is_off for one in given):
                assert cell["state"] == "not_aired", (club["code"], key)
            elif cell["state"] == "not_aired":
                assert any(one.is_off for one in given), (club["code"], key)
    assert failed


def test_the_field_was_as_lively_as_it_is(lived: Lived) -> None:
    """Late, doubled, corrected, missing: nothing of it proves anything unless it happened."""
    texts = [row.text for row in lived.rows("SELECT text FROM inbound")]
    words = Counter(text.split()[0].upper() for text in texts if text)
    assert words["ECOUTE"]
    assert words["PRES"]
    assert any(text.startswith("RAD") and "NON" in text for text in texts)
    if lived.days >= 90:
        assert words["CORR"]
        assert words["VISITE"]
        assert any("annule" in text for text in texts)
        assert any("pas capte" in text.lower() for text in texts)
        months = ("hier", " mars", " avril", " mai", "/03", "/04", "/05", "lundi", "mardi", "jeudi", "samedi")
        assert sum(any(word in text.lower() for word in months) for text in texts) > 5
        doubled = lived.rows("SELECT text FROM inbound GROUP BY phone_id, text HAVING count(*) > 1")
        assert any(row.text.startswith(("PRES", "ECOUTE", "VISITE")) for row in doubled)
        corrected = lived.rows("SELECT count(*) AS many FROM attendance WHERE state = 'corrected'")
        assert corrected[0].many > 0
        missed = lived.rows("SELECT count(*) AS many FROM club_session WHERE status = 'missed'")
        assert missed[0].many > 10


# --- what left

# A message that its carrier says has failed or expired is tried again: it reached nobody, and stands in nobody's way.
LEFT = """
    SELECT m.kind, m.phone_id, m.handed_over_at, m.programme_id FROM message m
    WHERE m.handed_over_at IS NOT NULL AND m.state <> 'waiting' AND m.trial_of IS NULL AND m.kind <> 'reply'
    AND (m.delivery IS NULL OR m.delivery NOT IN ('failed', 'expired'))
    ORDER BY m.handed_over_at, m.id
"""


def test_no_phone_got_more_than_the_caps(lived: Lived) -> None:
    """Each kind against its own, in any rolling day, week and month, over both programmes."""
    left: dict[tuple[str, int], list[datetime]] = defaultdict(list)
    for row in lived.rows(LEFT):
        left[row.kind, row.phone_id].append(moment(row.handed_over_at))
    reached: Counter[tuple[str, int]] = Counter()
    for (kind, phone_id), moments in left.items():
        for days, most in CAPS[kind]:
            crowd = [bisect_right(moments, at) - bisect_right(moments, at - timedelta(days=days)) for at in moments]
            assert max(crowd) <= most, (kind, phone_id, days, max(crowd))
            reached[kind, days] += max(crowd) == most
    assert reached["campaign", 7], "nobody was ever at the limit: nothing is shown"


def test_during_ramadan_one_campaign_message_a_week(lived: Lived) -> None:
    last = moment("2026-03-19T23:59")
    left: dict[int, list[datetime]] = defaultdict(list)
    for row in lived.rows(LEFT):
        if row.kind == "campaign" and moment(row.handed_over_at) <= last:
            left[row.phone_id].append(moment(row.handed_over_at))
    gaps = [later - earlier for moments in left.values() for earlier, later in pairwise(moments)]
    assert bool(gaps) is (moment(lived.since) < last)
    assert min(gaps, default=timedelta(days=7)) >= timedelta(days=7)


def test_all_left_within_its_open_minutes(lived: Lived) -> None:
    """By the rows of the rules alone: each may only narrow what those above it leave."""
    rules = lived.rows("SELECT * FROM hours WHERE place_id IS NULL ORDER BY position, id")
    left = lived.rows(LEFT)
    assert {row.kind for row in left} == {"campaign", "service"}
    shut = [(row.kind, row.handed_over_at) for row in left if not is_open(rules, row)]
    assert shut == []
    nights = [moment(row.handed_over_at) for row in left]
    assert not any(at.hour < 6 or at.hour >= 22 for at in nights)
    days = {at.date().isoformat() for at in nights}
    assert not days & {"2026-03-20", "2026-05-27"}  # the feasts
    assert {"2026-05-26", "2026-05-28"} & days


def is_open(rules: list[Any], left: Any) -> bool:
    """Whether a minute is open for a kind; Bamako keeps UTC."""
    at = moment(left.handed_over_at)
    day, hour = at.date().isoformat(), f"{at:%H:%M}"
    for rule in rules:
        if rule.programme_id not in (None, left.programme_id) or rule.kind not in ("both", left.kind):
            continue
        if rule.weekday not in (None, at.weekday()):
            continue
        if (rule.starts and str(rule.starts) > day) or (rule.ends and str(rule.ends) < day):
            continue
        opens, closes = rule.open_spans.split(), rule.closed_spans.split()
        if (opens or not closes) and not any(span[:5] <= hour < span[6:] for span in opens):
            return False
        if any(span[:5] <= hour < span[6:] for span in closes):
            return False
    return True


def test_no_phone_that_said_stop_was_written_to(lived: Lived) -> None:
    written = lived.rows(
        "SELECT m.id FROM message m JOIN phone p ON p.id = m.phone_id WHERE p.opted_out_at IS NOT NULL "
        "AND m.handed_over_at > p.opted_out_at AND m.kind <> 'reply'"
    )
    assert written == []
    stopped = lived.rows(
        "SELECT i.phone_id, min(i.received_at) AS at FROM inbound i WHERE i.stopped = :yes GROUP BY i.phone_id",
        yes=True,
    )
    assert stopped or lived.days < 90
    after = {row.phone_id: moment(row.at) for row in stopped}
    assert not [
        row
        for row in lived.rows(LEFT)
        if row.phone_id in after and moment(row.handed_over_at) > after[row.phone_id] and not came_back(lived, row)
    ]


def came_back(lived: Lived, left: Any) -> bool:
    """Whether the phone is open again: somebody on it wrote so."""
    found = lived.rows("SELECT opted_out_at FROM phone WHERE id = :phone", phone=left.phone_id)
    return found[0].opted_out_at is None


# --- what is counted of it


@dataclass
class Judged:
    """The lived days with what was put in afterwards, as raw rows and as the raw SMS tell the grid."""

    lived: Lived
    raw: Raw
    told: dict[str, Heard]

    def world(self, programme: str, since: date, until: date) -> World:
        """The raw rows of a programme and period, on the morning after all days."""
        now = self.lived.since + timedelta(days=self.lived.days)
        return World(self.raw, programme, since, until, now.replace(tzinfo=None))

    def periods(self) -> list[tuple[date, date]]:
        """All days, and the month of April in the middle of ninety."""
        first, third = self.lived.since.date(), self.lived.days // 3
        whole, inside = (first, first + timedelta(days=self.lived.days)), first + timedelta(days=third)
        return [whole, (inside, inside + timedelta(days=third))] if self.lived.days >= 90 else [whole]


@pytest.fixture(scope="module")
def judged(lived: Lived) -> Judged:
    """After the tests above, which read the raw SMS: rows without an SMS behind them would trouble them."""
    afterwards.add(lived.here.db, lived.since, lived.since + timedelta(days=lived.days))
    with lived.here.db.engine.connect() as connection:
        return Judged(lived, read(connection), {code: list(Recount(connection, code).told()) for code in CODES})


@pytest.mark.parametrize("programme", CODES)
def test_every_indicator_equals_a_recount_of_the_raw_rows(judged: Judged, programme: str) -> None:
    counting = every.counting(judged.told[programme])
    assert set(counting) == set(DEFINITIONS)
    wrong, seen = [], Counter[str]()
    for since, until in judged.periods():
        world = judged.world(programme, since, until)
        for by in CUTS:
            for code, theirs in counted(judged, programme, (since, until), by).items():
                ours = counting[code](world, by)
                seen[code] += sum(bool(one.numerator or one.denominator) for one in ours.values())
                for cell, one, other in every.differences(theirs, ours):
                    cut = ", ".join(f"{name} {part}" for name, part in zip(by, cell, strict=True))
                    wrong.append(f"{code:<10} {since} to {until}  {cut:<40} {said(one):>24} recounted {said(other)}")
    assert not wrong, "\n".join(["", *wrong])
    missing = {code for code in DEFINITIONS if not seen[code]} - {"CFM-REF"}  # of a whole quarter: below
    assert missing <= (NOT_HERE[programme] if judged.lived.days >= 90 else set(DEFINITIONS)), sorted(missing)


@pytest.mark.parametrize("programme", CODES)
def test_sensitive_cases_of_a_whole_quarter_equal_a_recount(judged: Judged, programme: str) -> None:
    year, now = judged.lived.since.year, judged.lived.since + timedelta(days=judged.lived.days)
    quarter = date(year, 1, 1), date(year, 4, 1)
    ours = every.counting(judged.told[programme])["CFM-REF"](judged.world(programme, *quarter), ())
    with judged.lived.here.db.read() as session:
        row = session.scalars(sa.select(Programme).where(Programme.code == programme)).one()
        theirs = indicators.count(session, row, Period(*quarter, row.zone), now, codes=("CFM-REF",))
    assert {one.cut: (one.numerator, one.denominator) for one in theirs} == {
        cell: (one.numerator, one.denominator) for cell, one in ours.items()
    }
    assert any(one.denominator for one in theirs) or judged.lived.days < 90 or programme == "acces-marche-kita"


def counted(
    judged: Judged, programme: str, days: tuple[date, date], by: tuple[str, ...]
) -> dict[str, dict[Cell, Counted]]:
    """What the product counts, by indicator and cell."""
    until = judged.lived.since + timedelta(days=judged.lived.days)
    found: dict[str, dict[Cell, Counted]] = {code: {} for code, one in DEFINITIONS.items() if set(by) <= set(one.by)}
    with judged.lived.here.db.read() as session:
        row = session.scalars(sa.select(Programme).where(Programme.code == programme)).one()
        for one in indicators.count(session, row, Period(*days, row.zone), until, by=by):
            found[one.code][one.cut] = Counted(one.numerator, one.denominator, one.value)
    return found


def said(one: Counted) -> str:
    """A figure in a line."""
    parts = (one.numerator, one.denominator, one.value)
    return " / ".join("-" if part is None else f"{part:.6g}" for part in parts)


@pytest.mark.parametrize("programme", CODES)
@pytest.mark.parametrize("by", [(), ("area", "sex")], ids=["whole", "area and sex"])
def test_the_command_shows_these_numbers_and_no_small_ones_of_persons(
    judged: Judged, programme: str, by: tuple[str, ...]
) -> None:
    since, until = judged.periods()[0]
    lived, world = judged.lived, judged.world(programme, since, until)
    now = lived.since + timedelta(days=lived.days)
    done = CliRunner().invoke(
        wsgi.main,
        ["indicators", "--programme", programme, "--from", f"{since}", "--to", f"{until - timedelta(days=1)}",
         *(["--by", ",".join(by)] if by else []), "--now", f"{now:%Y-%m-%dT%H:%M:%SZ}", "--json"],
        env={"JEKULU_DATA": str(lived.folder), "JEKULU_DATABASE": lived.here.settings.database_url},
    )  # fmt: skip
    assert done.exit_code == 0, done.output
    counting = every.counting(judged.told[programme])
    recounted = {code: counting[code](world, by) for code, one in DEFINITIONS.items() if set(by) <= set(one.by)}
    hidden, wrong, shown = Counter[str](), [], Counter[str]()
    for figure in json.loads(done.stdout)["figures"]:
        code, cell = figure["code"], tuple(part["id"] if name == "area" and part else part
                                           for name, part in figure["cut"].items())  # fmt: skip
        told = Counted(figure["numerator"], figure["denominator"])
        own = recounted[code].get(cell, Counted(0))
        if figure["suppressed"]:
            hidden[code] += 1
            assert (figure["numerator"], figure["denominator"], figure["value"]) == (None, None, None), figure
        elif DEFINITIONS[code].persons and is_small(code, own):
            wrong.append(f"{code} {cell} shows {said(own)}, which tells of less than five persons")
        elif not every.is_same(told, Counted(own.numerator, own.denominator)):
            wrong.append(f"{code} {cell} shows {said(told)}, recounted {said(own)}")
        shown[code] += not figure["suppressed"]
    assert not wrong, "\n".join(["", *wrong])
    assert set(hidden) <= {code for code, one in DEFINITIONS.items() if one.persons}
    assert shown
    assert hidden or lived.days < 90


def is_small(code: str, one: Counted) -> bool:
    """Whether 1 to 4 persons stand behind a part of a figure; points are no persons."""
    parts = [one.numerator] if one.denominator is None else [one.denominator, one.denominator - one.numerator]
    if one.denominator is not None:
        parts.append(one.numerator)
    if DEFINITIONS[code].unit == "points":
        parts = [one.denominator or 0]
    return any(0 < part < 5 for part in parts)
