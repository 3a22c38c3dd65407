"""What a club is given of an episode: who may write, review and approve it, and what makes it a draft again."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa

from campaigns.clubs import episodes
from campaigns.clubs.episodes import Head, Words, approve_refusal, faults, findings
from campaigns.models import Episode, EpisodeText
from messaging import staff
from messaging.database import Database
from messaging.errors import RefusedError, StaleError
from messaging.models import Audit, Role, TextState
from messaging.texts import review_refusal
from tests.world import World

NOW = datetime(2026, 3, 10, 9, 0, tzinfo=UTC)
LATER = NOW + timedelta(hours=1)
AWA, BAKARY, COUMBA = 1, 2, 3
EVERY = {Role.EDITOR: {""}, Role.TRANSLATOR: {"fr", "bm", "dts"}, Role.APPROVER: {""}}
SAID = Words(read_aloud="Lavez les mains.", source="Protocole national, page 12")
DRAFT, REVIEWED, APPROVED = TextState.DRAFT, TextState.REVIEWED, TextState.APPROVED


def text(language: str, state: TextState, author: int, reviewer: int | None = None, **more: object) -> EpisodeText:
    said = {"read_aloud": "Lavez les mains.", "source": "Protocole", **more}
    return EpisodeText(language=language, state=state, author_id=author, reviewer_id=reviewer, **said)


@pytest.mark.parametrize(
    ("said", "who", "roles", "why"),
    [
        (text("fr", DRAFT, AWA), BAKARY, EVERY, None),
        (text("fr", DRAFT, AWA), AWA, EVERY, "Vous avez écrit ce texte"),
        (text("fr", DRAFT, AWA), BAKARY, {Role.EDITOR: {""}}, "rôle traducteur de cette langue"),
        (text("bm", DRAFT, AWA), BAKARY, {Role.TRANSLATOR: {"fr"}}, "rôle traducteur de cette langue"),
        (text("bm", DRAFT, AWA), BAKARY, {Role.TRANSLATOR: {"bm"}}, None),
        (text("bm", REVIEWED, AWA, BAKARY), COUMBA, EVERY, "Seul un brouillon"),
        (text("bm", APPROVED, AWA, BAKARY), COUMBA, EVERY, "Seul un brouillon"),
    ],
)
def test_who_reviews(said: EpisodeText, who: int, roles: dict[Role, set[str]], why: str | None) -> None:
    refusal = review_refusal(said, who, roles)
    assert refusal is None if why is None else why in (refusal or "")


@pytest.mark.parametrize(
    ("said", "family", "who", "roles", "why"),
    [
        (text("fr", REVIEWED, AWA, BAKARY), "french", COUMBA, EVERY, None),
        (text("fr", REVIEWED, AWA, BAKARY), "french", BAKARY, EVERY, None),
        (text("fr", REVIEWED, AWA, BAKARY), "french", AWA, EVERY, "Vous avez écrit ce texte"),
        (text("fr", REVIEWED, AWA, BAKARY), "french", COUMBA, {Role.EDITOR: {""}}, "rôle approbateur"),
        (text("fr", DRAFT, AWA), "french", COUMBA, EVERY, "Seul un texte relu"),
        (text("bm", REVIEWED, AWA, BAKARY), "manding", BAKARY, EVERY, "une troisième personne"),
        (text("bm", REVIEWED, AWA, BAKARY), "manding", COUMBA, EVERY, None),
        (text("dts", REVIEWED, AWA, BAKARY), "dogon", BAKARY, EVERY, "une troisième personne"),
        (text("dts", REVIEWED, AWA, BAKARY), "dogon", COUMBA, EVERY, None),
        (text("fr", REVIEWED, AWA, BAKARY, read_aloud=""), "french", COUMBA, EVERY, "lire à haute voix"),
        (text("fr", REVIEWED, AWA, BAKARY, source=None), "french", COUMBA, EVERY, "d'où viennent les faits"),
    ],
)
def test_who_approves(said: EpisodeText, family: str, who: int, roles: dict[Role, set[str]], why: str | None) -> None:
    refusal = approve_refusal(said, "hygiene", family, who, roles)
    assert refusal is None if why is None else why in (refusal or "")


def test_only_advice_on_health_needs_a_source() -> None:
    bare = text("fr", REVIEWED, AWA, BAKARY, source=None)
    assert approve_refusal(bare, "hygiene", "french", COUMBA, EVERY)
    assert approve_refusal(bare, "market", "french", COUMBA, EVERY) is None


@pytest.mark.parametrize(
    ("words", "wrong"),
    [
        (SAID, []),
        (Words(guide="Demandez qui a du savon."), []),
        (Words(), ["read_aloud"]),
        (Words(read_aloud="Oui.", question="Qui a du savon ?"), ["question"]),
        (Words(read_aloud="Oui.", question="Qui a du savon ?", options={"1": "moi"}), ["question"]),
        (Words(read_aloud="Oui.", question="Qui a du savon ?", options={"1": "moi", "2": "pas moi"}), []),
        (Words(read_aloud="Oui.", question="Qui a du savon ?", options={"1": "moi", "3": "pas moi"}), ["question"]),
        (Words(read_aloud="Oui.", options={"1": "moi", "2": "pas moi"}), ["question"]),
        (Words(read_aloud="a" * 4001), ["read_aloud"]),
        (Words(read_aloud="Oui.", question="Qui ?", options={"1": "a" * 81, "2": "b"}), ["option_1"]),
    ],
)
def test_what_cannot_be_stored(words: Words, wrong: list[str]) -> None:
    assert [name for name, _why in faults(words)] == wrong


@pytest.mark.parametrize(
    ("words", "topic", "found"),
    [
        (SAID, "hygiene", []),
        (Words(read_aloud="UNICEF donne du savon."), "hygiene", ["read_aloud"]),
        (Words(read_aloud="Le mil est à 250 francs le kilo."), "hygiene", ["read_aloud"] * 2),
        (Words(read_aloud="Le mil est à 250 francs le kilo."), "market", []),
        (Words(read_aloud="Donnez 3 cuillères de bouillie."), "iycf", ["read_aloud"]),
        (Words(read_aloud="Donnez 3 cuillères de bouillie.", source="CF3"), "iycf", []),
        (Words(read_aloud="Oui.", question="Qui est sur la liste ?", options={"1": "moi", "2": "l'ONG"}), "agro",
         ["question", "option_2"]),
        (Words(read_aloud="Les femmes enceintes mangent plus."), "nutrition", []),
        (Words(read_aloud="Les amis de Sahel Vert viennent."), "agro", ["read_aloud"]),
    ],
)  # fmt: skip
def test_the_word_list_holds_for_what_a_club_hears(words: Words, topic: str, found: list[str]) -> None:
    assert [one.path[0] for one in findings(words, topic, ["Sahel Vert"])] == found


@pytest.fixture
def people(db: Database) -> tuple[World, int, list[int]]:
    """An episode on hygiene, and three accounts that may do everything."""
    world = World(db, NOW).programme()
    with db.write() as session:
        series = episodes.add_series(session, world.programme_id, "serie", "Série", NOW, None)
        episode = episodes.add(session, series.id, Head(1, "hygiene", {"fr": "Les mains"}), NOW, None)
        every = [(role, scope) for role, scopes in EVERY.items() for scope in scopes]
        for name in ("awa", "bakary", "coumba"):
            staff.add(session, f"{name}@essai.example", every, NOW, demonstration=True)
        ids = [staff.by_email(session, f"{name}@essai.example").id for name in ("awa", "bakary", "coumba")]
        return world, episode.id, ids


def test_a_text_goes_through_three_hands_and_any_change_sends_it_back(
    people: tuple[World, int, list[int]],
) -> None:
    """One world for the whole way, because each act stands on the one before."""
    world, episode, (awa, bakary, coumba) = people
    db = world.db

    def states() -> dict[str, str]:
        with db.read() as session:
            return {row.language: row.state.value for row in session.scalars(sa.select(EpisodeText))}

    with db.write() as session:
        french = episodes.write(session, episode, "fr", SAID, None, NOW, awa)
        bambara = episodes.write(session, episode, "bm", Words(read_aloud="bolo", source="p. 12"), None, NOW, awa)
        for one in (french, bambara):
            episodes.review(session, one.id, NOW, bakary, EVERY, NOW, "Ségou")
            episodes.approve(session, one.id, NOW, coumba, EVERY, NOW)
    assert states() == {"fr": "approved", "bm": "approved"}

    with db.write() as session:  # the same words again
        episodes.write(session, episode, "fr", SAID, NOW, LATER, bakary)
    assert states() == {"fr": "approved", "bm": "approved"}

    with db.write() as session:  # another source alone is another text
        other = Words(read_aloud=SAID.read_aloud, source="Autre document")
        episodes.write(session, episode, "bm", Words(read_aloud="bolo", source="p. 13"), NOW, LATER, bakary)
    assert states() == {"fr": "approved", "bm": "draft"}
    with db.write() as session:
        episodes.review(session, bambara.id, LATER, awa, EVERY, LATER, "Ségou")

    with db.write() as session:  # the French goes, and takes the other languages with it
        episodes.write(session, episode, "fr", other, NOW, LATER, bakary)
    assert states() == {"fr": "draft", "bm": "draft"}
    with db.read() as session:
        rows = session.scalars(sa.select(Audit).where(Audit.object == "episode_text").order_by(Audit.id)).all()
        told = [(row.action, row.after["language"]) for row in rows if row.after]
        assert not any("bolo" in str(row.after) or "mains" in str(row.after) for row in rows)
    assert told == [
        ("written", "fr"), ("written", "bm"), ("reviewed", "fr"), ("approved", "fr"), ("reviewed", "bm"),
        ("approved", "bm"), ("edited", "bm"), ("reviewed", "bm"), ("edited", "fr"), ("source_changed", "bm"),
    ]  # fmt: skip


def test_nobody_writes_or_judges_over_words_she_did_not_see(people: tuple[World, int, list[int]]) -> None:
    world, episode, (awa, bakary, coumba) = people
    with world.db.write() as session:
        first = episodes.write(session, episode, "fr", SAID, None, NOW, awa)
    for seen in (None, NOW - timedelta(minutes=1)):
        with pytest.raises(StaleError), world.db.write() as session:
            episodes.write(session, episode, "fr", Words(read_aloud="Autre."), seen, LATER, bakary)
    with world.db.write() as session:
        episodes.write(session, episode, "fr", Words(read_aloud="Autre.", source="x"), NOW, LATER, awa)
    with pytest.raises(RefusedError, match="a changé depuis"), world.db.write() as session:
        episodes.review(session, first.id, NOW, bakary, EVERY, LATER, "")
    with world.db.write() as session:
        episodes.review(session, first.id, LATER, bakary, EVERY, LATER, "")
    with pytest.raises(RefusedError, match="a changé depuis"), world.db.write() as session:
        episodes.approve(session, first.id, NOW, coumba, EVERY, LATER)


def test_a_number_is_taken_once_and_another_topic_asks_for_the_text_anew(
    people: tuple[World, int, list[int]],
) -> None:
    world, episode, (awa, bakary, _coumba) = people
    with world.db.write() as session:
        series = session.get_one(Episode, episode).series_id
        said = episodes.write(session, episode, "fr", SAID, None, NOW, awa)
        episodes.review(session, said.id, NOW, bakary, EVERY, NOW, "")
        second = episodes.add(session, series, Head(2, "agro", {"fr": "Le champ"}), NOW, awa).id
    for act in (
        lambda session: episodes.add(session, series, Head(1, "agro", {"fr": "Encore"}), NOW, awa),
        lambda session: episodes.change(session, second, Head(1, "agro", {"fr": "Encore"}), NOW, awa),
    ):
        with pytest.raises(RefusedError, match="a déjà une émission 1"), world.db.write() as session:
            act(session)
    with world.db.write() as session:
        episodes.change(session, episode, Head(1, "hygiene", {"fr": "Autre titre"}), NOW, awa)
        assert session.get_one(EpisodeText, said.id).state is REVIEWED
        episodes.change(session, episode, Head(1, "nutrition", {"fr": "Autre titre"}), NOW, awa)
        assert session.get_one(EpisodeText, said.id).state is DRAFT
    with pytest.raises(RefusedError, match="Une série s'appelle déjà"), world.db.write() as session:
        episodes.add_series(session, world.programme_id, "serie", "Autre", NOW, awa)
