"""Planning: who gets what when, once, and never against their will."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, timedelta

import sqlalchemy as sa

from campaigns import planner
from messaging import inbox, sender
from messaging.database import Database
from messaging.gateways.protocol import Arrival
from messaging.models import Message, Phone
from messaging.models.people import ClubKind
from messaging.models.post import Kind, State
from tests.world import World, hygiene

AHEAD = timedelta(minutes=15)


def plan(world: World, at: datetime | None = None) -> planner.Plan:
    return planner.plan(world.db, at or world.now, AHEAD)


def messages(world: World) -> list[Message]:
    with world.db.read() as session:
        return list(session.scalars(sa.select(Message).order_by(Message.id)))


def test_a_message_is_planned_for_each_phone_once(world: World) -> None:
    world.member("+22370000001")
    world.member("+22370000002")
    world.member("+22370000002")  # shares the phone
    world.member()  # has none
    world.campaign(hygiene())
    assert plan(world).planned == 2
    assert plan(world).planned == 0
    assert {message.occurrence for message in messages(world)} == {"once"}


def test_nobody_without_consent_or_who_stopped_is_planned_for(world: World) -> None:
    world.member("+22370000001", consent=False)
    world.member("+22370000002")
    world.member("+22370000003")
    inbox.receive(
        world.db, "simulator",
        [Arrival(dedupe_key="1", sender="+22370000002", text="ARRET", received_at=world.now, digest="")],
    )  # fmt: skip
    world.campaign(hygiene())
    assert plan(world).planned == 1
    assert messages(world)[0].phone_id == world.phones["+22370000003"]


def test_a_language_without_text_waits_and_is_counted(world: World) -> None:
    world.chain("bm", "fr")
    world.member("+22370000001", "bm")
    world.member("+22370000002", "dds")  # an empty chain: this language or nothing
    world.campaign(hygiene())
    done = plan(world)
    assert done.planned == 1
    assert done.rows() == [{"language": "dds", "reason": "no_text", "people": 1}]
    message = messages(world)[0]
    assert (message.language_wanted, message.language) == ("bm", "fr")


def test_what_is_due_later_is_not_planned_yet(world: World) -> None:
    world.member("+22370000001")
    world.campaign(hygiene(hour="20:00"))
    assert plan(world).planned == 0
    assert plan(world, world.now + timedelta(hours=2, minutes=20)).planned == 1


def test_after_an_outage_what_is_still_useful_is_planned_and_the_rest_is_not(world: World) -> None:
    world.member("+22370000001")
    world.campaign(hygiene())
    assert plan(world, world.now + timedelta(days=2)).planned == 1
    world.campaign(hygiene(step="plus", useful="2h").model_copy(update={"campaign": "autre"}))
    assert plan(world, world.now + timedelta(days=2)).planned == 0


def test_closed_hours_move_a_message_to_the_next_open_minute(db, now) -> None:
    world = World(db, now).programme(always_open=False)
    world.hours("08:00-11:30")
    world.member("+22370000001")
    world.campaign(hygiene())
    plan(world)
    assert messages(world)[0].due_at == datetime(2026, 3, 13, 8, 0, tzinfo=UTC)


def test_the_evening_before_a_five_day_market(world: World) -> None:
    """The market falls on 12 and 17 March 2026: the evenings before are the 11th and the 16th."""
    world.member("+22370000001")
    world.campaign(hygiene(when={"market": "eve"}, hour="17:00"))
    sent = []
    for day in range(12, 24):
        at = datetime(2026, 3, day, 17, 0, tzinfo=UTC)
        world.now = at
        if plan(world, at).planned:
            sent.append(day)
    assert sent == [16, 21]


def test_a_childs_age_goes_to_a_phone_that_chose_it_and_through_the_club_to_all_others(world: World) -> None:
    """Born in August 2025, the child has completed six months on 1 March 2026."""
    born = date(2025, 8, 1)
    world.club("1041", ClubKind.IYCF, "+22370000009")
    world.member("+22370000001", personal=True, child_born=born, club="1041")
    world.member("+22370000002", child_born=born, club="1041")
    world.member("+22370000003", child_born=date(2025, 9, 1), club="1041")
    said = {"fr": {"sms": "Bebe de 6 mois: de la bouillie.", "read_aloud": "…", "club": "A 6 mois: de la bouillie."}}
    world.now = datetime(2026, 2, 27, 9, 0, tzinfo=UTC)
    world.campaign(hygiene(when={"child_month": 6}, hour="09:00", personal="child_age", texts=said))
    assert plan(world, datetime(2026, 3, 1, 9, 0, tzinfo=UTC)).planned == 2
    own, club = messages(world)
    assert (own.phone_id, own.kind, own.personal) == (world.phones["+22370000001"], Kind.CAMPAIGN, True)
    assert (club.phone_id, club.kind, club.use_club) == (world.phones["+22370000009"], Kind.SERVICE, True)
    assert {own.occurrence, club.occurrence} == {"anchor:2025-08"}


def test_a_call_before_the_broadcast_holds_station_episode_and_hour(world: World) -> None:
    world.club("1041", facilitator="+22370000009")
    airing = world.airing(datetime(2026, 3, 12, 20, 30, tzinfo=UTC), host="+22370000008")
    world.campaign(
        hygiene(
            kind="listening_call", send_as="service", when={"before_airing": "3h"}, audience={"role": "facilitator"},
            texts={"fr": {"sms": "{club}: E{episode} {station} {hour}", "read_aloud": "…"}},
        )
    )  # fmt: skip
    assert plan(world).planned == 1
    message = messages(world)[0]
    assert message.slots == {"club": "1041", "episode": "12", "station": "Radio Exemple", "hour": "20h30"}
    assert (message.occurrence, message.kind) == (f"airing:{airing}", Kind.SERVICE)
    assert message.useful_until == datetime(2026, 3, 12, 20, 30, tzinfo=UTC)


def test_an_empty_slot_stops_the_message_with_its_reason(world: World) -> None:
    world.member("+22370000001")
    world.campaign(hygiene(kind="bulletin", texts={"fr": {"sms": "Mais: {price_mais} F le kg", "read_aloud": "…"}}))
    done = plan(world)
    assert (done.planned, done.rows()) == (0, [{"language": "fr", "reason": "empty_slot", "people": 1}])


def test_a_stop_closes_what_is_planned_already(world: World) -> None:
    world.member("+22370000001")
    world.campaign(hygiene())
    plan(world)
    inbox.receive(
        world.db, "simulator",
        [Arrival(dedupe_key="1", sender="+22370000001", text="stop svp", received_at=world.now, digest="")],
    )  # fmt: skip
    message = messages(world)[0]
    assert (message.state, message.reason) == (State.CLOSED, "opted_out")
    with world.db.read() as session:
        assert session.get_one(Phone, world.phones["+22370000001"]).opted_out_by == "sms"


def test_a_single_message_started_after_its_hour_today_leaves_now(world: World) -> None:
    world.member("+22370000001")
    world.campaign(hygiene(hour="08:00"))
    assert plan(world).planned == 1


def test_a_correction_goes_to_the_phones_that_got_the_message(installation, world: World) -> None:
    world.member("+22370000001")
    world.campaign(hygiene())
    plan(world)
    sender.send_due(installation, world.now)
    world.member("+22370000002")  # came later, got nothing
    corrected = hygiene(audience={"received": "hygiene-essai/mains"}).model_copy(update={"campaign": "correction"})
    world.campaign(corrected)
    assert plan(world).planned == 1
    assert messages(world)[-1].phone_id == world.phones["+22370000001"]


def test_four_planners_at_once_plan_each_message_once(installation, world: World) -> None:
    for number in range(40):
        world.member(f"+223700000{number:02d}")
    world.campaign(hygiene())
    databases = [Database(world.db.url, world.db.keys) for _ in range(4)]
    with ThreadPoolExecutor(4) as pool:
        done = list(pool.map(lambda db: planner.plan(db, world.now, AHEAD).planned, databases))
    for db in databases:
        db.dispose()
    assert sum(done) == 40
    assert len(messages(world)) == 40


def test_a_personal_text_without_a_wording_for_the_family_goes_to_no_club(world: World) -> None:
    world.club("1041", ClubKind.IYCF, "+22370000009")
    world.member("+22370000002", child_born=date(2025, 8, 1), club="1041")
    world.now = datetime(2026, 2, 27, 9, 0, tzinfo=UTC)
    said = {"fr": {"sms": "Bebe de 6 mois: de la bouillie.", "read_aloud": "…"}}
    world.campaign(hygiene(when={"child_month": 6}, hour="09:00", personal="child_age", texts=said))
    done = plan(world, datetime(2026, 3, 1, 9, 0, tzinfo=UTC))
    assert (done.planned, done.rows()) == (0, [{"language": "fr", "reason": "no_text", "people": 1}])


def test_a_call_for_an_early_broadcast_leaves_the_evening_before(db, now) -> None:
    world = World(db, now).programme(always_open=False)
    world.hours("06:30-21:00", "service")
    world.club("1041", facilitator="+22370000009")
    world.airing(datetime(2026, 3, 13, 6, 0, tzinfo=UTC))
    world.campaign(
        hygiene(
            kind="listening_call", send_as="service", when={"before_airing": "1h"}, audience={"role": "facilitator"}
        )
    )
    assert plan(world, datetime(2026, 3, 12, 20, 0, tzinfo=UTC)).planned == 0
    assert plan(world, datetime(2026, 3, 12, 20, 50, tzinfo=UTC)).planned == 1
    assert messages(world)[0].due_at == datetime(2026, 3, 12, 20, 59, tzinfo=UTC)


def test_a_broken_row_of_one_programme_stops_no_other(world: World) -> None:
    world.member("+22370000001")
    world.campaign(hygiene())
    other = World(world.db, world.now).programme("autre", always_open=False)
    other.hours("nonsense")
    other.member("+22370000002")
    other.campaign(hygiene())
    assert plan(world).planned == 1
