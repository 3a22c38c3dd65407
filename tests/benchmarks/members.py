"""Members: how long lists and search of 100 000 members take at the server; of each page the best of five."""

from __future__ import annotations

import tempfile
from datetime import UTC, datetime
from pathlib import Path

import sqlalchemy as sa
from flask import Flask

import campaigns.admin
from messaging import migrations
from messaging.database import Database
from messaging.gateways import Adapters
from messaging.installation import Installation, prepare
from messaging.phones import Keys
from messaging.settings import load
from tests.benchmarks.figure import figure
from tests.benchmarks.planning import best_of
from tests.campaigns.admin.conftest import ORIGIN, Browser, account
from tests.world import World

NOW = datetime(2026, 3, 12, 17, 30, tzinfo=UTC)
MEMBERS, VILLAGES, CLUBS = 100_000, 800, 4_000
LIMIT = 300  # milliseconds
PASSWORD = "ceci-est-un-essai"  # of an invented account
NAMES = ("Aïssata", "Fanta", "Fatouma", "Moussa", "Oumar", "Kadiatou", "Hawa", "Seydou", "Yacouba", "Mariam")
PAGES = (
    ("summary", ""),
    ("villages without contact", "?quiet=1"),
    ("search, a name", "?q=Assaita"),
    ("search, a card", "?q=m00077777"),
    ("search, a village", "?q=vilage 777"),
    ("search, nothing", "?q=xyzxyz"),
    ("members", "/members"),
    ("members, deep", "/members?after=90000"),
    ("members of a village", "/members?place={village}"),
    ("members without a phone", "/members?phone=none"),
    ("members without contact", "/members?quiet=1"),
    ("members of a club", "/members?club=3900"),
    ("members, nobody", "/members?status=displaced"),
    ("households", "/households"),
    ("a village", "/villages/{village}"),
    ("clubs", "/clubs"),
    ("silent clubs", "/clubs?silent=1"),
)
PEOPLE = (
    """INSERT INTO place (id, level, name, folded, sms_name, languages)
       SELECT 1000 + n, 'village', 'Village ' || n, 'vilage' || n, 'V', '[]' FROM counter WHERE n <= {villages}""",
    "INSERT INTO place_parent (place_id, parent_id) SELECT 1000 + n, 500 + n / 40 FROM counter WHERE n <= {villages}",
    """INSERT INTO programme_village (programme_id, place_id)
       SELECT {programme}, 1000 + n FROM counter WHERE n <= {villages}""",
    """INSERT INTO household (id, programme_id, code, village_id, sex_of_head, status)
       SELECT n, {programme}, 'H-' || substr('0000' || n, -5), 1001 + n % {villages}, 'f', 'active' FROM counter
       WHERE n <= {members} / 5""",
    """INSERT INTO phone (id, sealed, hash, last_two, prefix, created_at, last_in_at)
       SELECT n, X'00', 'hash' || n, '00', '+22370', '2026-01-01 00:00:00.000000',
              CASE n % 3 WHEN 0 THEN '2026-03-05 00:00:00.000000' END FROM counter""",
    """INSERT INTO member (id, programme_id, code, village_id, household_id, first_name, sex, life_stage, language,
                           content_level, route, status, created_at)
       SELECT n, {programme}, 'M-' || substr('0000' || n, -6), 1001 + n % {villages}, 1 + n % ({members} / 5),
              CASE n % 10 {names} END || CASE WHEN n % 97 < 90 THEN '' ELSE ' ' || n % 900 END, 'f', 'none',
              CASE n % 10 WHEN 0 THEN 'bm' ELSE 'fr' END, 'anyone', 'phone', 'active', '2026-01-01 00:00:00.000000'
       FROM counter""",
    "INSERT INTO member_phone (member_id, phone_id, ownership) SELECT n, n, 'own' FROM counter WHERE n % 4",
    """INSERT INTO club (id, programme_id, number, code, kind, name, sms_name, village_id, language, meets_weekday,
                         size_f, size_m, is_old, created_on)
       SELECT n, {programme}, '', n, 'listeners_club', 'Groupement Benkadi ' || n, 'C', 1001 + n % {villages}, 'fr',
              n % 7, 10, 10, 0, '2026-01-01' FROM counter WHERE n <= {clubs}""",
    """INSERT INTO club_session (id, programme_id, kind, club_id, held_on, status, source)
       SELECT n, {programme}, 'club', 1 + n % ({clubs} / 2), date('2026-01-01', '+' || (n / 2000) || ' days'), 'held',
              'sms' FROM counter WHERE n <= 40000""",
    "INSERT INTO club_member (club_id, member_id) SELECT 1 + n % {clubs}, n FROM counter",
)


def run() -> None:
    """Print a figure for every page."""
    with tempfile.TemporaryDirectory() as folder:
        browser, world = opened(Path(folder))
        for name, address in PAGES:
            path = f"/admin/essai/people{address.format(village=1_500)}"
            milliseconds = 1000 * best_of(5, lambda p=path: opens(browser, p))
            figure(f"page « {name} », {MEMBERS} members: ms", milliseconds, LIMIT, milliseconds / LIMIT,
                   milliseconds <= LIMIT)  # fmt: skip
        world.db.dispose()


def opened(folder: Path) -> tuple[Browser, World]:
    """The pages on a large programme, signed in as its officer."""
    keys = Keys(b"k" * 32)
    settings = load({"JEKULU_DATA": str(folder), "JEKULU_PUBLIC_URL": ORIGIN})
    db = Database(settings.database_url, keys)
    migrations.upgrade(db.engine)
    prepare(db, NOW)
    world = World(db, NOW).programme(demonstration=True)
    populate(world)
    app = Flask("jekulu", static_folder=None)
    app.config["SECRET_KEY"] = keys.derive("web")
    here = Installation(settings, keys, db, Adapters(settings, keys))
    app.extensions["jekulu"] = here
    campaigns.admin.init_app(app, here)
    account(world, "officer")
    browser = Browser(app.test_client())
    browser.sign_in("officer")
    return browser, world


def populate(world: World) -> None:
    """People in villages of twenty communes, with households, phones and clubs."""
    values = {
        "programme": world.programme_id, "members": MEMBERS, "villages": VILLAGES, "clubs": CLUBS,
        "names": " ".join(f"WHEN {place} THEN '{name}'" for place, name in enumerate(NAMES)),
    }  # fmt: skip
    counter = f"WITH RECURSIVE counter(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM counter WHERE n < {MEMBERS}) "
    communes = ", ".join(f"({500 + n}, 'commune', 'Commune {n}', 'comune{n}', 'C', '[]')" for n in range(21))
    with world.db.write() as session:
        session.execute(sa.text(f"INSERT INTO place (id, level, name, folded, sms_name, languages) VALUES {communes}"))
        for statement in PEOPLE:
            head, _, tail = statement.format(**values).partition("SELECT")
            session.execute(sa.text(f"{head}{counter}SELECT{tail}"))


def opens(browser: Browser, path: str) -> None:
    """Open one page."""
    answer = browser.get(path)
    assert answer.status_code == 200, (path, answer.status_code)
