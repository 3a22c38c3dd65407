"""Registers brought by a page: checked first, problems by line and column, taken whole; by role and own places."""

from __future__ import annotations

import base64
import html
import io
import re
import zlib
from collections.abc import Callable
from random import Random

import pytest
import sqlalchemy as sa

from messaging import imports, sheets
from messaging.models import Audit, Club, Household, Member, Place, PlaceCode, StaffPlace
from messaging.models.place import Level
from messaging.places import folded
from tests.campaigns.admin.conftest import ORIGIN, Browser, account, token
from tests.messaging.registers import csv
from tests.world import World

Browse = Callable[[str], Browser]
PAGE = "/admin/essai/people/imports"
HOUSEHOLDS = "Code du ménage;Code du village;Personnes\nM-1;V1;6\nM-2;V2;4"
MEMBERS = """
    Code du membre ; Code du village ; Langue ; Téléphone ; À qui est le téléphone ; Accord par ; Version du texte d'accord ; Langue de l'accord ; Date de l'accord ; Recueilli par ; Initiale du témoin ; Tranche d'âge
    P-1 ; V1 ; bm ; 76 00 00 61 ; elle-même ; oral ; 1 ; bm ; 2026-03-01 ; animatrice ; K ; 25-49
    P-2 ; V1 ; bm ; 76 00 00 61 ; conjoint ; oral ; 1 ; bm ; 2026-03-01 ; animatrice ; K ; 25-49
"""  # noqa: E501


@pytest.fixture
def villages(office: World) -> World:
    """Two villages with codes."""
    with office.db.write() as session:
        far = Place(level=Level.VILLAGE, name="Loin", folded=folded("Loin"), sms_name="Loin", languages=["fr"])
        session.add(far)
        session.flush()
        for code, ident in (("V1", office.village_id), ("V2", far.id)):
            session.add(PlaceCode(place_id=ident, scheme="essai", code=code))
    return office


def send(browser: Browser, kind: str, data: bytes | str):
    """Bring a file as the form does."""
    raw = csv(data) if isinstance(data, str) else data
    form = {"csrf_token": token(browser.get("/admin/settings").text), "kind": kind, "sheet": (io.BytesIO(raw), "f.csv")}
    return browser.client.post(
        PAGE, base_url=ORIGIN, data=form, headers={"Referer": ORIGIN + PAGE}, content_type="multipart/form-data"
    )


def kept(page: str) -> dict[str, str]:
    """The form that takes a checked sheet; empty when there is none."""
    found = re.search(r'name="kind" value="(\w+)"><input type="hidden" name="data" value="([^"]+)"', page)
    return {"kind": found[1], "data": html.unescape(found[2]), "take": "1"} if found else {}


def count(world: World, table: type) -> int:
    with world.db.read() as session:
        return session.scalar(sa.select(sa.func.count()).select_from(table)) or 0


def words(page: str) -> str:
    return " ".join(html.unescape(re.sub("<[^>]+>", " ", page)).split())


def test_checked_then_taken_and_a_second_time_changes_nothing(browse: Browse, villages: World) -> None:
    officer = browse("officer")
    page = send(officer, "households", HOUSEHOLDS).text
    assert "La feuille est bonne. Rien n'est encore enregistré." in words(page)
    assert "nouveaux 2 changés 0 sans changement 0" in words(page)
    assert count(villages, Household) == 0
    taken = officer.post(PAGE, PAGE, **kept(page))
    assert (taken.status_code, taken.headers["Location"]) == (303, f"{PAGE}?kind=households")
    assert "Importé : 2 ajouté(s), 0 changé(s)." in officer.read(PAGE)
    assert count(villages, Household) == 2
    page = send(officer, "households", HOUSEHOLDS).text
    assert "tout y est déjà enregistré" in words(page)
    assert not kept(page)


def test_audit_holds_counts_and_a_hash_and_no_name(browse: Browse, villages: World) -> None:
    officer = browse("officer")
    officer.post(PAGE, PAGE, **kept(send(officer, "households", HOUSEHOLDS).text))
    with villages.db.read() as session:
        line = session.scalars(sa.select(Audit).where(Audit.action == "imported")).one()
    assert (line.actor[:6], line.object, line.after.keys()) == ("staff:", "households", {"added", "changed", "sha256"})


def test_problems_stand_by_line_and_column_and_nothing_is_stored(browse: Browse, villages: World) -> None:
    page = send(browse("officer"), "households", HOUSEHOLDS + "\nM-3;V9;x").text
    assert "2 problèmes : rien n'est enregistré." in words(page)
    body = page.split("<tbody>")[1].split("</tbody>")[0]
    cells = [words(cell) for cell in re.findall(r"<td[^>]*>(.*?)</td>", body)]
    assert [cells[place : place + 2] for place in (0, 3)] == [["4", "Personnes"], ["4", "Code du village"]]
    assert "Aucun lieu n'a le code « V9 »." in cells[5]
    assert not kept(page)
    assert count(villages, Household) == 0


def test_only_the_first_hundred_problems_are_shown_and_all_are_counted(browse: Browse, villages: World) -> None:
    page = send(browse("officer"), "households", HOUSEHOLDS + "\nM-1;V1;6" * 150).text
    assert "150 problèmes" in words(page)
    assert page.split("<tbody>")[1].split("</tbody>")[0].count("<tr>") == 100
    assert "les 100 premiers" in page


def test_shared_phones_are_told_without_their_number(browse: Browse, villages: World) -> None:
    page = send(browse("officer"), "members", MEMBERS).text
    assert "À savoir : téléphones partagés" in words(page)
    assert "•• 61 2, 3 0" in words(page)
    assert "000061" not in words(page).replace(" ", "")
    before = count(villages, Member)
    assert browse("officer").post(PAGE, PAGE, **kept(page)).status_code == 303
    assert count(villages, Member) == before + 2


def test_phone_without_evidence_of_consent_is_refused(browse: Browse, villages: World) -> None:
    rows = "\n".join(";".join(line.split(";")[:5]) for line in MEMBERS.strip().splitlines())
    page = send(browse("officer"), "members", rows).text
    assert "Sans preuve d'accord rien n'est gardé." in words(page)


def test_what_happened_between_check_and_taking_is_told(browse: Browse, villages: World) -> None:
    officer = browse("officer")
    checked = kept(send(officer, "households", HOUSEHOLDS).text)
    with villages.db.write() as session:
        session.execute(sa.delete(PlaceCode).where(PlaceCode.code == "V2"))
    answer = officer.post(PAGE, PAGE, **checked)
    assert "Aucun lieu n'a le code « V2 »." in words(answer.text)
    assert count(villages, Household) == 0


MAY = {
    "editor": ("places", "stations", "clubs", "lessons", "followers"),
    "officer": ("households", "members", "enrolments", "sessions", "distributions"),
    "evaluation": ("measures", "dhis2"),
    "translator": (), "approver": (), "auditor": (), "administrator": (), "focal_point": (),
}  # fmt: skip


@pytest.mark.parametrize("who", MAY)
def test_each_role_brings_its_own_kinds(browse: Browse, villages: World, who: str) -> None:
    browser = browse(who)
    assert browser.get(PAGE).status_code == (200 if MAY[who] else 403)
    for kind in imports.KINDS:
        status = 200 if kind in MAY[who] else 403
        assert browser.get(f"{PAGE}?kind={kind}").status_code == status
        assert browser.get(f"{PAGE}/sheet?kind={kind}").status_code == status
        assert send(browser, kind, HOUSEHOLDS).status_code == status
    assert (f'href="{PAGE}"' in browser.get("/admin/essai/people").text) is bool(MAY[who])


def near(world: World, who: str) -> None:
    person = account(world, who)
    with world.db.write() as session:
        session.add(StaffPlace(staff_id=person.id, place_id=world.village_id))


def test_lines_of_another_village_are_refused(browse: Browse, villages: World) -> None:
    near(villages, "officer")
    officer = browse("officer")
    page = send(officer, "households", HOUSEHOLDS).text
    assert "1 problème" in words(page)
    assert "3 Code du village Ce village n'est pas un des vôtres." in words(page)
    assert kept(send(officer, "households", HOUSEHOLDS.rpartition("\n")[0]).text)


def test_a_household_is_not_taken_out_of_another_village(browse: Browse, villages: World) -> None:
    with villages.db.write() as session:
        far = session.scalars(sa.select(PlaceCode.place_id).where(PlaceCode.code == "V2")).one()
        session.add(Household(programme_id=villages.programme_id, code="M-1", village_id=far, people=3))
    near(villages, "officer")
    assert "pas un des vôtres" in words(
        send(browse("officer"), "households", "Code du ménage;Code du village\nM-1;V1").text
    )
    assert "pas un des vôtres" in words(send(browse("officer"), "households", "Code du ménage;Personnes\nM-1;9").text)


def test_clubs_stay_in_own_villages_and_places_are_for_who_works_everywhere(browse: Browse, villages: World) -> None:
    near(villages, "editor")
    editor = browse("editor")
    assert editor.get(f"{PAGE}?kind=places").status_code == 403
    assert editor.get(f"{PAGE}?kind=stations").status_code == 403
    titles = {column.key: column.fr for column in imports.columns("clubs")}
    header = ";".join(titles[key] for key in ("code", "kind", "name", "village_id"))
    club = header + "\n2035;club d'écoute;Club;{}"
    assert "pas un des vôtres" in words(send(editor, "clubs", club.format("V2")).text)
    before = count(villages, Club)
    assert editor.post(PAGE, PAGE, **kept(send(editor, "clubs", club.format("V1")).text)).status_code == 303
    assert count(villages, Club) == before + 1


def test_reports_of_clubs_elsewhere_are_refused(browse: Browse, villages: World) -> None:
    """A line has no village of its own here: it is its club's."""
    with villages.db.write() as session:
        far = session.scalars(sa.select(PlaceCode.place_id).where(PlaceCode.code == "V2")).one()
        session.execute(sa.update(Club).where(Club.code == "1041").values(village_id=far))
    near(villages, "officer")
    sheet = "Code du club;Date;Femmes;Hommes;Total\n1041;2026-03-05;12;8;20"
    assert "2 Code du club Ce village n'est pas un des vôtres." in words(
        send(browse("officer"), "sessions", sheet).text
    )
    assert browse("officer").get(f"{PAGE}?kind=distributions").status_code == 403


def test_form_for_phones_is_beside_the_sheet_that_takes_it_back(browse: Browse, villages: World) -> None:
    officer = browse("officer")
    for kind, form in (("sessions", "attendance"), ("enrolments", "enrolment")):
        assert f"{PAGE}/forms/{form}.xlsx" in officer.get(f"{PAGE}?kind={kind}").text
        assert officer.get(f"{PAGE}/forms/{form}.xlsx").data.startswith(b"PK")
    assert officer.get(f"{PAGE}/forms/other.xlsx").status_code == 404
    assert browse("auditor").get(f"{PAGE}/forms/attendance.xlsx").status_code == 403


@pytest.mark.parametrize(
    ("data", "word"),
    [
        (b"", "Choisissez"),
        (Random(1).randbytes(350_000), "trop grand"),
        (bytes(range(256)) * 10 + b"no sheet", "problème"),
    ],
    ids=["no file", "what cannot be packed small", "no sheet"],
)
def test_what_cannot_be_a_sheet_is_refused(browse: Browse, villages: World, data: bytes, word: str) -> None:
    assert word in words(send(browse("officer"), "households", data).text)


FORGED = (
    ("no code", "###"),
    ("nothing", ""),
    ("not packed", "QUJD"),
    ("a bomb", base64.b64encode(zlib.compress(b"0" * 50_000_000)).decode()),
)


@pytest.mark.parametrize(("label", "data"), FORGED, ids=[row[0] for row in FORGED])
def test_forged_form_stores_nothing(browse: Browse, villages: World, label: str, data: str) -> None:
    assert browse("officer").post(PAGE, PAGE, kind="households", data=data, take="1").status_code == 400
    assert count(villages, Household) == 0


def test_empty_sheet_has_the_columns_that_the_page_explains(browse: Browse, villages: World) -> None:
    officer = browse("officer")
    page = words(officer.get(f"{PAGE}?kind=members").text)
    header = sheets.read(officer.get(f"{PAGE}/sheet?kind=members").data)[0].cells
    assert header == tuple(column.fr for column in imports.columns("members"))
    assert all(title in page for title in header)
    assert "jekulu import members FILE --dry-run" in page


def test_what_is_remarked_is_shown_and_taken(browse: Browse, villages: World) -> None:
    editor = browse("editor")
    sheet = "Code du club;Type;Nom;Code du village;Femmes;Hommes\n4126;CEAP;École;V1;10;5"
    page = send(editor, "clubs", sheet).text
    assert "15 membres notés : un champ-école en a de 20 à 32." in words(page)
    assert editor.post(PAGE, f"{PAGE}?kind=clubs", **kept(page)).status_code == 303


def test_page_speaks_english_too(browse: Browse, villages: World) -> None:
    officer = browse("officer")
    officer.post("/admin/settings", language="en")
    assert "No place has the code" in words(send(officer, "households", "Code du ménage;Code du village\nM-3;V9").text)
