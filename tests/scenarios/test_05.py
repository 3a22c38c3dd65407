"""Scenario 5: a quiz before and after; what the officer exports: CSV with HXL, XLSX, and values for DHIS2.

Seventeen women and ten men have a phone each, and five phones are shared by two. Forty days lie between the waves.

| who                | before                        | after          |
|--------------------|-------------------------------|----------------|
| 17 women           | 6 right, 6 wrong, 5 « jsp »   | 17 right       |
| 10 men             | 5 right, 5 wrong              | 5 right, 5 wrong |
| 5 shared phones    | 5 right, without a name       | 5 right, without a name |
"""

from __future__ import annotations

import csv
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import jsonschema
import openpyxl
import pytest
import sqlalchemy as sa
from click.testing import CliRunner, Result

import wsgi
from campaigns.definitions import Definition
from campaigns.evaluation import knowledge
from campaigns.evaluation.period import parse
from messaging.installation import Installation
from messaging.models import Audit, Member, PlaceCode, Programme
from messaging.models.people import Sex
from tests.fakes.dhis2 import TOKEN, Dhis2
from tests.land import commune, share
from tests.script import Script
from tests.world import World

WOMEN = [f"+2237000{place:04d}" for place in range(17)]
MEN = [f"+2237100{place:04d}" for place in range(10)]
SHARED = [f"+2237200{place:04d}" for place in range(5)]
NAMES = {f"p{number[4:]}": number for number in (*WOMEN, *MEN, *SHARED)}
WHO = {number: name for name, number in NAMES.items()}
TOLD = datetime(2026, 5, 4, 9, 0, tzinfo=UTC)
SCHEMA = Path(__file__).parent.parent / "data" / "datavaluesets.schema.json"
CODES = """what;ours;theirs
data_set;monthly;CDR_MONTHLY
element;QUI-OK;CDR_QUIZ_CORRECT
element;QUI-OK:of;CDR_QUIZ_ANSWERED
element;QUI-DK;CDR_QUIZ_DK
element;MSG-DR;CDR_SMS_DELIVERED
element;MSG-DR:of;CDR_SMS_SENT
element;RCH-PH;CDR_PHONES
element;RCH-HH;-
combo;f;F
combo;m;M
combo;unknown;U
combo;fr;FR
"""
UNIT = "org_unit;ESSAI-01;MLI00500207\n"
THEIRS: dict[str, set[str]] = {
    "data_sets": {"CDR_MONTHLY"}, "units": {"MLI00500207"}, "combos": {"F", "M", "U", "FR"},
    "elements": {
        "CDR_QUIZ_CORRECT", "CDR_QUIZ_ANSWERED", "CDR_QUIZ_DK", "CDR_SMS_DELIVERED", "CDR_SMS_SENT", "CDR_PHONES",
    },
}  # fmt: skip


def quiz() -> Definition:
    """One question, asked on 12 March and 21 April in the same words."""
    steps = [
        {
            "step": name, "kind": "question", "when": {"date": day}, "hour": "17:30", "facts": ["HY3"],
            "facts_checked": "2026-03-01",
            "question": {"type": "single", "correct": [1], "wave": wave, "code": "cendre", "closes": "2d"},
            "texts": {"fr": {
                "sms": "Sans savon, que prendre? 1 la cendre 2 rien", "read_aloud": "Sans savon, que prendre ?",
                "options": {"1": "la cendre", "2": "rien"}, "right": "Merci.", "wrong": "Merci.",
            }},
        }
        for name, wave, day in (("avant", "pre", "2026-03-12"), ("apres", "post", "2026-04-21"))
    ]  # fmt: skip
    head = {"campaign": "savoirs-essai", "title": {"fr": "Savoirs"}, "topic": "hygiene", "pillar": "social"}
    return Definition.model_validate({**head, "steps": steps})


def run(here: Installation, *words: str, **settings: str) -> Result:
    """A command of the office."""
    environment = {"JEKULU_DATA": str(here.settings.data), "JEKULU_DATABASE": here.settings.database_url, **settings}
    return CliRunner().invoke(wsgi.main, list(words), env=environment)


@pytest.fixture
def asked(installation: Installation, world: World) -> World:
    """The people above, both waves asked and answered."""
    installation.settings.key_path.write_text(installation.keys.secret.hex())
    installation.settings.key_path.chmod(0o600)
    place = commune(world, "Essai")
    with world.db.write() as session:
        session.add(PlaceCode(place_id=place, scheme="national", code="ESSAI-01"))
    for number in WOMEN:
        world.member(number)
    for number in MEN:
        world.member(number, sex=Sex.M)
    for number in SHARED:
        for name in ("Fanta", "Moussa"):
            member = world.member(number) if name == "Fanta" else world.member()
            if name == "Moussa":
                share(world, member, number)
            with world.db.write() as session:
                session.get_one(Member, member).first_name = name
    world.campaign(quiz())
    script = Script(installation, NAMES, world.now)
    script.play("@ 2026-03-12 17:30")
    answer(script, WOMEN, ["1"] * 6 + ["2"] * 6 + ["jsp"] * 5)
    answer(script, MEN, ["1"] * 5 + ["2"] * 5)
    answer(script, SHARED, ["1"] * 5)
    script.play("@ 2026-04-21 17:30")
    answer(script, WOMEN, ["1"] * 17)
    answer(script, MEN, ["1"] * 5 + ["2"] * 5)
    answer(script, SHARED, ["1"] * 5)
    return world


def answer(script: Script, numbers: list[str], texts: list[str]) -> None:
    for number, text in zip(numbers, texts, strict=True):
        script.write(WHO[number], text)


def test_what_the_officer_exports(installation: Installation, asked: World, tmp_path: Path) -> None:
    days = ("--from", "2026-03-01", "--to", "2026-04-30", "--now", TOLD.isoformat())
    why = ("--why", "rapport du trimestre", "--until", "2026-12-31", "--out", str(tmp_path / "out"))
    _tables(installation, days, why)
    _gain(asked)
    _dhis2(installation, asked, days, why, tmp_path)


def _tables(here: Installation, days: tuple[str, ...], why: tuple[str, ...]) -> None:
    for form in ("hxl", "xlsx"):
        done = run(here, "export", "4_quiz_items", "--format", form, *days, *why, "--json")
        assert done.exit_code == 0, done.output
    folder = Path(why[-1])
    (path,) = folder.glob("*4_quiz_items*.csv")
    header, tags, *rows = list(csv.reader(path.read_text(encoding="utf-8").splitlines()))
    assert tags[header.index("pct_correct_women")] == "#indicator+correct+f+pct"
    told = {row[header.index("wave")]: dict(zip(header, row, strict=True)) for row in rows}
    names = ("question", "answered", "correct", "dont_know", "pct_correct_women", "pct_correct_men", "unknown_sex")
    assert [told["pre"][name] for name in names] == ["cendre", "27", "16", "5", "50.0", "50.0", "5"]
    assert [told["post"][name] for name in names] == ["cendre", "32", "27", "0", "100.0", "50.0", "5"]
    hxl = pytest.importorskip("hxl")
    assert hxl.data([header, tags, *rows]).validate()
    (book,) = folder.glob("*4_quiz_items*.xlsx")
    sheet = openpyxl.load_workbook(book).worksheets[0]
    assert sheet.max_row >= 3


def _gain(world: World) -> None:
    with world.db.read() as session:
        programme = session.get_one(Programme, world.programme_id)
        period = parse("2026-03-01", "2026-04-30", programme.zone)
        found = knowledge.compare(session, programme, "savoirs-essai", period, TOLD)
    assert found.waves == ("pre", "post")
    (item,) = found.items
    assert round(item.difference or 0) == round(100 * 27 / 32 - 100 * 16 / 27)
    before = item.waves["pre"]
    assert (before["QUI-DK"].numerator, before["QUI-NONAME"].numerator) == (5, 5)
    assert item.pairs == knowledge.Pairs(27, 11, 11, 0, 5, 2 / 2**11)
    assert found.gain is not None
    assert knowledge.sentence(found.gain, "en") == (
        "Among the 27 people who answered both times, the share of right answers rose by 41 points; the true value may "
        "lie between 21 and 61. People who answered only once are not in this number."
    )
    assert knowledge.sentence(found.gain, "fr") == (
        "Parmi les 27 personnes qui ont répondu les deux fois, la part de bonnes réponses a augmenté de 41 points ; la "
        "vraie valeur peut se trouver entre 21 et 61. Les personnes qui n'ont répondu qu'une fois ne sont pas dans ce "
        "nombre."
    )


def _dhis2(here: Installation, world: World, days: tuple[str, ...], why: tuple[str, ...], tmp_path: Path) -> None:
    asked = ("export", "--format", "dhis2", *days, *why)
    refused = run(here, *asked)
    assert refused.exit_code == 1
    assert all(name in refused.stderr for name in ("data_set monthly", "element QUI-OK:of", "org_unit ESSAI-01"))
    sheet = tmp_path / "dhis2.csv"
    sheet.write_text(CODES, encoding="utf-8")
    assert run(here, "import", "dhis2", str(sheet)).exit_code == 0
    missing = run(here, *asked).stderr
    assert "for: org_unit ESSAI-01. " in missing
    sheet.write_text(CODES + UNIT, encoding="utf-8")
    assert run(here, "import", "dhis2", str(sheet)).exit_code == 0
    done = run(here, *asked, "--json")
    assert done.exit_code == 0, done.output
    path = Path(json.loads(done.stdout)["files"][0]["file"])
    sets = json.loads(path.read_text(encoding="utf-8"))
    jsonschema.validate(sets, json.loads(SCHEMA.read_text(encoding="utf-8")))
    march = next(one for one in sets if one["period"] == "202603")
    assert (march["dataSet"], march["orgUnit"], march["completeDate"]) == ("CDR_MONTHLY", "MLI00500207", "2026-05-04")
    values = {(one["dataElement"], one.get("categoryOptionCombo")): one["value"] for one in march["dataValues"]}
    assert values["CDR_QUIZ_ANSWERED", "F"] == "12"
    assert values["CDR_QUIZ_CORRECT", "F"] == "6"
    assert values["CDR_SMS_SENT", "FR"] == "32"
    _brought(here, world, path, sum(len(one["dataValues"]) for one in sets))


def _brought(here: Installation, world: World, path: Path, many: int) -> None:
    """Tried, brought, brought again, and a value that has changed."""

    def bring(*words: str) -> tuple[Result, dict[str, Any]]:
        done = run(here, "dhis2", str(path), "--to", there.url, *words, "--json", JEKULU_DHIS2_TOKEN=TOKEN)
        return done, json.loads(done.stdout)

    with Dhis2(**THEIRS) as there:
        _, said = bring()
        assert said["dry_run"]["conflicts"] == []
        assert (said["dry_run"]["imported"], said["committed"], there.values) == (many, None, {})
        done, said = bring("--commit")
        assert (said["committed"]["imported"], done.exit_code, len(there.values)) == (many, 0, many)
        there.values["CDR_MONTHLY", "202603", "MLI00500207", "CDR_QUIZ_CORRECT", "F"] = "7"
        done, said = bring("--commit")
        assert (said["committed"]["updated"], said["committed"]["ignored"], done.exit_code) == (1, many - 1, 0)
        there.elements = there.elements - {"CDR_QUIZ_DK"}
        there.calls.clear()
        done, said = bring("--commit")
        assert (done.exit_code, said["committed"]) == (1, None)
        assert "Data element not found: CDR_QUIZ_DK" in said["dry_run"]["conflicts"][0]
        assert all(is_dry for is_dry, _ in there.calls)
    with world.db.read() as session:
        noted = sa.select(Audit.action).where(Audit.object == "dhis2", Audit.action.in_(("begun", "brought")))
        assert session.scalars(noted.order_by(Audit.id)).all() == ["begun", "brought"] * 2
