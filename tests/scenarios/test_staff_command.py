"""`jekulu staff`: what opens an account is shown once, with a second factor where its role needs one."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from messaging import places, staff, totp
from messaging.clock import utc_now
from messaging.installation import open_installation
from messaging.models import Place, PlaceCode
from messaging.models.place import Level
from messaging.settings import load
from tests.scenarios.test_commands import Desk


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    """A folder with one village."""
    made = Desk(tmp_path)
    here = open_installation(load({"JEKULU_DATA": str(tmp_path / "data")}))
    with here.db.write() as session:
        name = "Kansongho"
        village = Place(level=Level.VILLAGE, name=name, folded=places.folded(name), sms_name=name, languages=[])
        session.add(village)
        session.flush()
        session.add(PlaceCode(place_id=village.id, scheme="essai", code="V-1"))
    here.close()
    return made


@pytest.mark.parametrize(
    ("role", "has_second_factor"),
    [("editor", False), ("translator:bm", False), ("approver", True), ("focal_point:fraud", True)],
)
def test_second_factor_comes_with_the_role(desk: Desk, role: str, has_second_factor: bool) -> None:
    added = desk.json("staff", "add", "awa@exemple.org", "--role", role)
    again = desk.json("staff", "reset", "awa@exemple.org")
    for access in (added, again):
        assert set(access) == {"email", "password", "second_factor"}
        assert bool(re.fullmatch("[A-Z2-7]{32}", access["second_factor"] or "")) is has_second_factor
    assert added["password"] != again["password"]


def test_words_say_how_to_enter_it(desk: Desk) -> None:
    said = desk.run("staff", "add", "awa@exemple.org", "--role", "officer").stdout
    secret = re.search(r"second factor \(shown once\): (\w+)", said)
    assert secret, said
    assert totp.address(secret[1], "awa@exemple.org") in said
    assert "authenticator" in said


def test_place_and_organisation_are_given_at_once(desk: Desk) -> None:
    words = ("--role", "officer", "--place", "V-1", "--organisation", "Radio Kita")
    desk.json("staff", "add", "awa@exemple.org", *words)
    here = open_installation(load({"JEKULU_DATA": str(desk.folder / "data")}))
    with here.db.read() as session:
        person = staff.by_email(session, "awa@exemple.org")
        assert person.organisation == "Radio Kita"
        assert len(staff.village_ids(session, person.id, utc_now().date()) or ()) == 1
    here.close()


def test_unknown_place_makes_no_account(desk: Desk) -> None:
    done = desk.run("staff", "add", "awa@exemple.org", "--role", "officer", "--place", "V-9")
    assert done.exit_code == 1
    assert "no place with the code « V-9 »" in done.stderr
    assert desk.run("staff", "reset", "awa@exemple.org").exit_code == 1
