"""After an outage one message a phone: which, what becomes of the others, and what is no outage at all."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa

from messaging import outages
from messaging.digest import Post as Row
from messaging.digest import cut_off, group_of
from messaging.engines import pulse
from messaging.gateways import pausing
from messaging.gateways.protocol import Fault
from messaging.installation import Installation
from messaging.models import Gateway, Mark, Message
from messaging.models.post import Kind
from messaging.outages import Outage
from tests.messaging.posting import Post, able, later, refused
from tests.world import World

NOW = datetime(2026, 3, 12, 17, 30, tzinfo=UTC)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
AWA = "+22370000001"
ONCE = able("by_key", idempotent_submit=True)  # the same key again: an attempt is begun anew, not made anew


def ago(hours: float) -> datetime:
    return NOW - hours * HOUR


def row(
    ident: int, due: float, tried: tuple[float, float] | None = None, priority: int = 0, useful: float = 48,
    **more: object,
) -> Row:  # fmt: skip
    """A message due some hours ago, first and last tried in vain some hours ago, useful so long from now on."""
    left = more.pop("left", None)
    return Row(
        ident, True, priority, ago(due), NOW + useful * HOUR, vain=(ago(tried[0]), ago(tried[1])) if tried else None,
        left_at=ago(left) if isinstance(left, int | float) else None, waits=left is None and more.pop("waits", True),
        **more,  # type: ignore[arg-type]
    )  # fmt: skip


LONG, SHORT = (60.0, 3.0), (20.0, 3.0)
# Label, the messages of a phone, and what is said of each that is asked: goes, waits, closes.
CASES: list[tuple[str, Sequence[Row], dict[int, str]]] = [
    ("one alone", [row(1, 60, LONG)], {1: ""}),
    ("the freshest goes", [row(1, 60, LONG), row(2, 30, (30, 2))], {1: "waits", 2: ""}),
    ("the higher priority goes", [row(1, 60, LONG, 5), row(2, 30, (30, 2))], {1: "", 2: "waits"}),
    ("the freshest is of no use when it opens", [row(1, 60, LONG), row(2, 5, (5, 2), useful=-1)], {1: ""}),
    ("the freshest waits for a person", [row(1, 60, LONG), row(2, 30, (30, 2), is_able=False)], {1: ""}),
    ("one is on its way", [row(1, 60, LONG), row(2, 70, (70, 2), waits=False, is_under_way=True)], {1: "waits"}),
    ("one has left", [row(1, 60, LONG), row(2, 30, left=1)], {1: "left"}),
    ("one has left, and what is new goes", [row(1, 60, LONG), row(2, 30, left=1), row(3, 0.5)], {1: "left", 3: ""}),
    ("a reply came through, none of them yet",
     [row(1, 60, LONG), row(2, 30, (30, 2)), Row(3, False, 10, ago(1), NOW, waits=False, left_at=ago(1))],
     {1: "waits", 2: ""}),
    ("an evening of bad line", [row(1, 26, (26, 24)), row(2, 25, (25, 24))], {1: "", 2: ""}),
    ("less than a day", [row(1, 20, SHORT), row(2, 18, (18, 3))], {1: "", 2: ""}),
    ("stale ones tell since when", [row(1, 20, SHORT), row(2, 15, (15, 3)), row(3, 70, (70, 50), waits=False)],
     {1: "waits", 2: ""}),
    ("something left in between", [row(1, 60, LONG), row(2, 30, (30, 2)), row(3, 31, left=10)], {1: "left", 2: "left"}),
    ("waited for its cap, never tried", [row(1, 60), row(2, 30)], {1: "", 2: ""}),
    ("tried just now after days of waiting", [row(1, 90, (1, 0.5)), row(2, 70, (1, 0.5))], {1: "", 2: ""}),
]  # fmt: skip


@pytest.mark.parametrize(("posts", "expected"), [case[1:] for case in CASES], ids=[case[0] for case in CASES])
def test_what_a_phone_that_was_cut_off_gets(posts: Sequence[Row], expected: dict[int, str]) -> None:
    found = {ident: group_of(ident, posts, (), NOW) for ident in expected}
    assert {ident: group.outdone(ident, NOW) if group else "" for ident, group in found.items()} == expected


def test_the_order_of_the_table_says_nothing() -> None:
    posts = [row(1, 60, LONG), row(2, 30, (30, 2)), row(3, 40, (40, 2))]
    for order in (posts, posts[::-1], posts[1:] + posts[:1]):
        groups = {ident: group_of(ident, order, (), NOW) for ident in (1, 2, 3)}
        assert {ident for ident, group in groups.items() if group and not group.outdone(ident, NOW)} == {2}


def test_when_a_phone_was_cut_off() -> None:
    posts = [row(1, 60, LONG), row(2, 200, (190, 150), waits=False), row(3, 130, left=120)]
    assert cut_off(posts, NOW) == [Outage(ago(190), ago(120)), Outage(ago(60), NOW)]


NOTED = [Outage(ago(80), ago(2))]
PAUSED = [
    ("due in it", [row(1, 60), row(2, 5)], {1: "waits", 2: ""}),
    ("one has left", [row(1, 60), row(2, 5, left=1)], {1: "left"}),
    ("due before it", [row(1, 90), row(2, 5)], {1: "", 2: ""}),
    ("due after it", [row(1, 60), row(2, 1)], {1: "", 2: ""}),
    ("another gateway stood in", [row(1, 60), row(2, 5), row(3, 40, left=30)], {1: "", 2: ""}),
]


@pytest.mark.parametrize(("posts", "expected"), [case[1:] for case in PAUSED], ids=[case[0] for case in PAUSED])
def test_what_became_due_while_a_gateway_was_paused(posts: Sequence[Row], expected: dict[int, str]) -> None:
    found = {ident: group_of(ident, posts, NOTED, NOW) for ident in expected}
    assert {ident: group.outdone(ident, NOW) if group else "" for ident, group in found.items()} == expected


@pytest.fixture
def post(installation: Installation, world: World) -> Post:
    """A gateway that takes a key once."""
    found = Post(installation, world, NOW - 10 * DAY)
    found.gateway("twilio", ONCE)
    world.member(AWA)
    return found


def fate(post: Post) -> list[str]:
    """What became of each message, in the order in which they were put."""
    with post.here.db.read() as session:
        rows = session.scalars(sa.select(Message).order_by(Message.id)).all()
        return [one.reason or ("sent" if one.handed_over_at else one.state.value) for one in rows]


def daily(post: Post, days: int, kind: Kind = Kind.CAMPAIGN) -> None:
    """A message a day, useful for three days and a half, and the sender every two hours."""
    for day in range(days):
        post.put(AWA, kind, occurrence=f"test:{post.now:%m-%d}-{day}", member=True, useful_until=post.now + 84 * HOUR)
        for _ in range(12):
            post.send(120)


def test_a_line_that_is_down_for_ten_days_leaves_one_message(post: Post) -> None:
    post.carriers["twilio"].answers += [later()] * 2_000
    daily(post, 10)
    post.carriers["twilio"].answers.clear()
    post.put(AWA, Kind.REPLY, text="Bien recu.")  # an answer is apart
    for _ in range(10):
        post.send(60)
    texts = [one.text for one in post.carriers["twilio"].asked[-2:]]
    assert sorted(texts) == ["Bien recu.", "I ni ce"]
    assert fate(post) == ["stale"] * 7 + ["caught_up"] * 2 + ["sent", "sent"]
    post.put(AWA, Kind.CAMPAIGN, occurrence="test:new", member=True)
    assert post.send(5)["accepted"] == 1, "what falls due afterwards leaves as ever"


def test_two_bad_hours_cost_nothing(post: Post) -> None:
    post.carriers["twilio"].answers += [later()] * 6
    for place in range(3):
        post.put(AWA, Kind.CAMPAIGN, occurrence=f"test:{place}", member=True)
    post.hours(6)
    assert fate(post) == ["sent"] * 3


def test_a_slow_modem_is_no_outage(post: Post) -> None:
    """What waits three days for its turn was never tried: it leaves, the second of a phone too."""
    for place in range(2):
        post.put(AWA, Kind.CAMPAIGN, occurrence=f"test:{place}", member=True, useful_until=post.now + 5 * DAY)
    post.now += 3 * DAY
    assert post.send()["accepted"] == 2


def pause(post: Post, days: float) -> None:
    """Somebody pauses the gateway, and lets it go on."""
    for act, wait in ((pausing.pause, days), (pausing.resume, 0)):
        with post.here.db.write() as session:
            gateway = session.scalars(sa.select(Gateway).where(Gateway.name == "twilio")).one()
            act(session, gateway, *([] if act is pausing.resume else ["crédit"]), post.now)
        if wait:
            daily(post, int(wait)) if wait >= 1 else post.hours(int(wait * 24))


def test_a_gateway_that_was_paused_for_days_leaves_one_message_a_phone(post: Post) -> None:
    pause(post, 4)
    for _ in range(4):
        post.send(60)
    assert fate(post) == ["stale", "caught_up", "caught_up", "sent"]


def test_a_gateway_whose_credit_was_out_for_two_days(post: Post) -> None:
    """It rests by itself after the first refusal; nothing else is tried meanwhile."""
    post.carriers["twilio"].answers.append(refused(Fault.CHANNEL, "credit"))
    daily(post, 2, Kind.SERVICE)
    with post.here.db.write() as session:
        pausing.resume(session, session.scalars(sa.select(Gateway).where(Gateway.name == "twilio")).one(), post.now)
    for _ in range(3):
        post.send(60)
    assert fate(post) == ["caught_up", "sent"]


SILENCES: list[tuple[str, timedelta | None, int]] = [
    ("no engine ever ran", None, 0), ("it ran yesterday", 23 * HOUR, 0), ("it stood still for a week", 7 * DAY, 1)
]  # fmt: skip


@pytest.mark.parametrize(("silent", "noted"), [case[1:] for case in SILENCES], ids=[case[0] for case in SILENCES])
def test_an_engine_that_starts_remembers_since_when_none_ran(post: Post, silent: timedelta | None, noted: int) -> None:
    if silent is not None:
        with post.here.db.write() as session:
            session.merge(Mark(name=pulse.ENGINE, value=(NOW - silent).isoformat()))
    outages.note_silence(post.here.db, NOW)
    with post.here.db.read() as session:
        assert outages.known(session) == ([Outage(NOW - silent, NOW)] if noted and silent else [])


def test_an_engine_that_stood_still_leaves_one_message_a_phone(post: Post) -> None:
    with post.here.db.write() as session:
        session.merge(Mark(name=pulse.ENGINE, value=post.now.isoformat()))
    for place in range(3):
        post.put(AWA, Kind.CAMPAIGN, occurrence=f"test:{place}", member=True, due_at=post.now + place * HOUR,
                 useful_until=post.now + 5 * DAY)  # fmt: skip
    post.now += 3 * DAY
    outages.note_silence(post.here.db, post.now)
    for _ in range(3):
        post.send(60)
    assert fate(post) == ["caught_up", "caught_up", "sent"]


def test_no_query_more_where_nothing_was_tried_and_nothing_is_late(post: Post) -> None:
    found: list[str] = []
    note: Callable[..., None] = lambda *args: found.append(args[2])  # noqa: E731
    post.put(AWA, Kind.CAMPAIGN, occurrence="test:1", member=True)
    sa.event.listen(post.here.db.engine, "before_cursor_execute", note)
    post.send()
    sa.event.remove(post.here.db.engine, "before_cursor_execute", note)
    assert found and not [one for one in found if "outage" in one or "min(CASE" in one.replace("MIN", "min")]
