"""The two XLSForms: pyxform takes them without a warning, every choice is a code of ours, the checks are ours too."""

from __future__ import annotations

import io
import re
from datetime import UTC, datetime
from pathlib import Path

import pytest
from pyxform.xls2xform import convert

from campaigns.conversation.slots import KEYWORDS
from campaigns.evaluation import forms
from campaigns.evaluation.intake.sessions import REPORT, SIGNAL, STATUS
from campaigns.models import ClubSessionStatus, Heard
from messaging.database import Database
from messaging.imports import columns
from messaging.models import Programme
from messaging.models.people import ContentLevel, LifeStage, Ownership, Purpose, Route, Sex, Way
from messaging.phones import NumberError, parse
from tests.world import World

OURS = {  # whose codes the choices of a list are
    "given_by_way": Way, "purpose": Purpose, "sex": Sex, "life_stage": LifeStage, "route": Route,
    "ownership": Ownership, "content_level": ContentLevel, "status": ClubSessionStatus, "signal": Heard,
}  # fmt: skip
WHOLE = ("purpose", "sex", "life_stage", "route", "ownership", "content_level")  # every code may be chosen
READ = {"age_band": "age_band", "literacy": "literacy"}  # lists that a column of the members' sheet reads


@pytest.fixture(scope="module")
def written(tmp_path_factory, sqlite_template, keys):
    """Both forms of a programme that speaks French, Bambara and Toro So."""
    path = tmp_path_factory.mktemp("forms") / "jekulu.sqlite"
    path.write_bytes(Path(sqlite_template).read_bytes())
    world = World(Database(f"sqlite:///{path}", keys), datetime(2026, 3, 12, tzinfo=UTC)).programme()
    with world.db.write() as session:
        programme = session.get_one(Programme, world.programme_id)
        programme.languages = ["fr", "bm", "dts"]
        made = {name: forms.write(session, programme, name) for name in forms.FORMS}
    world.db.dispose()
    return made


@pytest.mark.parametrize("name", forms.FORMS)
def test_pyxform_converts_it_without_a_warning(written, name):
    done = convert(io.BytesIO(written[name]), validate=False, pretty_print=False, file_type=".xlsx")
    assert done.warnings == []
    assert f'id="jekulu_{name}"' in done.xform
    assert "toro so" in done.xform or name == "attendance"


@pytest.mark.parametrize("choices", [forms.OF_ATTENDANCE, forms.OF_ENROLMENT], ids=["attendance", "enrolment"])
def test_every_choice_is_a_code_that_we_store(choices):
    members = {column.key: column for column in columns("members")}
    for name, labels in choices.items():
        if name in OURS:
            assert set(labels) <= set(OURS[name]), name
        if name in WHOLE:
            assert set(labels) == set(OURS[name]), name
        if name in READ:
            assert [members[READ[name]].read(code) for code in labels] == list(labels), name
        assert all(re.fullmatch(r"[\w-]+", code) for code in labels), "a choice holds no blank"


def test_what_the_attendance_form_says_is_what_the_sheet_reads():
    said = forms.OF_ATTENDANCE
    assert [KEYWORDS[REPORT(code)] for code in said["kind"]] == list(said["kind"])
    assert [STATUS(code) for code in said["status"]] == list(said["status"])
    assert [SIGNAL(code) for code in said["signal"]] == list(said["signal"])
    assert [SIGNAL(label) for label in said["signal"].values()] == list(said["signal"])


EXAMPLES = [
    ("club_code", ("1041", "0007"), ("104", "10411", "104a", "")),
    ("household_id", ("M-0001", "AB12"), ("M 1", "m-0001", "A", "ABCDEFGHIJKLM")),
    ("child_birth_month", ("202503", "202512"), ("202513", "199901", "2025-03", "20253")),
    ("phone", ("76123456", "66000000", "91234567", "50123456", "83123456"), ("20123456", "7612345", "81123456")),
]


@pytest.mark.parametrize(("field", "good", "bad"), EXAMPLES, ids=[row[0] for row in EXAMPLES])
def test_a_check_takes_what_is_right_and_refuses_what_is_not(field, good, bad):
    asked = {one["name"]: one for one in [*forms.attendance(), *forms.enrolment(["fr", "dts"])]}
    pattern = re.search(r"'(\^.*\$)'", asked[field]["constraint"])[1]
    assert [cell for cell in good if not re.search(pattern, cell)] == []
    assert [cell for cell in bad if re.search(pattern, cell)] == []


@pytest.mark.parametrize("first", range(50, 100))
def test_a_number_that_the_form_takes_is_a_mobile_of_ours(first):
    """Of all ranges: nothing that the form lets through is refused when it is imported."""
    pattern, number = re.search(r"'(\^.*\$)'", forms.MOBILE)[1], f"{first}123456"
    if re.search(pattern, number):
        try:
            parse(number)
        except NumberError as error:
            pytest.fail(f"{number}: {error.fault}")


def test_a_language_that_nobody_here_speaks_asks_for_no_variety():
    assert "variety" not in {one["name"] for one in forms.enrolment(["fr", "bm"])}
    assert "variety" in {one["name"] for one in forms.enrolment(["fr", "dts"])}


def test_under_18_only_the_club_is_offered():
    route = next(one for one in forms.enrolment([]) if one["name"] == "route")
    assert route["constraint"] == "${age_band} != 'under18' or . = 'group'"


def test_no_name_of_a_person_is_required():
    assert [one["required"] for one in forms.enrolment([]) if one["name"] == "given_name"] == [""]
