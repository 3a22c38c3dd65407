"""The demonstration: the documented sizes, a time-lapse that adds nothing twice, and no number in any file."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa
from click.testing import CliRunner

import wsgi
from campaigns.models import Attendance
from messaging.installation import Installation, open_installation
from messaging.models import Club, Facilitator, Gateway, Household, Inbound, Member, Phone, Programme, ProgrammeVillage
from messaging.models.people import ClubKind, FacilitatorKind, Sex
from messaging.models.post import InboundState
from messaging.settings import load

SIZES = {  # villages, households, members, women, groups
    "caisses-bandiagara": (
        64,
        3000,
        3000,
        1500,
        {ClubKind.APFLS: 128, ClubKind.LISTENERS_CLUB: 128, ClubKind.IYCF: 64},
    ),
    "acces-marche-kita": (32, 600, 600, 300, {ClubKind.COOPERATIVE: 20, ClubKind.LISTENERS_CLUB: 32}),
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the demonstration loaded, without a past."""
    path = tmp_path_factory.mktemp("demo")
    done = run(path, "demo", "--days", "0", "--no-start")
    assert done.exit_code == 0, done.output
    assert "aminata@demo.example" in done.output
    return path


@pytest.fixture(scope="module")
def here(folder: Path) -> Iterator[Installation]:
    """The installation of that folder."""
    opened = open_installation(load({"JEKULU_DATA": str(folder)}))
    yield opened
    opened.close()


def run(path: Path, *words: str):
    return CliRunner().invoke(wsgi.main, list(words), env={"JEKULU_DATA": str(path), "JEKULU_DATABASE": ""})


@pytest.mark.parametrize("code", SIZES)
def test_both_programmes_have_the_documented_size(here: Installation, code: str) -> None:
    villages, households, members, women, groups = SIZES[code]
    with here.db.read() as session:
        programme = session.scalars(sa.select(Programme).where(Programme.code == code)).one()

        def count(model: type, *conditions: object) -> int:
            query = sa.select(sa.func.count()).select_from(model).where(model.programme_id == programme.id, *conditions)  # type: ignore[attr-defined,arg-type]
            return session.scalar(query) or 0

        assert programme.demonstration
        assert count(ProgrammeVillage) == villages
        assert count(Household) == households
        assert (count(Member), count(Member, Member.sex == Sex.F)) == (members, women)
        assert {kind: count(Club, Club.kind == kind) for kind in groups} == groups
        if code == "acces-marche-kita":
            assert count(Facilitator, Facilitator.kind == FacilitatorKind.ADVISER) == 20


def test_a_second_start_keeps_all_data(folder: Path, here: Installation) -> None:
    with here.db.read() as session:
        before = session.scalar(sa.select(sa.func.count(Member.id)))
    assert run(folder, "demo", "--days", "0", "--no-start").exit_code == 0
    with here.db.read() as session:
        assert session.scalar(sa.select(sa.func.count(Member.id))) == before


def test_the_same_days_again_plan_nothing(folder: Path) -> None:
    tomorrow = (wsgi.utc_now() + timedelta(days=1)).date().isoformat()
    command = ("simulate", "--from", tomorrow, "--days", "3", "--json")
    first = json.loads(run(folder, *command).stdout)
    assert first["planned"] > 1000
    assert 0.85 < first["delivered"] / first["sent"] <= 1
    assert first["unknown"] == 0
    again = json.loads(run(folder, *command).stdout)
    assert (again["planned"], again["inbound"]) == (0, 0)


def test_the_simulated_days_hold_sessions_reported_by_sms(here: Installation) -> None:
    with here.db.read() as session:
        ways = dict(session.execute(sa.select(Attendance.intent, sa.func.count()).group_by(Attendance.intent)).all())
        read = sa.select(Inbound.state, sa.func.count()).group_by(Inbound.state)
        states = dict(session.execute(read).all())
    assert set(ways) == {"attendance", "listening", "visit"}
    assert 60 < sum(ways.values()) < 250  # three days of 372 clubs
    assert set(states) == {InboundState.HANDLED}


def test_no_number_stands_in_any_file(folder: Path, here: Installation) -> None:
    with here.db.read() as session:
        sealed = session.scalars(sa.select(Phone.sealed).limit(50)).all()
    numbers = [here.keys.open(one)[1:].encode() for one in sealed]
    for path in folder.iterdir():
        body = path.read_bytes()
        found = [number for number in numbers if number in body]
        assert not found, f"{path.name} holds a number"


def test_a_real_gateway_never_carries_a_demonstration(here: Installation) -> None:
    from messaging.models.post import Kind
    from messaging.routing import choose

    rows = [
        Gateway(id=1, name="simulator", adapter="simulator", position=99, prefixes=[], kinds=[]),
        Gateway(id=2, name="twilio", adapter="twilio", position=0, prefixes=[], kinds=[]),
    ]
    for kind in Kind:
        chosen = choose(rows, "+22350", kind, True, came_by=2)
        assert chosen is not None
        assert chosen.adapter == "simulator"
    real = choose(rows, "+22370", Kind.CAMPAIGN, False)
    assert real is not None
    assert real.adapter == "twilio"
