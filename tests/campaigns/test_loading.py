"""Campaign files: after the first load the database is the truth, and staff's work is never overwritten."""

from __future__ import annotations

import pytest
import sqlalchemy as sa

from campaigns import loading
from campaigns.definitions import Definition, dump, read
from campaigns.library import files
from campaigns.models import Campaign, CampaignState
from messaging import staff, texts
from messaging.errors import RefusedError
from messaging.models import Programme, Role, Text
from messaging.wording import Wording
from tests.world import World, hygiene


def load(world: World, definition: Definition, *take: str) -> list[tuple[str, str, str]]:
    with world.db.write() as session:
        programme = session.get_one(Programme, world.programme_id)
        loaded = loading.load(session, programme, definition, world.now, set(take) or None)
        return [(one.what, one.kind, one.done) for one in loaded.differences]


def other(sms: str = "Le savon, ou la cendre.") -> Definition:
    return hygiene(texts={"fr": {"sms": sms, "read_aloud": "Lavez les mains."}})


def stored(world: World) -> str:
    with world.db.read() as session:
        return texts.current(session, session.scalars(sa.select(Text)).one()).sms


def test_the_first_load_takes_everything_and_the_second_finds_nothing(world: World) -> None:
    assert [row[1:] for row in load(world, hygiene())] == [("new", "taken")] * 3
    assert load(world, hygiene()) == []


def test_a_changed_file_is_shown_and_taken_only_when_asked(world: World) -> None:
    load(world, hygiene())
    assert load(world, other()) == [("text mains/fr", "changed", "kept")]
    assert stored(world) == "Lavez les mains au savon ou a la cendre."
    assert load(world, other(), "text mains/fr") == [("text mains/fr", "changed", "taken")]
    assert stored(world) == "Le savon, ou la cendre."


def test_what_staff_changed_is_never_overwritten(world: World) -> None:
    load(world, hygiene())
    with world.db.write() as session:
        staff.add(session, "e@essai.example", [(Role.EDITOR, "")], world.now)
        text = session.scalars(sa.select(Text)).one()
        said = Wording(sms="Nos mots.", official="Nos mots.", read_aloud="Nos mots.")
        texts.edit(session, text.id, 1, said, staff.by_email(session, "e@essai.example"), world.now)
    assert load(world, other(), "all") == [("text mains/fr", "changed", "staff")]
    assert stored(world) == "Nos mots."


def test_every_shipped_campaign_exported_and_loaded_again_changes_nothing(world: World) -> None:
    for path in files():
        definition, problems = read(path.read_text(encoding="utf-8"), path.name)
        assert definition is not None, problems
        load(world, definition)
        with world.db.read() as session:
            row = loading.find(session, world.programme_id, definition.campaign)
            assert row is not None
            written = dump(loading.export(session, row))
        again, problems = read(written, path.name)
        assert again is not None, problems
        assert load(world, again, "all") == []


def test_a_file_changes_an_approved_campaign_only_for_a_new_approval(world: World) -> None:
    campaign_id = world.campaign(hygiene(), start=False)
    with world.db.write() as session:
        session.get_one(Campaign, campaign_id).state = CampaignState.APPROVED
    assert load(world, hygiene(hour="18:00"), "all") == [("step mains", "changed", "taken")]
    with world.db.read() as session:
        assert session.get_one(Campaign, campaign_id).state is CampaignState.DRAFT


@pytest.mark.parametrize("state", [CampaignState.RUNNING, CampaignState.PAUSED, CampaignState.DRAFT])
def test_a_file_changes_neither_head_nor_steps_of_what_was_started(world: World, state: CampaignState) -> None:
    """Nobody approves a file: the people it means, and what waits for them, stay as they were approved."""
    campaign_id = world.campaign(hygiene())
    with world.db.write() as session:
        session.get_one(Campaign, campaign_id).state = state
    wider = hygiene(audience={"role": "club"})
    longer = Definition.model_validate(
        {**wider.model_dump(mode="json"), "steps": [*hygiene().model_dump(mode="json")["steps"],
         hygiene(step="plus").model_dump(mode="json")["steps"][0]]}
    )  # fmt: skip
    for take in ("all", "step mains"):
        with pytest.raises(RefusedError, match="a été démarrée"):
            load(world, wider, take)
    assert load(world, wider) == [("step mains", "changed", "kept")]
    assert load(world, longer) == [("step plus", "new", "kept")]
    assert load(world, other(), "all") == [("text mains/fr", "changed", "taken")]  # a draft again, approved by itself
    with world.db.read() as session:
        row = session.get_one(Campaign, campaign_id)
        assert (row.state, [step.code for step in loading.steps_of(session, row.id)]) == (state, ["mains"])
