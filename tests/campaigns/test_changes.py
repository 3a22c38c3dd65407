"""A stored campaign that staff change: nobody is overwritten, what waits follows the new rule, nothing leaves twice."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from itertools import pairwise

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from campaigns import changes, difference, effects, life, loading, planner
from campaigns.changes import Hand
from campaigns.definitions import Definition
from campaigns.definitions import Step as Said
from campaigns.effects import Counts
from campaigns.models import Campaign, CampaignState, CampaignVersion, Occurrence, Step
from messaging import staff
from messaging.errors import DataError, RefusedError, StaleError
from messaging.models import Audit, Message, Programme, Role, Text
from messaging.models.post import State
from tests.meanwhile import at_once
from tests.world import World, approve_texts, hygiene

# The clock of the tests: Thursday 12 March 2026, 17:30, when `hygiene()` is due.
AHEAD = timedelta(hours=2)
DAY = timedelta(days=1)
TEXTS = {"fr": {"sms": "Lavez les mains au savon ou a la cendre.", "read_aloud": "Lavez les mains."}}
Act = Callable[[Session, Hand], object]


def body(code: str = "mains", **step: object) -> Said:
    return hygiene(step=code, **step).steps[0].model_copy(update={"texts": {}})


def two() -> Definition:
    """A step each Monday, and one three days after enrolment."""
    weekly = {"step": "lundi", "when": {"weekly": "mon"}, "hour": "16:30", "texts": TEXTS}
    whole = hygiene(**weekly).model_dump(mode="json")
    counted = hygiene(step="jour-3", when={"after_enrolment": 3}, hour="16:30").model_dump(mode="json")["steps"][0]
    return Definition.model_validate({**whole, "steps": [*whole["steps"], counted]})


def change(
    world: World, act: Callable[[Session, int, Hand], object], seen: int | None = None, at: datetime | None = None
) -> None:
    with world.db.write() as session:
        row = session.scalars(sa.select(Campaign)).one()
        act(session, row.id, Hand(None, row.lock if seen is None else seen, at or world.now))


def paused(world: World, at: datetime | None = None) -> None:
    with world.db.write() as session:
        life.pause(session, session.scalars(sa.select(Campaign.id)).one(), None, at or world.now)


def resumed(world: World, at: datetime) -> None:
    """Approved again and started again."""
    with world.db.write() as session:
        row = session.scalars(sa.select(Campaign)).one()
        row.state = CampaignState.APPROVED
        life.start(session, row.id, None, at)


def plan(world: World, at: datetime) -> int:
    return planner.plan(world.db, at, AHEAD).planned


def standing(world: World) -> list[tuple[str, str, str | None, str]]:
    """Each message: phone's end, state, reason, occurrence without the number of what was taken back."""
    with world.db.read() as session:
        found = session.scalars(sa.select(Message).order_by(Message.id)).all()
        names = {ident: number[-1] for number, ident in world.phones.items()}
        return [(names[m.phone_id], m.state.value, m.reason, m.occurrence.partition(":")[0]) for m in found]


def codes(world: World) -> list[str]:
    with world.db.read() as session:
        return [step.code for step in loading.steps_of(session, session.scalars(sa.select(Campaign.id)).one())]


def state(world: World) -> CampaignState:
    with world.db.read() as session:
        return session.scalars(sa.select(Campaign.state)).one()


def sent(world: World, phone: str) -> None:
    with world.db.write() as session:
        own = sa.update(Message).where(Message.phone_id == world.phones[phone])
        session.execute(own.values(state=State.HANDED_OVER, handed_over_at=world.now))


@pytest.fixture
def draft(world: World) -> World:
    """Two steps, loaded, never started."""
    world.campaign(two(), start=False)
    return world


def test_each_change_is_a_version_and_the_first_also_keeps_what_was_loaded(draft: World) -> None:
    new = two().steps[0].model_copy(update={"hour": body(hour="17:00").hour, "texts": {}})
    change(draft, lambda session, row, by: changes.set_step(session, row, by, "lundi", new))
    change(draft, lambda session, row, by: changes.move(session, row, by, "jour-3", -1))
    change(draft, lambda session, row, by: changes.add_step(session, row, by, body("plus"), 1))
    change(draft, lambda session, row, by: changes.remove(session, row, by, "lundi"))
    with draft.db.read() as session:
        row = session.scalars(sa.select(Campaign)).one()
        kept = changes.versions(session, row.id)[::-1]
        told = [
            [(one.step, one.field, one.before, one.after) for one in difference.between(old.definition, now.definition)]
            for old, now in pairwise(kept)
        ]
    assert [(one.version, one.action, one.step) for one in kept] == [
        (1, "loaded", None), (2, "edited", "lundi"), (3, "moved", "jour-3"), (4, "added", "plus"),
        (5, "removed", "lundi"),
    ]  # fmt: skip
    assert told[0] == [("lundi", "hour", "16:30", "17:00")]
    assert told[1] == [(None, "order", ["lundi", "jour-3"], ["jour-3", "lundi"])]
    assert [(step, name) for step, name, _before, _after in told[2]] == [("plus", "step")]
    assert codes(draft) == ["jour-3", "plus"]


def test_the_second_of_two_editors_is_told_and_nothing_of_hers_is_stored(draft: World) -> None:
    change(draft, lambda session, row, by: changes.move(session, row, by, "jour-3", -1), seen=1)
    with pytest.raises(StaleError):
        change(draft, lambda session, row, by: changes.remove(session, row, by, "lundi"), seen=1)
    assert codes(draft) == ["jour-3", "lundi"]


def test_a_change_that_changes_nothing_is_no_version(draft: World) -> None:
    same = two().steps[0].model_copy(update={"texts": {}})
    change(draft, lambda session, row, by: changes.set_step(session, row, by, "lundi", same))
    with draft.db.read() as session:
        assert session.scalars(sa.select(Campaign.lock)).one() == 1


def test_the_audit_says_which_fields_before_and_after(draft: World) -> None:
    new = two().steps[0].model_copy(update={"hour": body(hour="17:00").hour, "texts": {}})
    change(draft, lambda session, row, by: changes.set_step(session, row, by, "lundi", new))
    with draft.db.read() as session:
        row = session.scalars(sa.select(Audit).where(Audit.action == "edited")).one()
        assert row.before == {"lundi.hour": "16:30"}
        assert row.after == {"lundi.hour": "17:00", "taken_back": 0, "state": "draft"}


def test_a_removed_step_comes_back_with_its_texts(draft: World) -> None:
    change(draft, lambda session, row, by: changes.remove(session, row, by, "lundi"))
    change(draft, lambda session, row, by: changes.restore(session, row, by, 1))
    assert codes(draft) == ["lundi", "jour-3"]
    with draft.db.read() as session:
        assert session.scalar(sa.select(sa.func.count()).select_from(Text)) == 2
        versions = session.scalars(sa.select(CampaignVersion.action).order_by(CampaignVersion.version)).all()
    assert versions == ["loaded", "removed", "restored"]


@pytest.mark.parametrize(
    ("act", "sentence"),
    [
        (lambda session, row, by: changes.add_step(session, row, by, body("lundi"), 0), "a déjà servi"),
        (lambda session, row, by: changes.remove(session, row, by, "mardi"), "n'y est plus"),
        (lambda session, row, by: changes.set_step(session, row, by, "lundi", body("autre")), "ne change pas"),
        (lambda session, row, by: changes.restore(session, row, by, 9), "n'existe pas"),
    ],
)
def test_what_cannot_be_is_refused_with_its_sentence(draft: World, act: Callable[..., object], sentence: str) -> None:
    with pytest.raises(DataError, match=sentence):
        change(draft, act)


def test_the_last_step_stays(world: World) -> None:
    world.campaign(hygiene(), start=False)
    with pytest.raises(RefusedError, match="au moins une étape"):
        change(world, lambda session, row, by: changes.remove(session, row, by, "mains"))


@pytest.mark.parametrize(
    ("before", "after"),
    [("draft", "draft"), ("approved", "draft"), ("running", "refused"), ("paused", "draft"), ("ended", "refused")],
)
def test_what_was_approved_or_ran_is_approved_anew(draft: World, before: str, after: str) -> None:
    with draft.db.write() as session:
        session.scalars(sa.select(Campaign)).one().state = CampaignState(before)
    if after == "refused":
        with pytest.raises(RefusedError):
            change(draft, lambda session, row, by: changes.remove(session, row, by, "lundi"))
        assert state(draft).value == before
        return
    change(draft, lambda session, row, by: changes.remove(session, row, by, "lundi"))
    assert state(draft).value == after


def test_who_changed_a_campaign_does_not_approve_it(draft: World) -> None:
    roles = [(Role.EDITOR, ""), (Role.APPROVER, "")]
    with draft.db.write() as session:
        staff.add(session, "deux@essai.example", roles, draft.now)
        person, row = staff.by_email(session, "deux@essai.example"), session.scalars(sa.select(Campaign)).one()
        approve_texts(session, row, draft.now)
        changes.move(session, row.id, Hand(person.id, row.lock, draft.now), "jour-3", -1)
        with pytest.raises(RefusedError, match="un autre l'approuve"):
            life.approve(session, row.id, person, draft.now)


def test_nobody_approves_or_starts_what_somebody_is_changing_in_that_moment(draft: World) -> None:
    with draft.db.write() as session:
        row = session.scalars(sa.select(Campaign)).one()
        row.state, campaign_id = CampaignState.APPROVED, row.id

    def edit(session: Session) -> None:
        changes.move(session, campaign_id, Hand(None, 1, draft.now), "jour-3", -1)

    with pytest.raises(RefusedError, match="Faites-la d'abord approuver"):
        at_once(draft.db, edit, lambda session: life.start(session, campaign_id, None, draft.now))
    assert (state(draft), codes(draft)) == (CampaignState.DRAFT, ["jour-3", "lundi"])


def test_who_approves_approves_what_she_read(draft: World) -> None:
    with draft.db.write() as session:
        staff.add(session, "trois@essai.example", [(Role.APPROVER, "")], draft.now)
        row = session.scalars(sa.select(Campaign)).one()
        approve_texts(session, row, draft.now)
        campaign_id, read = row.id, row.lock
    change(draft, lambda session, row, by: changes.move(session, row, by, "jour-3", -1))

    def approve(seen: int) -> CampaignState:
        with draft.db.write() as session:
            person = staff.by_email(session, "trois@essai.example")
            return life.approve(session, campaign_id, person, draft.now, (), seen).state

    with pytest.raises(RefusedError, match="a changé depuis"):
        approve(read)
    assert approve(read + 1) is CampaignState.APPROVED


def test_days_that_are_over_are_neither_approved_nor_started(world: World) -> None:
    campaign_id = world.campaign(hygiene(when={"date": "2026-03-11"}), start=False)
    with world.db.write() as session:
        row = session.get_one(Campaign, campaign_id)
        approve_texts(session, row, world.now)
        with pytest.raises(RefusedError, match="sont passés"):
            life.approve(session, row.id, staff.by_email(session, "approuve@essai.example"), world.now)
        row.state = CampaignState.APPROVED
        with pytest.raises(RefusedError, match="sont passés"):
            life.start(session, row.id, None, world.now)


# --- people already enrolled


def test_what_is_being_planned_in_that_moment_is_taken_back_too(world: World) -> None:
    world.member("+22370000001")
    campaign_id = world.campaign(hygiene())
    with world.db.read() as session:
        step_id = session.scalars(sa.select(Step.id)).one()
    later = hygiene(hour="19:00").steps[0].model_copy(update={"texts": {}})

    def pause_and_change(session: Session) -> None:
        seen = life.pause(session, campaign_id, None, world.now).lock
        changes.set_step(session, campaign_id, Hand(None, seen, world.now), "mains", later)

    at_once(
        world.db,
        lambda session: planner.plan_piece(session, campaign_id, step_id, "once", world.now, AHEAD),
        pause_and_change,
    )
    assert standing(world) == [("1", "closed", "changed", "changed")]


def test_a_moved_hour_takes_back_what_waits_and_sends_nobody_twice(world: World) -> None:
    for end in "123":
        world.member(f"+2237000000{end}")
    world.campaign(hygiene())
    assert plan(world, world.now) == 3
    sent(world, "+22370000001")
    paused(world)
    later = hygiene(hour="19:00").steps[0].model_copy(update={"texts": {}})
    change(world, lambda session, row, by: changes.set_step(session, row, by, "mains", later))
    assert standing(world) == [
        ("1", "handed_over", None, "once"),
        ("2", "closed", "changed", "changed"),
        ("3", "closed", "changed", "changed"),
    ]
    resumed(world, world.now)
    assert plan(world, world.now) == 2
    assert standing(world)[3:] == [("2", "waiting", None, "once"), ("3", "waiting", None, "once")]
    with world.db.read() as session:
        due = set(session.scalars(sa.select(Message.due_at).where(Message.state == State.WAITING)))
    assert {moment.strftime("%H:%M") for moment in due} == {"19:00"}  # Bamako keeps UTC
    assert plan(world, world.now) == 0


def test_what_may_have_left_is_not_touched(world: World) -> None:
    world.member("+22370000001")
    world.campaign(hygiene())
    plan(world, world.now)
    with world.db.write() as session:
        session.execute(sa.update(Message).values(state=State.HELD, reason="unknown"))
    paused(world)
    later = hygiene(hour="19:00").steps[0].model_copy(update={"texts": {}})
    change(world, lambda session, row, by: changes.set_step(session, row, by, "mains", later))
    resumed(world, world.now)
    assert plan(world, world.now) == 0
    assert standing(world) == [("1", "held", "unknown", "once")]


def test_what_was_under_way_and_comes_back_follows_the_new_rule_too(world: World) -> None:
    """The gateway is asked while the step is changed, and says afterwards that it took neither message."""
    world.member("+22370000001")
    world.member("+22370000002", "bm")
    world.chain("bm", "fr")
    world.campaign(hygiene())
    assert plan(world, world.now) == 2
    with world.db.write() as session:
        session.execute(sa.update(Message).values(state=State.SUBMITTING))
    paused(world)
    french = hygiene(audience={"languages": ["fr"]}).steps[0].model_copy(update={"texts": {}})
    edited = world.now + timedelta(minutes=1)
    change(world, lambda session, row, by: changes.set_step(session, row, by, "mains", french), at=edited)
    assert {row[1] for row in standing(world)} == {"submitting"}
    with world.db.write() as session:
        session.execute(sa.update(Message).values(state=State.HELD, reason="paused_campaign"))
    resumed(world, edited)
    assert plan(world, edited) == 1
    assert [row for row in standing(world) if row[1] != "closed"] == [("1", "waiting", None, "once")]
    paused(world)
    resumed(world, edited)  # what was made by the new rule stays
    assert [row[1] for row in standing(world)] == ["closed", "closed", "waiting"]


def test_who_is_no_longer_meant_gets_nothing(world: World) -> None:
    world.member("+22370000001")
    world.member("+22370000002", "bm")
    world.chain("bm", "fr")
    world.campaign(hygiene())
    assert plan(world, world.now) == 2
    paused(world)
    french = hygiene(audience={"languages": ["fr"]}).steps[0].model_copy(update={"texts": {}})
    change(world, lambda session, row, by: changes.set_step(session, row, by, "mains", french))
    resumed(world, world.now)
    assert plan(world, world.now) == 1
    assert [row for row in standing(world) if row[1] == "waiting"] == [("1", "waiting", None, "once")]


def test_a_removed_step_holds_back_what_waits(world: World) -> None:
    world.member("+22370000001")
    world.campaign(hygiene())
    plan(world, world.now)
    paused(world)
    change(world, lambda session, row, by: changes.add_step(session, row, by, body("reste", when={"weekly": "fri"}), 1))
    change(world, lambda session, row, by: changes.remove(session, row, by, "mains"))
    assert standing(world) == [("1", "closed", "changed", "changed")]
    resumed(world, world.now)
    assert plan(world, world.now) == 0


def test_days_that_lie_behind_are_not_made_up_for(world: World) -> None:
    """A step each Wednesday, added on Thursday, starts next Wednesday; so does one that moves to that day."""
    world.member("+22370000001")
    world.campaign(two())
    paused(world)
    wednesday = hygiene(step="mercredi", when={"weekly": "wed"}, hour="16:30", texts=TEXTS).steps[0]
    change(world, lambda session, row, by: changes.add_step(session, row, by, wednesday, 0))
    with world.db.write() as session:
        row = session.scalars(sa.select(Campaign)).one()
        row.started_at = world.now - 30 * DAY
        step = session.scalars(sa.select(Step).where(Step.code == "mercredi")).one()
        assert session.scalars(sa.select(Occurrence.name).where(Occurrence.step_id == step.id)).all() == []
    change(world, lambda session, row, by: changes.set_step(session, row, by, "lundi", moved("lundi", "wed")))
    with world.db.read() as session:
        step = session.scalars(sa.select(Step).where(Step.code == "lundi")).one()
        assert session.scalars(sa.select(Occurrence.name).where(Occurrence.step_id == step.id)).all() == ["2026-03-11"]


def moved(code: str, day: str) -> Said:
    return hygiene(step=code, when={"weekly": day}, hour="16:30").steps[0].model_copy(update={"texts": {}})


def test_enrolled_people_are_counted_as_planning_then_treats_them(world: World) -> None:
    """Six people enrolled one day after the other; a step of three days becomes one of five, then of one."""
    for number in range(6):
        world.member(f"+2237000000{number}")
    world.campaign(two())
    with world.db.write() as session:
        row = session.scalars(sa.select(Campaign)).one()
        row.started_at = world.now - 30 * DAY
        for ago, member in enumerate(world.members):
            values = {"anchor_on": (world.now - ago * DAY).date()}
            session.execute(sa.text("UPDATE enrolment SET anchor_on = :anchor_on WHERE member_id = :member"),
                            {**values, "member": member})  # fmt: skip
    at = world.now
    planner.plan(world.db, at, timedelta())  # those of the last three days have it: enrolled 3, 4 and 5 days ago
    with world.db.write() as session:
        session.execute(sa.update(Message).values(state=State.HANDED_OVER, handed_over_at=at))
    paused(world)
    found = {}
    for days in (5, 1):
        new = hygiene(step="jour-3", when={"after_enrolment": days}, hour="16:30").steps[0]
        with world.db.read() as session:
            row = session.scalars(sa.select(Campaign)).one()
            step = session.scalars(sa.select(Step).where(Step.code == "jour-3")).one()
            counts = effects.of_step(session, row, step.id, new, at)
        found[days] = (counts.sent, counts.passed, counts.at_once, counts.ahead)
    assert found == {5: (3, 0, 0, 3), 1: (3, 0, 2, 1)}
    one = hygiene(step="jour-3", when={"after_enrolment": 1}, hour="16:30").steps[0].model_copy(update={"texts": {}})
    change(world, lambda session, row, by: changes.set_step(session, row, by, "jour-3", one))
    resumed(world, at)
    assert planner.plan(world.db, at, timedelta()).planned == 2  # as was told


def test_loading_a_file_again_keeps_what_staff_changed(draft: World) -> None:
    change(draft, lambda session, row, by: changes.set_step(session, row, by, "lundi", moved("lundi", "tue")))
    change(draft, lambda session, row, by: changes.move(session, row, by, "jour-3", -1))
    change(
        draft, lambda session, row, by: changes.set_head(session, row, by, two().model_copy(update={"topic": "iycf"}))
    )
    with draft.db.write() as session:
        row = session.scalars(sa.select(Campaign)).one()
        loaded = loading.load(session, session.get_one(Programme, draft.programme_id), two(), draft.now, {"all"})
        assert {(one.what, one.done) for one in loaded.differences} == {("step lundi", "staff"), ("campaign", "staff")}
        assert row.topic == "iycf"
    assert codes(draft) == ["jour-3", "lundi"]


# --- what is told, as a table

WEEKLY, OTHER_HOUR = moved("mains", "mon"), moved("mains", "mon").model_copy(update={"hour": body(hour="18:00").hour})
COUNTED = hygiene(when={"after_enrolment": 3}).steps[0]
CASES = [
    (WEEKLY, OTHER_HOUR, Counts(CampaignState.DRAFT, False), ["nobody"]),
    (WEEKLY, OTHER_HOUR, Counts(CampaignState.APPROVED, False), ["approve_again", "nobody"]),
    (WEEKLY, OTHER_HOUR, Counts(CampaignState.RUNNING, True, 4), ["pause_first", "planned_anew 4", "from_now"]),
    (WEEKLY, OTHER_HOUR, Counts(CampaignState.PAUSED, True, 0, 9), ["approve_again", "had_earlier 9", "from_now"]),
    (WEEKLY, WEEKLY.model_copy(update={"one_act": False}), Counts(CampaignState.PAUSED, True, 4, 9),
     ["approve_again", "same_rule", "goes_on 4"]),
    (WEEKLY, None, Counts(CampaignState.PAUSED, True, 4, 9), ["approve_again", "withdrawn 4"]),
    (None, WEEKLY, Counts(CampaignState.PAUSED, True), ["approve_again", "from_now"]),
    (COUNTED, COUNTED.model_copy(update={"hour": body(hour="18:00").hour}),
     Counts(CampaignState.PAUSED, True, 2, 9, 5, 1, 3),
     ["approve_again", "planned_anew 2", "had_it 9", "at_once 1", "passed 5", "ahead 3"]),
    (WEEKLY, COUNTED, Counts(CampaignState.PAUSED, True, 0, 9, 0, 0, 3),
     ["approve_again", "had_earlier 9", "ahead 3", "newcomers"]),
]  # fmt: skip


@pytest.mark.parametrize(("old", "new", "counts", "told"), CASES)
def test_what_a_change_does_is_told(old: Said | None, new: Said | None, counts: Counts, told: list[str]) -> None:
    found = effects.decide(old, new, counts)
    assert [f"{one.what} {one.count}" if one.count else one.what for one in found] == told
