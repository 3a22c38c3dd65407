"""The pages of decisions and of questions to air, and the host's page: who sees what, and what each button does."""

from __future__ import annotations

import gzip
import re
from collections.abc import Callable
from datetime import timedelta

import pytest
import sqlalchemy as sa
from flask.testing import FlaskClient

from campaigns.clubs import askers
from campaigns.clubs import studio as addresses
from campaigns.models import AirQuestion, AirQuestionAsker, AirQuestionState, Decision, StudioPage
from messaging import staff
from messaging.models import Audit, Gateway, Inbound, Place, PlaceParent, ProgrammeVillage, Role
from messaging.models.people import Sex
from messaging.models.place import Level
from messaging.models.post import InboundState
from tests.campaigns.admin.conftest import ORIGIN, PASSWORD, Browser
from tests.world import World

Browse = Callable[[str], Browser]
AIR = "/admin/essai/people/air"
LEDGER = "/admin/essai/people/decisions"
HENS = "Comment soigner les poules ?"


@pytest.fixture
def air(office: World) -> World:
    """The office with an episode on the air tomorrow, three decisions, and three SMS that ask something."""
    office.airing(office.now + timedelta(days=1))
    today = office.now.date()
    with office.db.write() as session:
        gateway = session.scalars(sa.select(Gateway.id).where(Gateway.name == "simulator")).one()
        village = session.get_one(Place, office.village_id)
        commune = Place(level=Level.COMMUNE, name="Doucombo", folded="doucombo", sms_name="Doucombo", languages=["fr"])
        session.add(commune)
        session.flush()
        session.add(PlaceParent(place_id=village.id, parent_id=commune.id))
        session.add(ProgrammeVillage(programme_id=office.programme_id, place_id=village.id))
        session.add_all(
            Decision(programme_id=office.programme_id, club_id=office.clubs["1041"], text=text, **more)
            for text, more in (
                ("on creuse dix fosses", {"day": today - timedelta(days=40), "kept": "yes", "theme": "hygiene"}),
                ("des mots à vérifier", {"day": today - timedelta(days=35), "kept": "no", "sensitive": True}),
                ("on plante des moringas", {"day": today}),
            )
        )
        for number, (text, more) in enumerate(
            (
                ("mes poules meurent, mon numéro est 76 12 34 56", {"category": "question"}),
                ("les poules sont malades", {"category": "question"}),
                ("a bɛ di cogo di ?", {"category": "question", "maybe_sensitive": True}),
            )
        ):
            session.add(asked(office, gateway, f"a{number}", text, **more))
    return office


def asked(world: World, gateway: int, key: str, text: str, **more: object) -> Inbound:
    at = world.now - timedelta(days=3)
    return Inbound(
        gateway_id=gateway, dedupe_key=key, text=text, phone_id=world.phones["+22376000011"], received_at=at,
        next_at=at, digest=key, state=InboundState.HANDLED, role="member", intent="feedback", **more,
    )  # fmt: skip


def sms(world: World, words: str) -> int:
    with world.db.read() as session:
        return session.scalars(sa.select(Inbound.id).where(Inbound.text.contains(words))).one()


def make(world: World, browser: Browser, words: str = "mes poules", wording: str = HENS) -> int:
    """Make a question of an SMS, as the officer does."""
    page = f"{AIR}/sms/{sms(world, words)}"
    answer = browser.post(page, page, do="make", wording=wording, topic="livestock", sex="f")
    assert answer.status_code == 303, answer.text
    return int(answer.headers["Location"].rpartition("/")[2])


def question(world: World, ident: int) -> AirQuestion:
    with world.db.read() as session:
        return session.get_one(AirQuestion, ident)


def logged(world: World, which: sa.ColumnElement[bool]) -> list[str]:
    """What the log says was done, in its order."""
    with world.db.read() as session:
        return list(session.scalars(sa.select(Audit.action).where(which).order_by(Audit.id)))


# --- decisions


def test_the_officer_reads_the_words_and_others_the_counts(air: World, browse: Browse) -> None:
    page = browse("officer").read(LEDGER)
    assert "on creuse dix fosses" in page
    assert "masqué" in page
    assert "des mots à vérifier" not in page
    for who in ("editor", "evaluation", "approver", "auditor"):
        page = browse(who).read(LEDGER)
        assert "fosses" not in page, who
        assert "Doucombo" in page, who
        assert "50 %" in page, who


CUTS = [
    ("state=yes", 1), ("state=no", 1), ("state=not_due", 1), ("theme=hygiene", 1), ("theme=none", 2), ("club=1041", 3),
    ("club=2035", 0), ("place=Doucombo", 3), ("state=never", 3),
]  # fmt: skip


def test_the_ledger_is_cut(air: World, browse: Browse) -> None:
    officer = browse("officer")
    assert [(cut, officer.read(f"{LEDGER}?{cut}").count('<tr id="d')) for cut, _many in CUTS] == CUTS


def test_staff_note_what_they_heard(air: World, browse: Browse) -> None:
    officer = browse("officer")
    assert officer.post(f"{LEDGER}/3", LEDGER, theme="garden", stands="partly").status_code == 303
    with air.db.read() as session:
        row = session.get_one(Decision, 3)
        assert (row.theme, row.kept, row.kept_at is not None) == ("garden", "partly", True)
        line = session.scalars(sa.select(Audit).where(Audit.object == "decision")).one()
        assert line.after == {"theme": "garden", "kept": "partly"}
    refused = officer.post(f"{LEDGER}/3", LEDGER, theme="dance", stands="no")
    assert refused.status_code == 400
    assert re.search(r'<details open>.*<option value="no" selected>', refused.text, re.DOTALL)
    assert browse("editor").post(f"{LEDGER}/3", theme="garden").status_code == 403


# --- questions


def test_an_sms_becomes_a_question_without_a_name(air: World, browse: Browse) -> None:
    officer = browse("officer")
    offered = officer.read(f"{AIR}/sms")
    assert "mes poules meurent, mon numéro est [numéro]" in offered
    assert "cogo di" not in offered, "nobody has screened it"
    page = f"{AIR}/sms/{sms(air, 'mes poules')}"
    refused = officer.post(page, page, do="make", wording="À Doucombo, qui soigne les poules ?", topic="agro", sex="m")
    assert refused.status_code == 400
    assert "est un lieu" in refused.text
    for kept in ("À Doucombo, qui soigne les poules ?", 'value="agro" selected', 'value="m" checked'):
        assert kept in refused.text, kept
    made = question(air, make(air, officer))
    assert (made.wording, made.topic, made.state) == (HENS, "livestock", AirQuestionState.WAITING)
    assert "mes poules meurent" not in officer.read(f"{AIR}/sms")


def test_who_asks_the_same_is_added_to_it(air: World, browse: Browse) -> None:
    officer = browse("officer")
    ident = make(air, officer)
    page = f"{AIR}/sms/{sms(air, 'malades')}"
    assert HENS in officer.read(page), "it is suggested"
    assert officer.post(page, page, do=str(ident)).status_code == 303
    with air.db.read() as session:
        sexes = session.scalars(sa.select(AirQuestionAsker.sex).order_by(AirQuestionAsker.id)).all()
    assert sexes == [Sex.F, Sex.UNKNOWN]
    assert logged(air, Audit.object == "air_question") == ["added", "joined"]
    assert "2 fois" in officer.read(AIR)
    assert HENS in officer.read(f"{AIR}?women=1")


def test_what_is_not_for_the_air_leaves_the_list(air: World, browse: Browse) -> None:
    officer = browse("officer")
    page = f"{AIR}/sms/{sms(air, 'mes poules')}"
    assert officer.post(page, page, do="aside").status_code == 303
    assert logged(air, Audit.object == "air_question") == ["set_aside"]
    assert "mes poules" not in officer.read(f"{AIR}/sms")
    assert "Aucune question ici" in officer.read(f"{AIR}?view=skipped")


def test_a_question_is_given_taken_up_answered_and_approved(air: World, browse: Browse) -> None:
    officer, approver = browse("officer"), browse("approver")
    page = f"{AIR}/{make(air, officer)}"
    for form in ({"do": "give", "to": "1"}, {"do": "attach", "episode": "1"}, {"do": "answer", "answer": "Vaccinez."}):
        assert officer.post(page, page, **form).status_code == 303, form
    for refused in ({"do": "answer", "answer": "Demandez à Doucombo"}, {"do": "give", "to": "77"}):
        answer = officer.post(page, page, **refused)
        assert answer.status_code == 400, refused
    assert officer.post(page, page, do="approve", seen="Vaccinez.").status_code == 403
    assert approver.post(page, page, do="answer", answer="Autre chose").status_code == 403
    assert approver.post(page, page, do="approve", seen="Isolez.").status_code == 400
    assert approver.post(page, page, do="approve", seen="Vaccinez.").status_code == 303
    assert officer.post(page, page, do="answered").status_code == 303
    row = question(air, 1)
    assert (row.station_id, row.episode_id, row.answer, row.state) == (1, 1, "Vaccinez.", AirQuestionState.ANSWERED)
    assert row.approved_by is not None
    assert logged(air, Audit.object == "air_question") == [
        "added",
        "given",
        "attached",
        "written",
        "approved",
        "answered",
    ]


ROLES = [
    ("officer", 200, 200, 200), ("editor", 200, 403, 200), ("approver", 200, 403, 403), ("evaluation", 403, 403, 403),
    ("auditor", 403, 403, 403), ("administrator", 403, 403, 403),
]  # fmt: skip


def test_who_may_see_what(air: World, browse: Browse) -> None:
    ident = make(air, browse("officer"))
    pages = [AIR, f"{AIR}/{ident}", f"{AIR}/sms", f"{AIR}/sms/{sms(air, 'malades')}", f"{AIR}/studio"]
    for who, queue, offered, studio in ROLES:
        browser = browse(who)
        wanted = [queue, queue, offered, offered, studio]
        assert [browser.get(page).status_code for page in pages] == wanted, who
        page = browser.read(f"{AIR}/{ident}")
        assert ("club 1041" in page) is (who == "officer"), who
        for secret in ("mes poules", "76 12 34 56", "76000011"):
            assert secret not in page, (who, secret)


def test_an_officer_of_another_place_is_offered_nothing_of_here(air: World, browse: Browse) -> None:
    ident = make(air, browse("officer"))
    with air.db.write() as session:
        elsewhere = Place(
            level=Level.VILLAGE, name="Ailleurs", folded="ailleurs", sms_name="Ailleurs", languages=["fr"]
        )
        session.add(elsewhere)
        session.flush()
        staff.add(session, "away@essai.example", [(Role.OFFICER, "")], air.now, name="away", programmes=["essai"],
                  password=PASSWORD, demonstration=True)  # fmt: skip
        person = staff.by_email(session, "away@essai.example")
        duties = staff.Duties(frozenset({(Role.OFFICER, "")}), frozenset({"essai"}), frozenset({elsewhere.id}))
        staff.change(session, person, duties, air.now, 0)
    browser = browse("")
    assert browser.sign_in("away").status_code == 302
    assert "malades" not in browser.read(f"{AIR}/sms")
    assert browser.get(f"{AIR}/sms/{sms(air, 'malades')}").status_code == 404
    assert browser.post(f"{AIR}/sms/{sms(air, 'malades')}", AIR, do="aside").status_code == 404
    assert "fosses" not in browser.read(LEDGER)
    assert browser.post(f"{LEDGER}/1", LEDGER, stands="no").status_code == 404
    assert "club 1041" not in browser.read(f"{AIR}/{ident}"), "a question names nobody, not even its club"
    assert browser.post(f"{AIR}/studio", f"{AIR}/studio", station="1", episode="1").status_code == 400


# --- the host's page


@pytest.fixture
def host(air: World, browse: Browse, app) -> tuple[FlaskClient, str]:
    """A browser without an account, and the address of an episode that takes up one question."""
    officer = browse("officer")
    page = f"{AIR}/{make(air, officer)}"
    officer.post(page, page, do="attach", episode="1")
    made = officer.post(f"{AIR}/studio", f"{AIR}/studio", station="1", episode="1")
    found = re.search(r"https://sms\.example\.org(/studio/[\w-]+)", made.text)
    assert found, made.text
    assert found[1] not in officer.read(f"{AIR}/studio"), "shown once"
    return app.test_client(), found[1]


def test_a_host_reads_and_marks_with_the_address_alone(air: World, host: tuple[FlaskClient, str]) -> None:
    client, address = host
    page = client.get(address, base_url=ORIGIN)
    assert page.status_code == 200
    assert HENS in page.text
    assert page.headers["Refresh"] == "10"
    assert page.headers["Referrer-Policy"] == "no-referrer"
    assert "Set-Cookie" not in page.headers
    assert "Refresh" not in client.get(f"{address}?still=1", base_url=ORIGIN).headers
    for secret in ("1041", "76", "Village", "mes poules"):
        assert secret not in page.text.replace(address, ""), secret
    for do, shown, state in (
        ("read", "Lue.", "waiting"), ("skip", "Passée.", "skipped"), ("again", "Lue.", "waiting"),
        ("answered", "Répondue.", "answered"),
    ):  # fmt: skip
        assert client.post(f"{address}/1", base_url=ORIGIN, data={"do": do}).status_code == 303
        assert f"<strong>{shown}</strong>" in client.get(address, base_url=ORIGIN).text, do
        assert question(air, 1).state.value == state, do
    assert logged(air, Audit.actor.startswith("host:1")) == ["read_on_air", "skipped", "waiting", "answered"]
    assert question(air, 1).station_id == 1, "it counts for the station that answered it"


def test_the_key_of_an_address_stands_in_no_log_and_no_cache(
    air: World, host: tuple[FlaskClient, str], app, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    client, address = host
    page = client.get(address, base_url=ORIGIN)
    assert page.headers["Cache-Control"] == "private, no-store"
    assert page.headers["X-Robots-Tag"] == "noindex"
    monkeypatch.setitem(app.config, "PROPAGATE_EXCEPTIONS", False)
    monkeypatch.setattr(addresses, "find", lambda *_: 1 // 0)
    assert client.get(address, base_url=ORIGIN).status_code == 500
    assert "Exception on studio.page [GET]" in caplog.text
    assert address.rpartition("/")[2] not in caplog.text


def test_an_address_opens_nothing_else_and_can_be_withdrawn(
    air: World, browse: Browse, host: tuple[FlaskClient, str]
) -> None:
    client, address = host
    other = make(air, browse("officer"), "malades", "Quand semer le mil ?")  # the episode does not take it up
    assert client.post(f"{address}/{other}", base_url=ORIGIN, data={"do": "answered"}).status_code == 404
    assert client.post(f"{address}/1", base_url=ORIGIN, data={"do": "delete"}).status_code == 400
    assert client.get(f"{address}x", base_url=ORIGIN).status_code == 404
    assert client.post(f"{address}x/1", base_url=ORIGIN, data={"do": "answered"}).status_code == 404
    with air.db.read() as session:
        (row,) = session.scalars(sa.select(StudioPage)).all()
        assert address.rpartition("/")[2] not in (row.key_hash, "")
    officer = browse("officer")
    assert officer.post(f"{AIR}/studio/{row.id}", f"{AIR}/studio").status_code == 303
    assert client.get(address, base_url=ORIGIN).status_code == 404
    assert logged(air, Audit.object == "studio_page") == ["added", "withdrawn"]


def test_an_address_ends_the_day_after_the_broadcast(air: World, host: tuple[FlaskClient, str]) -> None:
    client, address = host
    with air.db.write() as session:
        row = session.scalars(sa.select(StudioPage)).one()
        assert timedelta(days=1) < row.until - air.now <= timedelta(days=2)
        row.until = air.now - timedelta(minutes=1)
    assert client.get(address, base_url=ORIGIN).status_code == 404


def test_what_turns_out_sensitive_leaves_the_studio(air: World, host: tuple[FlaskClient, str]) -> None:
    client, address = host
    with air.db.write() as session:
        session.execute(sa.update(Inbound).where(Inbound.text.contains("mes poules")).values(sorted_as="fraud"))
    assert HENS not in client.get(address, base_url=ORIGIN).text
    with air.db.read() as session:
        assert session.execute(askers.counted()).all() == []


def test_the_page_of_twenty_questions_weighs_less_than_four_kilobytes(
    air: World, host: tuple[FlaskClient, str]
) -> None:
    client, address = host
    words = "Pourquoi {} faut-il {} des haies de moringa autour du jardin avant les premières pluies ?"
    with air.db.write() as session:
        session.add_all(
            AirQuestion(programme_id=air.programme_id, wording=words.format(number, number * 7), asked_at=air.now,
                        episode_id=1, answer=f"Parce que {number}.", answer_by=1, approved_by=1)
            for number in range(20)
        )  # fmt: skip
    page = client.get(address, base_url=ORIGIN, headers={"Accept-Encoding": "gzip"})
    assert len(page.data) < 4096
    assert gzip.decompress(page.data).count(b'class="q"') == 21
