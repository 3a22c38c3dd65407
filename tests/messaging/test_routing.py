"""Ways: every number has one, with its gateway and its price; who stands in for whom, and by whom nobody is asked."""

from __future__ import annotations

from datetime import timedelta

import pytest
import sqlalchemy as sa

from campaigns import planner
from messaging import routing
from messaging.errors import DataError
from messaging.gateways import tariffs
from messaging.installation import Installation
from messaging.models import Attempt, Gateway, Tariff
from messaging.models.post import AttemptState, Kind, State
from messaging.routing import Past
from messaging.rules import SENTENCES, Reason
from tests.conftest import NOW
from tests.messaging.posting import Post
from tests.world import World, hygiene

KINDS: list[str] = []


def gateway(ident: int, name: str, price: int, prefixes: list[str] | None = None, **prices: int) -> Gateway:
    row = Gateway(
        id=ident, name=name, adapter="twilio", price_micros=price, prefixes=prefixes or [], kinds=KINDS, position=ident
    )
    row.tariffs = [
        Tariff(gateway_id=ident, prefix="+" + start.removeprefix("to_"), price_micros=micros)
        for start, micros in prices.items()
    ]
    return row


def way_of(ways: list[routing.Way], number: str) -> tuple[str | None, int]:
    """The gateway and price of a number; fails when two ways claim it or none."""
    found = [
        way
        for way in ways
        if any(number.startswith(start) and not number.startswith(others or ("?",)) for start, others in way.starts)
    ]
    assert len(found) == 1, f"{number}: {found}"
    return (found[0].gateway.name if found[0].gateway else None), found[0].price_micros


@pytest.mark.parametrize(
    ("said", "rows", "number", "expected"),
    [
        ("one gateway, one price", [gateway(1, "a", 10)], "+22370", ("a", 10)),
        ("a dearer operator", [gateway(1, "a", 10, to_2236=15)], "+22366", ("a", 15)),
        ("the others as usual", [gateway(1, "a", 10, to_2236=15)], "+22376", ("a", 10)),
        ("the longest start wins", [gateway(1, "a", 10, to_2236=15, to_22366=20)], "+22366", ("a", 20)),
        ("a shorter one beside it", [gateway(1, "a", 10, to_2236=15, to_22366=20)], "+22365", ("a", 15)),
        ("an operator's own gateway", [gateway(1, "sim", 5, ["+2237"]), gateway(2, "all", 72)], "+22376", ("sim", 5)),
        ("its price is not the others", [gateway(1, "sim", 5, ["+2237"]), gateway(2, "all", 9)], "+22366", ("all", 9)),
        ("nobody serves it: priced as the first", [gateway(1, "sim", 5, ["+2237"])], "+22366", (None, 5)),
    ],
)  # fmt: skip
def test_each_number_has_one_way(said: str, rows: list[Gateway], number: str, expected: tuple[str | None, int]) -> None:
    assert way_of(routing.ways(rows, Kind.CAMPAIGN, demonstration=False), number) == expected, said


def test_one_way_for_all_asks_nothing_of_a_number() -> None:
    (way,) = routing.ways([gateway(1, "a", 10, to_2236=10)], Kind.CAMPAIGN, demonstration=False)
    assert way.is_for_all


# Which gateway carries a message


def way(ident: int, **columns: object) -> Gateway:
    values = {"name": f"g{ident}", "adapter": "android", "sender": "", "prefixes": [], "kinds": [], "position": ident}
    return Gateway(id=ident, **{**values, "paused_itself": False, **columns})


ITSELF = {"paused_at": NOW, "paused_itself": True}
BY_HAND = {"paused_at": NOW}
ONE_WAY = {"adapter": "twilio", "sender": "INFOCLUB"}
ORANGE = {"prefixes": ["+2237"]}
FOR_CALLS = {"kinds": ["service"]}
CHOICES = [  # gateways in their order; how the message is; which one carries it
    ("the first in order", [{}, {}], {}, 1),
    ("the one for its prefix", [{"prefixes": ["+2236"]}, {}], {}, 2),
    ("the one for its kind", [FOR_CALLS, {}], {"kind": Kind.CAMPAIGN}, 2),
    ("nobody serves it", [{"prefixes": ["+2236"]}], {}, None),
    ("the first rests by itself: the next", [ITSELF, {}], {}, 2),
    ("a person paused it: it waits", [BY_HAND, {}], {}, 1),
    ("the first rests, the second was paused by a person", [ITSELF, BY_HAND, {}], {}, 3),
    ("the next does not serve the number", [ITSELF, {"prefixes": ["+2236"]}], {}, 1),
    ("the next does not carry the kind", [ITSELF, FOR_CALLS], {"kind": Kind.CAMPAIGN}, 1),
    ("all rest: it waits for the first", [ITSELF, ITSELF], {}, 1),
    ("the first was not reached: the next", [{}, {}, {}], {"before": Past(unreached=1)}, 2),
    ("the second was not reached either", [{}, {}, {}], {"before": Past(unreached=2)}, 3),
    ("nobody was reached: from the front", [{}, {}, {}], {"before": Past(unreached=3)}, 1),
    ("it is the only one", [{}], {"before": Past(unreached=1)}, 1),
    ("not reached, then paused by a person", [BY_HAND, {}], {"before": Past(unreached=1)}, 1),
    ("it may be under way there", [{}, {}], {"before": Past(stays_at=2, unreached=2)}, 2),
    ("it may be under way at one that rests", [ITSELF, {}], {"before": Past(stays_at=1)}, 1),
    ("a reply where the question came by", [{}, {}], {"kind": Kind.REPLY, "came_by": 2}, 2),
    ("a reply never goes elsewhere", [{}, ITSELF], {"kind": Kind.REPLY, "came_by": 2, "before": Past(unreached=2)}, 2),
    ("a question by one that receives", [ONE_WAY, {}], {"asks": True}, 2),
    ("any other message by the first", [ONE_WAY, {}], {}, 1),
    ("a question where none receives", [ONE_WAY], {"asks": True}, 1),
    ("a question goes to no one-way for a while", [{}, ONE_WAY], {"asks": True, "before": Past(unreached=1)}, 1),
]


@pytest.mark.parametrize(("rows", "how", "number"), [row[1:] for row in CHOICES], ids=[row[0] for row in CHOICES])
def test_which_gateway_carries_a_message(
    rows: list[dict[str, object]], how: dict[str, object], number: int | None
) -> None:
    gateways = [way(place, **columns) for place, columns in enumerate(rows, 1)]
    chosen = routing.choose(gateways, "+22376", how.pop("kind", Kind.SERVICE), False, **how)  # type: ignore[arg-type]
    assert (chosen.id if chosen else None) == number


def test_a_demonstration_leaves_by_the_simulator_whatever_there_is() -> None:
    rows = [way(1), way(2, adapter="simulator")]
    for how in ({}, {"asks": True}, {"before": Past(stays_at=1)}, {"before": Past(unreached=2)}):
        chosen = routing.choose(rows, "+22376", Kind.SERVICE, True, **how)  # type: ignore[arg-type]
        assert chosen is rows[1]
    assert routing.choose(rows, "+22376", Kind.SERVICE, False) is rows[0]


PASTS = [  # attempts in their order: gateway, state, fault, declared not sent; where the next one may go
    ("none", [], Past()),
    ("taken", [(1, "accepted", None, False)], Past()),
    ("busy", [(1, "temporary", "network", False)], Past()),
    ("not reached", [(1, "temporary", "line", False)], Past(unreached=1)),
    ("not reached, then busy", [(1, "temporary", "line", False), (2, "temporary", "network", False)], Past()),
    ("refused for its account", [(1, "rejected", "channel", False)], Past()),
    ("nobody knows", [(1, "unknown", None, False)], Past(stays_at=1)),
    ("declared not sent", [(1, "not_sent", None, True)], Past(stays_at=1)),
    ("sent again by a person's order", [(1, "not_sent", None, False)], Past()),
    ("declared, then not reached", [(1, "not_sent", None, True), (1, "temporary", "line", False)],
     Past(stays_at=1, unreached=1)),
    ("the same key again, not reached", [(1, "temporary", "line", True)], Past(stays_at=1, unreached=1)),
    ("declared, and it left after all", [(1, "accepted", None, True)], Past()),
]  # fmt: skip


@pytest.mark.parametrize(("rows", "past"), [row[1:] for row in PASTS], ids=[row[0] for row in PASTS])
def test_what_earlier_attempts_say_of_the_next(rows: list[tuple[int, str, str | None, bool]], past: Past) -> None:
    attempts = [
        Attempt(
            id=str(place), gateway_id=gateway, state=AttemptState(state), fault=fault,
            started_at=NOW + timedelta(minutes=place), denied_at=NOW if denied else None,
        )
        for place, (gateway, state, fault, denied) in enumerate(rows)
    ]  # fmt: skip
    assert routing.past(attempts) == past
    assert routing.past(attempts[::-1]) == past


RECEIVES = [  # adapter, sender, what staff say; whether SMS come in
    ("a number at Twilio", "twilio", "+12025550123", None, True),
    ("a short code at Twilio", "twilio", "36001", None, True),
    ("a name at Twilio", "twilio", "INFOCLUB", None, False),
    ("a service at Twilio", "twilio", "MG" + "0" * 32, None, True),
    ("a name that begins like a service", "twilio", "MGinfo", None, False),
    ("a telephone", "android", "", None, True),
    ("Kannel, whatever its sender", "kannel", "36001", None, True),
    ("the simulator", "simulator", "", None, True),
    ("a number that staff know better", "twilio", "+22320000000", False, False),
    ("a name that staff know better", "kannel", "INFOCLUB", True, True),
]


@pytest.mark.parametrize(("adapter", "sender", "said", "does"), [r[1:] for r in RECEIVES], ids=[r[0] for r in RECEIVES])
def test_whether_sms_come_in(adapter: str, sender: str, said: bool | None, does: bool) -> None:
    assert routing.receives(Gateway(adapter=adapter, sender=sender, receives=said)) is does


QUESTION = {
    "kind": "question", "question": {"type": "yesno", "correct": [1]}, "one_act": False,
    "texts": {
        "fr": {
            "sms": "La cendre lave-t-elle? 1 OUI 2 NON. Un SMS: {answer_cost}", "read_aloud": "La cendre lave-t-elle ?",
            "right": "Oui.", "wrong": "La cendre lave.",
        }
    },
}  # fmt: skip


@pytest.fixture
def post(installation: Installation, world: World) -> Post:
    return Post(installation, world, world.now)


def test_a_question_by_a_gateway_that_receives_nothing_is_refused_with_the_people_counted(post: Post) -> None:
    carrier = post.gateway("sms", sender="INFOCLUB")
    post.world.crowd(3)
    post.world.campaign(hygiene(**QUESTION))
    planned = planner.plan(post.here.db, post.now, timedelta(minutes=15))
    assert (planned.planned, planned.rows()) == (0, [{"language": "fr", "reason": "one_way", "people": 3}])
    french, english = SENTENCES[Reason.ONE_WAY]
    assert "ne reçoit pas" in french and "receives no SMS" in english
    change(post, receives=True)
    planned = planner.plan(post.here.db, post.now + timedelta(minutes=11), timedelta(minutes=15))
    assert planned.planned == 3
    change(post, receives=False)
    post.send(minutes=11)
    assert carrier.asked == []
    assert {post.message().state, post.message().reason} == {State.WAITING, "one_way"}
    change(post, receives=True)
    post.send(minutes=61)
    assert len(carrier.asked) == 3


def test_a_question_takes_the_gateway_that_receives_and_any_other_message_the_first(post: Post) -> None:
    first, second = post.gateway("name", sender="INFOCLUB"), post.gateway("number")
    post.put("+22370000001")
    post.put("+22370000002", asks=True)
    post.send()
    assert [one.to[-1] for one in first.asked] == ["1"]
    assert [one.to[-1] for one in second.asked] == ["2"]


def change(post: Post, **said: object) -> None:
    with post.here.db.write() as session:
        for name, value in said.items():
            setattr(session.scalars(sa.select(Gateway).where(Gateway.name == "sms")).one(), name, value)


@pytest.mark.parametrize(
    ("words", "kinds"),
    [(["campaign"], ["campaign"]), (["service", "Campaign"], ["service", "campaign"]), (["any"], [])],
)
def test_the_kinds_of_a_gateway_are_read(words: list[str], kinds: list[str]) -> None:
    assert sorted(tariffs.parse_kinds(words)) == sorted(kinds)


@pytest.mark.parametrize("words", [["sms"], ["campaign", "any"], [""]])
def test_what_is_no_kind_is_refused(words: list[str]) -> None:
    with pytest.raises(DataError, match="no kind of message"):
        tariffs.parse_kinds(words)


@pytest.mark.parametrize(("words", "said"), [("yes", True), (" No ", False), ("any", None)])
def test_whether_it_receives_is_read(words: str, said: bool | None) -> None:
    assert tariffs.parse_receives(words) is said


@pytest.mark.parametrize("words", ["", "oui", "1"])
def test_what_says_nothing_of_receiving_is_refused(words: str) -> None:
    with pytest.raises(DataError, match="yes, no or any"):
        tariffs.parse_receives(words)


@pytest.mark.parametrize(
    ("words", "read"),
    [("+2236=8,5", ("+2236", 8_500_000)), ("22376 = 10", ("+22376", 10_000_000)), ("+2236=", ("+2236", None))],
)
def test_a_tariff_is_read(words: str, read: tuple[str, int | None]) -> None:
    assert tariffs.parse_tariff(words) == read


@pytest.mark.parametrize(
    "words", ["", "+2236", "=10", "Orange=10", "+2236=cher", "+2236=-1", "+2236=nan", "+2237000=9", "00223=5"]
)
def test_what_is_no_tariff_is_refused(words: str) -> None:
    with pytest.raises(DataError):
        tariffs.parse_tariff(words)


@pytest.mark.parametrize(("words", "rate"), [("10", 10.0), ("0,5", 0.5), ("6/min", 0.1), ("6 / min", 0.1)])
def test_a_rate_is_read(words: str, rate: float) -> None:
    assert tariffs.parse_rate(words) == pytest.approx(rate)


@pytest.mark.parametrize("words", ["0", "-1", "vite", "6/h", "", "1e9", "nan", "inf"])
def test_what_is_no_rate_is_refused(words: str) -> None:
    with pytest.raises(DataError):
        tariffs.parse_rate(words)


@pytest.mark.parametrize(
    ("words", "cost"),
    [("free", "free"), ("UNKNOWN", "unknown"), ("10", "10"), ("8,5", "8.5"), ("12345.67", "12345.67")],
)
def test_what_an_answer_costs_is_read(words: str, cost: str) -> None:
    assert tariffs.parse_answer_cost(words) == cost


@pytest.mark.parametrize("words", ["nan", "inf", "-5", "1e30", "cher"])
def test_what_is_no_price_is_refused(words: str) -> None:
    with pytest.raises(DataError):
        tariffs.parse_price(words)
