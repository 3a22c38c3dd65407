"""The pages of radio: a week of broadcasts, a station and its slots, episodes and what clubs are given of them."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from datetime import datetime, time, timedelta

import pytest
import sqlalchemy as sa

from campaigns.clubs import airings, episodes
from campaigns.clubs.episodes import Words
from campaigns.models import Airing, AiringStatus, ClubSession, Episode, EpisodeText, Occurrence, Slot, Step
from messaging import audit, outbox
from messaging.letters import measure
from messaging.models import Audit, Message, Role, StaffPlace, Station
from messaging.models.post import Kind
from messaging.outbox import Letter
from tests.campaigns.admin.conftest import ACCOUNTS, Browser, account
from tests.land import commune
from tests.world import World

Browse = Callable[[str], Browser]
HOME = "/admin/essai/people/radio"
DAY = timedelta(days=1)
MICROS = 1_000_000


@pytest.fixture(autouse=True)
def more_accounts() -> Iterator[None]:
    """The focal point of security, a second translator, and an officer of one commune."""
    more = {
        "security": [(Role.FOCAL_POINT, "security"), (Role.OFFICER, "")],
        "second_translator": [(Role.TRANSLATOR, "fr"), (Role.TRANSLATOR, "bm")],
        "elsewhere": [(Role.OFFICER, "")],
    }
    ACCOUNTS.update(more)
    yield
    for name in more:
        del ACCOUNTS[name]


@pytest.fixture
def air(office: World) -> int:
    """A broadcast of yesterday, of which nobody has said anything."""
    return office.airing(office.now - DAY, host="+22376000099")


def row(office: World, ident: int) -> Airing:
    with office.db.read() as session:
        return session.get_one(Airing, ident)


def only(office: World, model: type) -> object:
    with office.db.read() as session:
        return session.scalars(sa.select(model)).one()


def station_id(office: World) -> int:
    return only(office, Station).id  # type: ignore[attr-defined, no-any-return]


def field(page: str, name: str) -> str:
    """What stands in a field of a page."""
    found = re.search(rf'<(?:input|textarea)[^>]* name="{name}"[^>]*?(?: value="([^"]*)"[^>]*)?>([^<]*)', page)
    assert found, name
    return (found[1] or found[2]).strip()


def set_hours(office: World, *, agrees: bool) -> None:
    with office.db.write() as session:
        session.execute(sa.update(Station).values(tells_hours=agrees))


def week_of(at: datetime) -> str:
    return f"{HOME}?week={at:%Y-%m-%d}"


def acts(office: World, what: str) -> list[str]:
    with office.db.read() as session:
        return list(session.scalars(sa.select(Audit.action).where(Audit.object == what).order_by(Audit.id)))


# Broadcasts.


def test_a_past_broadcast_nobody_spoke_of_stands_out_until_it_is_noted(browse: Browse, office: World, air: int) -> None:
    officer = browse("officer")
    page = officer.read(f"{HOME}?untold=1")
    assert "rien n'est dit" in page and "Rien n'est dit (1)" in page
    assert officer.post(f"{HOME}/aired", HOME, airing=air, untold=1).status_code == 303
    assert row(office, air).status is AiringStatus.AIRED and row(office, air).aired_at == row(office, air).planned_at
    assert acts(office, "airing") == ["said"]
    assert "Tout est dit." in officer.read(f"{HOME}?untold=1")
    assert "diffusée" in officer.read(week_of(office.now - DAY))


def test_what_became_of_a_broadcast_can_be_corrected_both_ways(browse: Browse, office: World, air: int) -> None:
    editor, here = browse("editor"), f"{HOME}/airings/{air}"
    assert editor.post(here, here, became="not_aired", reason="power").status_code == 303
    assert (row(office, air).status, row(office, air).reason) == (AiringStatus.NOT_AIRED, "power")
    assert "courant ou carburant" in editor.read(week_of(office.now - DAY))
    at = office.now - DAY + timedelta(minutes=20)
    assert (
        editor.post(here, here, became="aired", aired_day=f"{at:%d/%m/%Y}", aired_hour=f"{at:%Hh%M}").status_code == 303
    )
    assert row(office, air).aired_at == at.replace(second=0, microsecond=0)
    assert row(office, air).changed_by and acts(office, "airing") == ["said", "said"]


def test_what_cannot_be_noted_is_told_beside_its_field(editor: Browser, office: World, air: int) -> None:
    here = f"{HOME}/airings/{air}"
    for typed, why in (
        ({}, "À remplir."),
        ({"became": "autre"}, "Choisissez dans la liste."),
        ({"became": "aired", "aired_hour": "midi"}, "Écrivez l'heure ainsi : 16:30."),
        ({"became": "aired", "aired_day": "2031-01-01", "aired_hour": "10:00"}, "n'a pas encore commencé"),
        ({"became": "not_aired", "reason": "paresse"}, "Choisissez dans la liste."),
    ):
        answer = editor.post(here, here, **typed)
        assert answer.status_code == 400 and why in answer.text.replace("&#39;", "'"), why
        assert field(answer.text, "aired_hour") == typed.get("aired_hour", "")
    assert row(office, air).status is AiringStatus.PLANNED


def test_security_is_shown_to_its_focal_point_alone(browse: Browse, office: World, air: int) -> None:
    here, week = f"{HOME}/airings/{air}", week_of(office.now - DAY)
    officer, security = browse("officer"), browse("security")
    officer.post(here, here, became="not_aired", reason="security")
    assert row(office, air).reason == "security"
    for path in (week, here, f"{HOME}/stations/{station_id(office)}", f"{HOME}/episodes/{only(office, Episode).id}"):  # type: ignore[attr-defined]
        told = officer.read(path).split("<form")[0]
        assert "sécurité" not in told, path
    assert "non diffusée autre raison" in re.sub(r"<[^>]+>", "", officer.read(week))
    assert '<option value="security" selected' not in officer.get(here).text
    assert "non diffusée sécurité" in re.sub(r"<[^>]+>", "", security.read(week))
    officer.post(here, here, became="not_aired", reason="other")  # as the form showed it
    assert row(office, air).reason == "security"
    with office.db.read() as session:
        logged = session.scalars(sa.select(Audit).where(Audit.object == "airing")).all()
        assert logged and not [one for one in logged if "security" in str((one.before, one.after))]


def test_a_coming_broadcast_moves_and_what_waited_for_it_is_made_anew(browse: Browse, office: World) -> None:
    at = (office.now + 2 * DAY).replace(hour=20, minute=30, second=0, microsecond=0)
    air = office.airing(at)
    officer, here = browse("officer"), f"{HOME}/airings/{air}"
    with office.db.read() as session:
        step = session.scalars(sa.select(Step.id).order_by(Step.id)).first() or 0
    letter = Letter(
        programme_id=office.programme_id, kind=Kind.SERVICE, occurrence=f"airing:{air}", step_id=step,
        language_wanted="fr", language="fr", size=measure("Bonjour"), due_at=at, useful_until=at, body="Bonjour",
    )  # fmt: skip
    with office.db.write() as session:
        outbox.put(session, letter, office.phone("+22376000061"), office.now)
        session.add(Occurrence(step_id=step, name=f"airing:{air}", due_at=at, planned_at=office.now, messages=1))
    move = {"day": f"{at + DAY:%Y-%m-%d}", "hour": "21:00", "minutes": "45"}
    for wrong, why in (
        ({"day": ""}, "À remplir."),
        ({"day": "2020-01-01"}, "Cette heure est passée"),
        ({"minutes": "0"}, "Écrivez un nombre de 1 à 240"),
    ):
        answer = officer.post(f"{here}/move", here, **{**move, **wrong})
        assert answer.status_code == 400 and why in answer.text
        assert field(answer.text, "hour") == "21:00"
    assert officer.post(f"{here}/move", here, **move).status_code == 303
    found = row(office, air)
    assert (found.planned_at, found.minutes) == (at + DAY + timedelta(minutes=30), 45)
    with office.db.read() as session:
        assert session.scalar(sa.select(Message.reason).where(Message.due_at == at)) == "changed"
        assert session.scalar(sa.select(sa.func.count()).select_from(Occurrence).where(Occurrence.step_id == step)) == 0
    assert acts(office, "airing") == ["moved"]
    officer.post(here, here, became="not_aired", reason="staff")  # called off
    assert row(office, air).status is AiringStatus.NOT_AIRED
    answer = officer.post(f"{here}/move", here, **move)
    assert answer.status_code == 400 and "ne se déplace plus" in answer.text


def test_a_broadcast_is_added_by_hand_where_nothing_else_is_on_the_air(browse: Browse, office: World, air: int) -> None:
    officer, here = browse("officer"), f"{HOME}/airings/new"
    at = row(office, air).planned_at
    typed = {
        "station": str(station_id(office)), "episode": str(row(office, air).episode_id), "minutes": "30",
        "day": f"{at + DAY / 2:%Y-%m-%d}", "hour": f"{at + DAY / 2:%H:%M}", "is_repeat": "on",
    }  # fmt: skip
    for wrong, why in (
        ({"station": ""}, "À remplir."),
        ({"episode": "999"}, "Choisissez dans la liste."),
        ({"day": f"{at:%Y-%m-%d}", "hour": f"{at:%H:%M}"}, "diffuse déjà à cette heure-là"),
    ):
        answer = officer.post(here, here, **{**typed, **wrong})
        assert answer.status_code == 400 and why in answer.text
        assert field(answer.text, "hour") == {**typed, **wrong}["hour"]
    assert officer.post(here, here, **typed).status_code == 303
    with office.db.read() as session:
        added = session.scalars(sa.select(Airing).where(Airing.id != air)).one()
        assert added.is_repeat and added.slot_id is None
    assert acts(office, "airing") == ["added"]


# Stations and their slots.


def test_who_keeps_a_station_knows_its_people_and_nobody_sees_a_number(browse: Browse, office: World, air: int) -> None:
    here = f"{HOME}/stations/{station_id(office)}"
    officer = browse("officer")
    seen = field(officer.get(f"{here}/edit").text, "seen")
    typed = {"name": "Radio Exemple", "languages": ["fr", "bm"], "contact": "Awa, 76 12 34 56", "frequency": "95,5 FM"}
    assert officer.post(f"{here}/edit", f"{here}/edit", seen=seen, **typed).status_code == 303
    found = only(office, Station)
    assert (found.languages, found.contact) == (["fr", "bm"], "Awa, [numéro]")  # type: ignore[attr-defined]
    assert acts(office, "station") == ["changed"]
    for who, knows in (("officer", True), ("editor", True), ("approver", False), ("auditor", False)):
        page = browse(who).read(here)
        assert ("Awa" in page) is knows, who
        assert "76000099" not in page and "99</span>" in page
    with office.db.read() as session:
        assert not [one for one in session.scalars(sa.select(Audit)) if "Awa" in str((one.before, one.after))]
    answer = officer.post(f"{here}/edit", f"{here}/edit", seen=seen, **typed, coverage="20 km")
    assert answer.status_code == 409 and field(answer.text, "coverage") == "20 km"


def test_a_station_that_cannot_be_taken(editor: Browser, office: World, air: int) -> None:
    here = f"{HOME}/stations/new"
    wrong: tuple[tuple[dict[str, object], str], ...] = (
        ({"name": ""}, "À remplir."),
        ({"name": "Radio Exemple"}, "Une station s'appelle déjà"),
        ({"name": "Radio Ω Ж"}, "doublerait le prix"),
        ({"languages": []}, "Cochez au moins une langue."),
        ({"place": "Nulle-Part"}, "Aucun lieu ne s'appelle"),
    )
    for typed, why in wrong:
        answer = editor.post(here, here, **{"name": "Radio Autre", "languages": ["fr"], "coverage": "20 km", **typed})
        assert answer.status_code == 400 and why in answer.text.replace("&#39;", "'"), why
        assert field(answer.text, "coverage") == "20 km"


def test_who_notes_that_hours_may_be_told_in_red_communes(browse: Browse, office: World, air: int) -> None:
    here, told = f"{HOME}/stations/{station_id(office)}", []
    for who, gives, takes in (
        ("approver", True, True), ("editor", False, True), ("officer", False, True), ("auditor", False, False),
    ):  # fmt: skip
        browser = browse(who)
        set_hours(office, agrees=False)
        browser.post(f"{here}/hours", here, agrees="yes")
        assert only(office, Station).tells_hours is gives, who  # type: ignore[attr-defined]
        set_hours(office, agrees=True)
        browser.post(f"{here}/hours", here, agrees="no")
        assert only(office, Station).tells_hours is not takes, who  # type: ignore[attr-defined]
        told += ["hours_agreed"] * gives + ["hours_withdrawn"] * takes
    assert acts(office, "station") == told


def test_a_slot_makes_its_broadcasts_and_another_hour_moves_them(browse: Browse, office: World) -> None:
    past = office.airing(office.now - 30 * DAY)
    editor, station = browse("editor"), station_id(office)
    here = f"{HOME}/stations/{station}/slots/new"
    with office.db.write() as session:
        series = session.scalars(sa.select(Episode.series_id)).one()
        for number in range(13, 22):
            session.add(Episode(series_id=series, number=number, topic="agro", titles={"fr": f"Sujet {number}"}))
    typed = {
        "series": str(series), "weekday": "1", "starts": "20:30", "minutes": "30", "starts_on": "2026-01-01",
        "cost": "15 000", "language": "fr",
    }  # fmt: skip
    for wrong, why in (
        ({"weekday": ""}, "Choisissez un jour de la semaine"),
        ({"every_days": "5", "anchor": "2026-01-01"}, "pas les deux"),
        ({"weekday": "", "every_days": "5"}, "Écrivez un jour de ce cycle"),
        ({"ends_on": "2025-12-31"}, "avant le premier"),
        ({"repeat_of": "77"}, "Choisissez dans la liste."),
        ({"cost": "mille"}, "en chiffres"),
    ):
        answer = editor.post(here, here, **{**typed, **wrong})
        assert answer.status_code == 400 and why in answer.text, why
        assert field(answer.text, "cost") == {**typed, **wrong}["cost"]
    assert editor.post(here, here, **typed).status_code == 303
    slot = only(office, Slot)
    assert (slot.weekday, slot.cost_micros) == (1, 15_000 * MICROS)  # type: ignore[attr-defined]

    def made() -> list[Airing]:
        with office.db.read() as session:
            own = sa.select(Airing).where(Airing.slot_id.is_not(None)).order_by(Airing.planned_at)
            return list(session.scalars(own))

    first = made()
    assert len(first) == 6 and {f"{one.planned_at:%w %H:%M}" for one in first} == {"2 20:30"}
    with office.db.write() as session:  # staff moved the second, and a meeting is planned for the third
        session.execute(sa.update(Airing).where(Airing.id == first[1].id).values(planned_at=first[1].planned_at + DAY))
        session.add(ClubSession(
            programme_id=office.programme_id, kind="club", club_id=office.clubs["1041"], airing_id=first[2].id,
            planned_on=first[2].planned_at.date(),
        ))  # fmt: skip
    there = f"{HOME}/slots/{slot.id}"  # type: ignore[attr-defined]
    seen = field(editor.get(there).text, "seen")
    assert editor.post(there, there, seen=seen, **{**typed, "starts": "09:00"}).status_code == 303
    moved = made()
    assert {f"{one.planned_at:%w %H:%M}" for one in moved if one.id != first[1].id} == {"2 09:00"}
    assert [one.id for one in moved if f"{one.planned_at:%H:%M}" == "20:30"] == [first[1].id]
    assert editor.post(there, there, seen=seen, **typed).status_code == 409
    seen = field(editor.get(there).text, "seen")
    editor.post(there, there, seen=seen, **{**typed, "starts": "09:00", "ends_on": f"{office.now:%Y-%m-%d}"})
    assert [one.id for one in made() if one.planned_at > office.now + DAY] == [first[1].id]
    assert row(office, past).status is AiringStatus.PLANNED
    assert acts(office, "slot") == ["added", "changed", "changed"]


# Episodes and what clubs are given of them.


def test_an_episode_is_written_and_its_number_is_taken_once(editor: Browser, office: World, air: int) -> None:
    series = only(office, Episode).series_id  # type: ignore[attr-defined]
    here = f"{HOME}/episodes/series/{series}/new"
    assert field(editor.get(here).text, "number") == "13"
    typed = {"number": "13", "topic": "hygiene", "title_fr": "Les mains", "guide": "Ouverture.\nJeu.", "minutes": "30"}
    for wrong, why in (
        ({"number": "12"}, "a déjà une émission 12"),
        ({"title_fr": ""}, "À remplir."),
        ({"topic": "politique"}, "Choisissez dans la liste."),
    ):
        answer = editor.post(here, here, **{**typed, **wrong})
        assert answer.status_code == 400 and why in answer.text
        assert "Ouverture." in field(answer.text, "guide")
    assert editor.post(here, here, **typed).status_code == 303
    assert "Les mains" in editor.read(f"{HOME}/episodes")
    with office.db.read() as session:
        made = f"{HOME}/episodes/{session.scalar(sa.select(Episode.id).where(Episode.number == 13))}"
    assert "Ouverture." in editor.read(made)
    seen = field(editor.get(f"{made}/edit").text, "seen")
    assert editor.post(f"{made}/edit", made, seen=seen, **{**typed, "minutes": "45"}).status_code == 303
    assert editor.post(f"{made}/edit", made, seen=seen, **typed).status_code == 409
    assert acts(office, "episode") == ["added", "changed"]


def test_a_series_has_a_code_of_its_own(editor: Browser, office: World, air: int) -> None:
    here = f"{HOME}/episodes/series/new"
    for code, why in (("serie", "Une série s'appelle déjà"), ("Été 2026", "sans accent"), ("", "À remplir.")):
        answer = editor.post(here, here, title="Bien semer", code=code)
        assert answer.status_code == 400 and why in answer.text.replace("&#39;", "'"), code
        assert field(answer.text, "title") == "Bien semer"
    assert editor.post(here, here, title="Bien semer", code="bien-semer").status_code == 303
    assert "Bien semer" in editor.read(f"{HOME}/episodes") and acts(office, "series") == ["added"]


def test_a_text_is_written_reviewed_and_approved_by_three(browse: Browse, office: World, air: int) -> None:
    episode = f"{HOME}/episodes/{row(office, air).episode_id}"
    here = f"{episode}/texts/bm"
    translator, second, approver = browse("translator"), browse("second_translator"), browse("approver")
    said = {"read_aloud": "bolo", "question": "safinɛ ?", "option_1": "awɔ", "option_2": "ayi", "source": "p. 12"}
    answer = translator.post(here, here, **{**said, "option_2": ""})
    assert answer.status_code == 400 and "au moins deux réponses" in answer.text
    assert field(answer.text, "read_aloud") == "bolo"
    assert translator.post(here, here, **said).status_code == 303

    page = translator.read(episode)
    assert "Vous avez écrit ce texte : un autre le relit." in page and "Marquer comme relu" not in page
    seen = field(second.get(episode).text, "seen")
    answer = second.post(f"{here}/review", episode, seen=seen)
    assert answer.status_code == 400 and "Écrivez la variété que vous parlez" in answer.text
    assert approver.post(f"{here}/approve", episode, seen=seen).status_code == 400
    assert second.post(f"{here}/review", episode, seen=seen, variety="Ségou").status_code == 303
    assert approver.post(f"{here}/approve", episode, seen=seen).status_code == 303
    assert only(office, EpisodeText).state.value == "approved"  # type: ignore[attr-defined]
    assert "approuvé" in approver.read(episode)

    answer = second.post(here, here, **said | {"read_aloud": "bolow"})  # of words that she did not see
    assert answer.status_code == 409 and "Enregistré entre-temps" in answer.text
    assert field(answer.text, "read_aloud") == "bolow"
    assert second.post(here, here, seen=field(answer.text, "seen"), **said | {"read_aloud": "bolow"}).status_code == 303
    assert only(office, EpisodeText).state.value == "draft"  # type: ignore[attr-defined]
    assert acts(office, "episode_text") == ["written", "reviewed", "approved", "edited"]


def test_what_no_club_should_hear_is_told(editor: Browser, office: World, air: int) -> None:
    here = f"{HOME}/episodes/{row(office, air).episode_id}/texts/fr"
    assert editor.post(here, here, read_aloud="UNICEF donne du savon.").status_code == 303
    for path in (here, here.removesuffix("/texts/fr")):
        assert "UNICEF" in editor.read(path).split('class="remarks"')[1].split("</ul>")[0].upper()


# Who may what, and where.


FORMS: list[tuple[str, list[str], list[str]]] = [
    ("editor", ["stations/new", "stations/{s}/edit", "stations/{s}/slots/new", "airings/new", "episodes/series/new",
                "episodes/{e}/edit", "episodes/{e}/texts/bm"], []),
    ("officer", ["stations/new", "stations/{s}/edit", "airings/new"],
     ["stations/{s}/slots/new", "episodes/series/new", "episodes/{e}/edit", "episodes/{e}/texts/bm"]),
    ("translator", ["episodes/{e}/texts/bm", "episodes/{e}/texts/fr"],
     ["stations/new", "stations/{s}/edit", "airings/new", "episodes/{e}/edit", "episodes/{e}/texts/dds"]),
    ("auditor", [], ["stations/new", "stations/{s}/edit", "stations/{s}/slots/new", "airings/new",
                     "episodes/series/new", "episodes/{e}/edit", "episodes/{e}/texts/fr"]),
]  # fmt: skip


def test_who_opens_which_form(browse: Browse, office: World, air: int) -> None:
    at = {"s": station_id(office), "e": row(office, air).episode_id}
    for who, opens, shut in FORMS:
        browser = browse(who)
        for path in ("", f"airings/{air}", "stations/{s}", "episodes", "episodes/{e}", *opens):
            assert browser.get(f"{HOME}/{path.format(**at)}".rstrip("/")).status_code == 200, (who, path)
        for path in shut:
            assert browser.get(f"{HOME}/{path.format(**at)}").status_code == 403, (who, path)
    for path in ("aired", f"airings/{air}", f"airings/{air}/move"):
        assert browse("auditor").post(f"{HOME}/{path}", airing=air, became="aired").status_code == 403
    assert row(office, air).status is AiringStatus.PLANNED


def test_a_station_elsewhere_is_not_there(browse: Browse, office: World, air: int) -> None:
    """The officer of one commune sees a station once it lies in it, and every page of another's is 404."""
    own = commune(office, "Doucombo")
    with office.db.write() as session:
        session.add(StaffPlace(staff_id=account(office, "elsewhere").id, place_id=own))
    officer, station = browse("elsewhere"), station_id(office)
    paths = [f"{HOME}/stations/{station}", f"{HOME}/stations/{station}/edit", f"{HOME}/airings/{air}"]
    assert [officer.get(path).status_code for path in paths] == [404] * 3
    assert officer.post(f"{HOME}/airings/{air}", became="aired").status_code == 404
    assert "Radio Exemple" not in officer.read(week_of(office.now - DAY))
    new = f"{HOME}/stations/new"
    answer = officer.post(new, new, name="Radio Autre", languages=["fr"])
    assert answer.status_code == 400 and "Nommez un de vos lieux." in answer.text
    with office.db.write() as session:
        session.execute(sa.update(Station).values(place_id=own))
    assert [officer.get(path).status_code for path in paths] == [200] * 3
    assert officer.post(new, new, name="Radio Autre", languages=["fr"], place="Doucombo").status_code == 303
    assert acts(office, "station") == ["added"]


def test_another_programme_has_stations_of_its_own(browse: Browse, office: World, other: World) -> None:
    air = other.airing(other.now - DAY)
    editor = browse("editor")
    with other.db.read() as session:
        station, episode = session.scalars(sa.select(Station)).one(), session.scalars(sa.select(Episode)).one()
    texts = f"episodes/{episode.id}/texts/fr"
    theirs = [f"airings/{air}", f"stations/{station.id}", f"stations/{station.id}/slots/new", f"episodes/{episode.id}"]
    for path in (*theirs, texts, f"episodes?series={episode.series_id}"):
        assert editor.get(f"{HOME}/{path}").status_code == 404, path
    assert editor.post(f"{HOME}/airings/{air}", became="aired").status_code == 404
    assert editor.post(f"{HOME}/aired", airing=air).status_code == 404


def test_a_month_stands_beside_its_station(browse: Browse, office: World, air: int) -> None:
    with office.db.write() as session:
        found = session.get_one(Airing, air)
        found.planned_at = office.now - timedelta(hours=2)
        airings.say(session, found, aired=True, at=None, reason=None, who=None, now=office.now)
        episodes.write(session, found.episode_id, "fr", Words(read_aloud="Oui."), None, office.now, None)
    page = re.sub(r"<[^>]+>", " ", browse("approver").read(f"{HOME}/stations/{found.station_id}"))
    assert re.search(r"Diffusées\s+1\s", page) and re.search(r"Rien n'est dit\s+0\s", page)
    assert "par SMS" in browse("approver").read(week_of(office.now - timedelta(hours=2)))


def test_the_log_of_another_programme_is_not_told(browse: Browse, office: World, other: World, air: int) -> None:
    """Of every object that these pages change, the auditor of one programme sees her own lines alone."""
    away = other.airing(other.now - DAY, station="Radio Ailleurs")
    auditor = browse("auditor")
    with office.db.write() as session:
        for ident, who in ((air, "ici"), (away, "ailleurs")):
            found = session.get_one(Airing, ident)
            episode = session.get_one(Episode, found.episode_id)
            text = episodes.write(session, episode.id, "fr", Words(read_aloud="Oui."), None, office.now, None)
            slot = Slot(
                station_id=found.station_id, series_id=episode.series_id, weekday=1, starts=time(9), minutes=30,
                starts_on=office.now.date(), is_live=False,
            )  # fmt: skip
            session.add(slot)
            session.flush()
            things = {
                "airing": air if who == "ici" else away, "station": found.station_id, "series": episode.series_id,
                "episode": episode.id, "episode_text": text.id, "slot": slot.id,
            }  # fmt: skip
            for what, one in things.items():
                audit.note(session, audit.COMMAND, "changed", what, one, office.now, after={"name": f"{what} {who}"})
    for what in ("airing", "station", "series", "episode", "episode_text", "slot"):
        page = auditor.read(f"/admin/audit?what={what}")
        assert f"{what} ici" in page and f"{what} ailleurs" not in page, what
