"""The donor pack: what the page says is what is counted, the data go with it, and that it left is known."""

from __future__ import annotations

import hashlib
import html
import io
import re
import zipfile
from collections.abc import Callable
from datetime import date

import pytest
import sqlalchemy as sa

from campaigns.evaluation import indicators, pack
from campaigns.evaluation.period import Period
from campaigns.models import DhisCode, Measure, MeasureKind
from messaging.clock import utc_now
from messaging.installation import Installation
from messaging.models import Audit, Phone, Programme, Staff, StaffPlace
from tests.campaigns.admin.conftest import Browser
from tests.campaigns.evaluation.lived import Life

DAYS = "from=2026-03-01&to=2026-03-31"
PAGE = f"/admin/essai/results/donor/page?{DAYS}"
FORM = f"/admin/essai/results/donor?{DAYS}"
FILLED = {"why": "rapport annuel", "until": "2027-12-31"}


@pytest.fixture
def office(installation: object, db: object) -> Life:
    """The programme that lived through March 2026, a demonstration."""
    life = Life(db, utc_now()).live()  # type: ignore[arg-type]
    with life.db.write() as session:
        session.get_one(Programme, life.programme_id).demonstration = True
        session.add_all(
            Measure(programme_id=life.programme_id, indicator=code, kind=kind, value=value, source="enquête inventée")
            for code, kind, value in (
                ("COV-HH", MeasureKind.TARGET, 10), ("MDD-W", MeasureKind.BASELINE, 31.2),
                ("MDD-W", MeasureKind.TARGET, 60),
            )
        )  # fmt: skip
        session.add(DhisCode(programme_id=life.programme_id, what="logframe", ours="COV-HH", theirs="1.2.7"))
    return life


def words(page: str) -> str:
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", page)).split())


def box(browser: Browser) -> zipfile.ZipFile:
    answer = browser.post(FORM, FORM, **FILLED)
    assert answer.status_code == 200
    return zipfile.ZipFile(io.BytesIO(answer.data))


def test_the_page_says_what_is_counted(browse: Callable[[str], Browser], office: Life) -> None:
    said = words(browse("evaluation").get(PAGE).text)
    with office.db.read() as session:
        programme = session.get_one(Programme, office.programme_id)
        period = Period(date(2026, 3, 1), date(2026, 4, 1), programme.zone)
        counted = {one.code: one for one in indicators.compute(session, programme, period, utc_now())}
    women, timely = counted["RCH-IND-F"], counted["ATT-48"]
    assert women.numerator
    assert f"Femmes dans les groupes {women.numerator:.0f}" in said
    assert f"{timely.numerator:.0f} sur {timely.denominator:.0f}" in said
    assert "Trois voies, jamais additionnées" in said
    assert "1.2.7" in said  # what the donor calls it
    assert re.search(r"MDD-W.* 31,2 – – 60 enquête inventée", said), said


def test_the_pack_holds_the_page_and_its_tables_and_nobody(
    browse: Callable[[str], Browser], office: Life, installation: Installation
) -> None:
    body = browse("evaluation").post(FORM, FORM, **FILLED).data
    pack = zipfile.ZipFile(io.BytesIO(body))
    names = pack.namelist()
    assert names[0] == "index.html"
    assert all("DEMONSTRATION" in name for name in names if name.startswith("data/"))
    for table in ("1_reach", "2_messages", "3_sessions", "4_quiz", "7_radio", "8_dist", "9_market", "10_indicators"):
        assert any(table in name for name in names), table
    assert not any("message_rows" in name or "6_feedback" in name or "persons" in name for name in names)
    page = pack.read("index.html").decode()
    assert page.count("DEMONSTRATION") >= 3
    assert "<style>" in page
    assert not re.search(r'(?:src|href)="', page)  # one file that needs no other
    with office.db.read() as session:
        numbers = [installation.keys.open(row.sealed) for row in session.scalars(sa.select(Phone))]
        begun, done = session.scalars(sa.select(Audit).where(Audit.object == "export").order_by(Audit.id)).all()[-2:]
    assert numbers
    whole = b"".join(pack.read(name) for name in names).decode(errors="ignore")
    for said in (*numbers, *(number.removeprefix("+223") for number in numbers), "Village Essai"):
        assert said not in whole
    assert (begun.action, done.action) == ("begun", "exported")
    assert begun.after is not None
    assert done.after is not None
    assert begun.after["why"] == "rapport annuel"
    assert done.after["sha256"] == hashlib.sha256(body).hexdigest()


def test_a_pack_that_breaks_off_is_noted_so(
    browse: Callable[[str], Browser], office: Life, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> None:
        raise OSError("the disk is full")

    monkeypatch.setattr(pack, "gather", broken)
    assert browse("evaluation").post(FORM, FORM, **FILLED).status_code == 500
    with office.db.read() as session:
        lines = sa.select(Audit.action).where(Audit.object == "export").order_by(Audit.id)
        assert session.scalars(lines).all() == ["begun", "broken_off"]


@pytest.mark.parametrize(
    ("typed", "says"),
    [
        ({"why": "", "until": "2027-12-31"}, "pourquoi ce fichier est pris"),
        ({"why": "rapport", "until": ""}, "jusqu'à quel jour"),
        ({"why": "rapport", "until": "2020-01-01"}, "jusqu'à quel jour"),
    ],
)
def test_without_a_reason_nothing_leaves(
    browse: Callable[[str], Browser], office: Life, typed: dict[str, str], says: str
) -> None:
    answer = browse("evaluation").post(FORM, FORM, **typed)
    assert answer.status_code == 400
    assert says in html.unescape(answer.text)
    assert f'value="{typed["why"]}"' in answer.text
    assert f'value="{typed["until"]}"' in answer.text


def test_a_real_programme_is_no_demonstration(browse: Callable[[str], Browser], office: Life) -> None:
    with office.db.write() as session:
        session.get_one(Programme, office.programme_id).demonstration = False
    pack = box(browse("evaluation"))
    assert not any("DEMONSTRATION" in name for name in pack.namelist())
    assert "DEMONSTRATION" not in pack.read("index.html").decode()


def test_who_works_in_some_places_has_no_pack(browse: Callable[[str], Browser], office: Life) -> None:
    browser = browse("evaluation")
    with office.db.write() as session:
        staff = session.scalars(sa.select(Staff).where(Staff.email == "evaluation@essai.example")).one()
        session.add(StaffPlace(staff_id=staff.id, place_id=office.village_id))
    assert browser.get(PAGE).status_code == 404
    assert browse("editor").get(PAGE).status_code == 403
