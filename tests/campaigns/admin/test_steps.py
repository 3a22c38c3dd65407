"""The forms of a campaign and its steps: what is typed stays, problems stand beside their field, effects are told."""

from __future__ import annotations

import html
import re
from collections.abc import Callable

import pytest
import sqlalchemy as sa
from flask import Flask
from werkzeug.test import TestResponse

from campaigns import life, loading
from campaigns.models import Campaign, CampaignState, Step
from messaging import staff
from messaging.clock import local, utc_now
from messaging.models import Audit, Message, Place, PlaceCode, Role, StaffPlace
from messaging.models.place import Level
from messaging.models.post import State
from messaging.places import folded
from tests.campaigns.admin.conftest import PASSWORD, Browser, campaign
from tests.world import World

Browse = Callable[[str], Browser]
PLACE = "/admin/essai/campaigns/hygiene-essai"
EDIT = f"{PLACE}/mains/edit"
MESSAGE = {"kind": "message", "trigger": "date", "date": "2099-03-12", "hour": "17:30", "facts": "HY3"}


def stored(office: World, code: str = "mains") -> dict[str, object]:
    with office.db.read() as session:
        return session.scalars(sa.select(Step.definition).where(Step.code == code)).one()


def lock(office: World) -> int:
    with office.db.read() as session:
        return session.scalars(sa.select(Campaign.lock)).one()


def codes(office: World) -> list[str]:
    with office.db.read() as session:
        return [step.code for step in loading.steps_of(session, session.scalars(sa.select(Campaign.id)).one())]


def running(office: World) -> None:
    """Started as a demonstration may be; ten people's messages wait and one has left."""
    with office.db.write() as session:
        row = session.scalars(sa.select(Campaign)).one()
        life.start(session, row.id, None, office.now)
        step = session.scalars(sa.select(Step).where(Step.code == "mains")).one()
        session.execute(sa.update(Message).values(step_id=step.id))
        session.execute(sa.update(Message).where(Message.state == State.HELD).values(reason=None))


def send(who: Browser, office: World, path: str = EDIT, seen: int | None = None, **typed: object) -> TestResponse:
    form = {**MESSAGE, "seen": lock(office) if seen is None else seen, **typed}
    return who.post(path, **form)


def told(answer: TestResponse) -> str | None:
    found = re.search(r'name="told" value="([^"]+)"', answer.text)
    return found[1] if found else None


def test_a_sound_step_is_stored_in_a_draft_at_once(editor: Browser, office: World) -> None:
    answer = send(editor, office, hour="18h15", places="village essai", tags=["meeting"])
    assert answer.status_code == 303, answer.text
    now = stored(office)
    assert (now["hour"], now["audience"]["places"], now["tags"]) == ("18:15", ["Village Essai"], ["meeting"])  # type: ignore[index]
    with office.db.read() as session:
        assert session.scalars(sa.select(Step).where(Step.code == "mains")).one().changed_by_staff
        noted = session.scalars(sa.select(Audit).where(Audit.action == "edited")).one()
        assert noted.before is not None and noted.before["mains.hour"] == "17:30"


def test_the_form_shows_what_is_stored(editor: Browser) -> None:
    page = editor.read(EDIT)
    assert 'name="date" type="date" value="2026-03-12"' in page
    assert 'value="17:30"' in page and 'value="HY3"' in page
    assert '<option value="date" selected>' in page


PROBLEMS = [
    ({"hour": "25h"}, "hour", "« 25h » n'est pas une heure. Écrivez 16:30."),
    ({"hour": ""}, "hour", "Il manque l'heure locale de cette étape."),
    ({"date": ""}, "date", "n'est pas une date."),
    ({"trigger": "weekly"}, "weekly", "Ce champ est vide."),
    ({"trigger": "every_days", "every_days": "5"}, "from", "un jour de départ"),
    ({"trigger": "after_enrolment", "after_enrolment": "bientôt"}, "after_enrolment", "Un nombre entier est attendu"),
    ({"trigger": "before_airing", "before_airing": "vite"}, "before_airing", "« vite » n'est pas une durée."),
    ({"facts": "HY99"}, "facts", "Le fait « HY99 » n'existe pas."),
    ({"facts": ""}, "facts", "cite au moins un fait"),
    ({"clubs": "1041, 9999"}, "clubs", "Le club « 9999 » n'est pas dans ce programme."),
    ({"places": "Vilaje Esay"}, "places", "Vouliez-vous dire : Village Essai (village) ?"),
    ({"places": "Zzz"}, "places", "Aucun lieu ne s'appelle « Zzz »."),
    ({"send_as": "alert"}, "tags", "Une alerte porte l'étiquette"),
    ({"life_stages": "pregnant"}, "life_stages", "rend l'étape personnelle"),
    ({"kind": "question", "type": "number", "correct": "6"}, "min", "a un min et un max"),
    ({"priority": "12"}, "priority", "jusqu'à 9"),
]


def test_each_problem_stands_beside_its_field_and_nothing_typed_is_lost(editor: Browser, office: World) -> None:
    before = stored(office)
    for typed, field, sentence in PROBLEMS:
        answer = send(editor, office, national_text="classeur 4", **typed)
        assert answer.status_code == 400, typed
        beside = re.search(rf'<p class="fault" id="{field}-fault">(.*?)</p>', answer.text)
        assert beside, (typed, re.findall(r'class="fault" id="([^"]+)">(.*?)<', answer.text))
        assert sentence in html.unescape(beside[1])
        assert 'value="classeur 4"' in answer.text
    assert stored(office) == before


def test_every_problem_is_told_at_once(editor: Browser, office: World) -> None:
    answer = send(editor, office, hour="25h", facts="HY99", clubs="9999", places="Zzz")
    assert answer.text.count('class="fault"') == 4


def test_only_the_chosen_trigger_is_read(editor: Browser, office: World) -> None:
    send(editor, office, trigger="weekly", weekly=["mon", "thu"], every_days="x", child_month="99")
    when = stored(office)["when"]
    assert {key: value for key, value in when.items() if value} == {"weekly": ["mon", "thu"]}  # type: ignore[attr-defined]


def test_a_place_of_two_names_is_asked_for_by_code(editor: Browser, office: World) -> None:
    with office.db.write() as session:
        for code in ("ML01", "ML02"):
            place = Place(level=Level.COMMUNE, name="Doucombo", folded=folded("Doucombo"), sms_name="D", languages=[])
            session.add(place)
            session.flush()
            session.add(PlaceCode(place_id=place.id, scheme="essai", code=code))
    answer = send(editor, office, places="doucombo")
    assert "écrivez le code de l&#39;un d&#39;eux : ML01 (Doucombo, commune) et ML02" in answer.text
    assert send(editor, office, places="ML02").status_code == 303
    assert "membres de Doucombo" in editor.read(PLACE)


def test_a_second_editor_is_told_sees_both_and_loses_nothing(browse: Browse, office: World) -> None:
    first, second = browse("editor"), browse("second_editor")
    seen = lock(office)
    assert send(first, office, seen=seen, hour="18:00").status_code == 303
    answer = send(second, office, seen=seen, hour="19:00", national_text="classeur 4")
    assert answer.status_code == 409
    assert "Quelqu&#39;un d&#39;autre a changé cette campagne" in answer.text
    assert "18:00" in answer.text and 'value="19:00"' in answer.text and 'value="classeur 4"' in answer.text
    assert stored(office)["hour"] == "18:00"
    found = re.search(r'name="seen" value="(\d+)"', answer.text)
    assert found
    assert send(second, office, seen=int(found[1]), hour="19:00").status_code == 303  # knowing, she may
    assert stored(office)["hour"] == "19:00"


def test_what_a_change_does_to_people_is_told_before_it_is_saved(editor: Browser, office: World) -> None:
    running(office)
    answer = send(editor, office, hour="18:00", check="")
    assert "La campagne est en cours : mettez-la d&#39;abord en pause" in answer.text
    assert send(editor, office, hour="18:00", told=told(answer)).status_code == 400
    answer = send(editor, office, hour="18:00", pause="")
    assert "La campagne est en pause" in answer.text and 'value="18:00"' in answer.text
    answer = send(editor, office, hour="18:00")
    assert answer.status_code == 200  # the first press tells
    assert "2 messages attendent selon l&#39;ancienne règle" in answer.text
    assert "1 téléphone l&#39;a déjà reçue" in answer.text
    assert stored(office)["hour"] == "17:30"
    assert send(editor, office, hour="18:30", told=told(answer)).status_code == 200  # something else is told anew
    assert send(editor, office, hour="18:00", told=told(answer)).status_code == 303
    with office.db.read() as session:
        assert session.scalars(sa.select(Campaign.state)).one() is CampaignState.DRAFT
        closed = session.scalars(sa.select(Message.reason).where(Message.state == State.CLOSED)).all()
    assert sorted(filter(None, closed)) == ["changed", "changed", "delivered"]


def test_a_step_is_added_between_two_moved_and_taken_out(editor: Browser, office: World) -> None:
    answer = send(editor, office, f"{PLACE}/add", step="plus", place=1)
    assert answer.headers["Location"].endswith("/hygiene-essai/plus")
    assert codes(office) == ["mains", "plus", "quiz"]
    editor.post(f"{PLACE}/plus/move", seen=lock(office), down="")
    assert codes(office) == ["mains", "quiz", "plus"]
    assert "Rien n'est encore parti" in editor.read(f"{PLACE}/plus/edit")
    editor.post(f"{PLACE}/plus/remove", seen=lock(office))
    assert codes(office) == ["mains", "quiz"]
    assert "a déjà servi" in send(editor, office, f"{PLACE}/add", step="plus").text
    assert "pris par une page" in send(editor, office, f"{PLACE}/add", step="history").text


def test_a_press_by_an_old_page_does_nothing(editor: Browser, office: World) -> None:
    send(editor, office, hour="18:00")
    editor.post(f"{PLACE}/quiz/remove", seen=1)
    assert codes(office) == ["mains", "quiz"]
    assert "Quelqu'un d'autre a changé cette campagne" in editor.read(PLACE)


@pytest.mark.parametrize("who", ["approver", "translator", "officer", "evaluation"])
def test_others_see_the_campaign_without_the_buttons(browse: Browse, office: World, who: str) -> None:
    other = browse(who)
    page = other.read(PLACE)
    assert "Ajouter une étape" not in page and "Modifier" not in page
    assert "le 12 mars 2026, à 17:30" in page and "tous les membres · par leur téléphone" in page
    for path in (EDIT, f"{PLACE}/add", f"{PLACE}/head", f"{PLACE}/mains/move", f"{PLACE}/mains/remove"):
        assert other.post(path, seen=1, **MESSAGE).status_code == 403, path


def test_the_head_is_changed_with_the_same_care(browse: Browse, office: World) -> None:
    first, second = browse("editor"), browse("second_editor")
    typed = {"title_fr": "Des mains propres", "title_en": "Clean hands", "starts": "2026-01-01", "role": "member"}
    assert first.post(f"{PLACE}/head", seen=1, **{**typed, "ends": "2025-01-01"}).status_code == 400
    assert first.post(f"{PLACE}/head", seen=1, **typed).status_code == 303
    assert "Des mains propres" in first.read(PLACE)
    answer = second.post(f"{PLACE}/head", seen=1, **{**typed, "title_fr": "Savon"})
    assert answer.status_code == 409
    assert "Des mains propres" in answer.text and 'value="Savon"' in answer.text
    answer = second.post(f"{PLACE}/head", seen=2, **{**typed, "role": "facilitator"})
    assert answer.status_code == 400  # the quiz counts days from the enrolment of members
    assert "quiz : Seuls les membres sont inscrits" in answer.text


# --- an account of some places


@pytest.fixture
def elsewhere(office: World) -> World:
    """A second village with a club; the account `placed` works in the first alone."""
    with office.db.write() as session:
        place = Place(level=Level.VILLAGE, name="Autre", folded=folded("Autre"), sms_name="Autre", languages=[])
        session.add(place)
        session.flush()
        staff.add(
            session, "placed@essai.example", [(Role.EDITOR, "")], office.now, programmes=["essai"], password=PASSWORD
        )
        person = staff.by_email(session, "placed@essai.example")
        session.add(StaffPlace(staff_id=person.id, place_id=office.village_id))
        office.village_id, first = place.id, office.village_id
    office.club("3115")
    office.village_id = first
    return office


OF_PLACES = [
    ({"places": "Autre"}, "« Autre » n'est pas dans vos lieux."),
    ({"places": "Village Essai, Autre"}, "« Autre » n'est pas dans vos lieux."),
    ({"clubs": "3115"}, "Le club « 3115 » n'est pas dans vos lieux."),
    ({"sex": "f"}, "Nommez au moins un de vos lieux ou de vos clubs."),
    ({}, None),  # the audience stays as it was
    ({"places": "Village Essai"}, None),
    ({"clubs": "1041"}, None),
]


def test_an_account_of_some_places_writes_to_these_alone(app: Flask, elsewhere: World) -> None:
    placed = Browser(app.test_client())
    assert placed.sign_in("placed").status_code == 302
    for typed, sentence in OF_PLACES:
        answer = send(placed, elsewhere, **typed)
        assert answer.status_code == (400 if sentence else 303), typed
        assert sentence is None or sentence in html.unescape(answer.text)


# --- a day that passes while the campaign waits


def test_a_day_that_has_passed_is_said_and_moved_with_one_press(browse: Browse, editor: Browser, office: World) -> None:
    with office.db.write() as session:
        row = session.scalars(sa.select(Campaign)).one()
        session.execute(sa.update(Step).where(Step.code == "quiz").values(removed_at=office.now))
        row.state = CampaignState.APPROVED
    page = editor.read(PLACE)
    assert "Le moment de l'étape « mains » est passé" in page
    editor.post(f"{PLACE}/start")
    assert "Les jours de toutes ses étapes sont passés : rien ne partirait" in editor.read(PLACE)
    editor.post(f"{PLACE}/mains/today", seen=lock(office))
    now = stored(office)
    assert now["when"]["date"] == local(utc_now(), "Africa/Bamako").date().isoformat()  # type: ignore[index]
    with office.db.read() as session:
        assert session.scalars(sa.select(Campaign.state)).one() is CampaignState.DRAFT  # approved anew
    editor.post(f"{PLACE}/start")  # a demonstration may
    with office.db.read() as session:
        assert session.scalars(sa.select(Campaign.state)).one() is CampaignState.RUNNING


def test_the_list_shows_the_campaigns_of_a_state_and_their_texts_to_review(editor: Browser) -> None:
    page = editor.read("/admin/essai/campaigns?state=draft")
    assert "Mains propres" in page and 'data-label="Textes à relire">3<' in page
    assert "Aucune campagne dans cet état" in editor.read("/admin/essai/campaigns?state=running")
    assert campaign().title.fr in editor.read("/admin/essai/campaigns?state=bizarre")


def test_who_approves_is_told_when_it_changed_since_she_looked(browse: Browse, editor: Browser, office: World) -> None:
    approver = browse("approver")
    page = approver.get(f"{PLACE}/cost").text
    seen = re.search(r'name="seen" value="(\d+)"', page)
    assert seen is not None and int(seen[1]) == lock(office)
    assert send(editor, office, hour="18h15").status_code == 303
    approver.post(f"{PLACE}/approve", seen=seen[1], accepted=["fr", "bm", "dds"])
    assert "a changé depuis que vous l'avez lue" in html.unescape(approver.get(f"{PLACE}/cost").text)
    with office.db.read() as session:
        assert session.scalars(sa.select(Campaign)).one().state is CampaignState.DRAFT
