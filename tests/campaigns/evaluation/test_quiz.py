"""What came back from quizzes: every count against a plain recount over the raw rows, and what is never shown."""

from __future__ import annotations

import random
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from statistics import mean, stdev
from typing import Any

import pytest
import sqlalchemy as sa

from campaigns.definitions import Definition
from campaigns.evaluation import indicators, knowledge
from campaigns.evaluation.indicators import Count, Figure
from campaigns.evaluation.period import parse
from campaigns.evaluation.statistics import t_quantile
from campaigns.models import Answer, Step
from messaging.database import Database
from messaging.models import Gateway, Inbound, Member, MemberPhone, Message, PlaceParent, Programme
from messaging.models.people import Sex
from messaging.models.post import Delivery, InboundState, Kind, State
from tests.land import commune
from tests.world import World

NOW = datetime(2026, 5, 4, 9, 0, tzinfo=UTC)
SINCE, UNTIL = datetime(2026, 3, 10, tzinfo=UTC), datetime(2026, 4, 22, tzinfo=UTC)
QUESTIONS = {  # step: wave, code, day
    "avant-a": ("pre", "aa", "2026-03-12"), "avant-b": ("pre", "bb", "2026-03-13"),
    "apres-a": ("post", "aa", "2026-04-20"), "apres-b": ("post", "bb", "2026-04-22"),
    "seule": ("practice", "seule", "2026-03-01"), "avis": ("pre", "avis", "2026-03-14"),
}  # fmt: skip
PEOPLE = 60


@dataclass
class Raw:
    """What stands in the tables, as plain rows."""

    answers: list[dict[str, Any]]
    messages: dict[int, dict[str, Any]]
    members: dict[int, dict[str, Any]]
    steps: dict[int, tuple[str, str]]  # wave, question; polls left out
    communes: dict[int, int]  # by village


@pytest.fixture
def asked(db: Database, now: datetime) -> Iterator[World]:
    """Sixty people in two communes, on phones of their own and shared ones, who answer as the dice fall."""
    world = World(db, now).programme()
    dice = random.Random("quiz")
    for start, name in (("+223710", "Alpha"), ("+223720", "Beta")):
        commune(world, name)
        for place in range(PEOPLE // 2):
            number = f"{start}{place:05d}"
            world.member(number, sex=dice.choice([Sex.F, Sex.F, Sex.M]), language=dice.choice(["fr", "bm"]))
    world.campaign(_quiz())
    _answer(world, dice)
    yield world


def _quiz() -> Definition:
    steps = [
        {
            "step": step, "kind": "question", "when": {"date": day}, "hour": "17:30", "facts": ["HY3"],
            "question": {"type": "single", "wave": wave, "code": code, "poll": step == "avis",
                         "correct": [] if step == "avis" else [1]},
            "texts": {"fr": {"sms": f"{code}? 1 oui 2 non", "options": {"1": "oui", "2": "non"}, "right": "Merci.",
                             "read_aloud": "Oui ?", **({} if step == "avis" else {"wrong": "Merci."})}},
        }
        for step, (wave, code, day) in QUESTIONS.items()
    ]  # fmt: skip
    head = {"campaign": "savoirs", "title": {"fr": "Savoirs"}, "topic": "hygiene", "pillar": "social"}
    return Definition.model_validate({**head, "steps": steps})


def _answer(world: World, dice: random.Random) -> None:
    with world.db.read() as session:
        steps = dict(session.execute(sa.select(Step.code, Step.id)).all())
        people = session.execute(
            sa.select(MemberPhone.phone_id, Member.id, Member.village_id, Member.language).join(Member)
        ).all()
    with world.db.write() as session:
        gateway = session.scalars(sa.select(Gateway.id)).first()
        came = [
            Inbound(gateway_id=gateway, dedupe_key=f"k{place}", digest=str(place), text="x", received_at=world.now,
                    next_at=world.now, state=InboundState.HANDLED)
            for place in range(700)
        ]  # fmt: skip
        session.add_all(came)
        session.flush()
        inbounds = iter([row.id for row in came])
        for phone, member, village, language in people:
            for step, (_, _, day) in QUESTIONS.items():
                sent = datetime.fromisoformat(f"{day}T17:30+00:00")
                left = sent if dice.random() < 0.95 else None
                message = Message(
                    programme_id=world.programme_id, kind=Kind.CAMPAIGN, step_id=steps[step], occurrence="once",
                    phone_id=phone, member_id=member, village_id=village, language_wanted=language, language=language,
                    encoding="GSM-7", segments=1, state=State.CLOSED, due_at=sent, next_at=sent, useful_until=sent,
                    created_at=sent, handed_over_at=left,
                    delivery=dice.choice([Delivery.DELIVERED, Delivery.FAILED, None]) if left else None,
                )  # fmt: skip
                session.add(message)
                session.flush()
                for turn in range(dice.choice([0, 1, 1, 1, 2]) if left else 0):
                    value = dice.choice(["1", "1", "1", "2", "2", "DK"])
                    session.add(Answer(
                        step_id=steps[step], occurrence="once", message_id=message.id, inbound_id=next(inbounds),
                        phone_id=phone, member_id=member if dice.random() < 0.8 else None, value=value,
                        correct=None if value == "DK" or step == "avis" else value == "1",
                        late=dice.random() < 0.1, answered_at=sent + timedelta(hours=dice.randint(1, 30) + turn),
                    ))  # fmt: skip


def raw(world: World) -> Raw:
    with world.db.read() as session:
        steps = dict(session.execute(sa.select(Step.id, Step.code)).all())

        def rows(model: Any, *names: str) -> list[dict[str, Any]]:
            query = sa.select(*(getattr(model, name) for name in names)).order_by(model.id)
            return [dict(row._mapping) for row in session.execute(query)]

        return Raw(
            rows(Answer, "id", "step_id", "message_id", "phone_id", "member_id", "value", "correct", "late",
                 "answered_at"),
            {row["id"]: row for row in rows(Message, "id", "step_id", "phone_id", "village_id", "language",
                                            "handed_over_at", "delivery")},
            {row["id"]: row for row in rows(Member, "id", "village_id", "sex")},
            {ident: QUESTIONS[code][:2] for ident, code in steps.items() if code != "avis"},
            dict(session.execute(sa.select(PlaceParent.place_id, PlaceParent.parent_id)).all()),
        )  # fmt: skip


def counted(world: World, code: str, by: tuple[str, ...]) -> dict[tuple[Any, ...], Count]:
    with world.db.read() as session:
        programme = session.get_one(Programme, world.programme_id)
        period = parse(SINCE.date().isoformat(), "2026-04-21", programme.zone)
        return {one.cut: one for one in indicators.count(session, programme, period, NOW, by=by, codes=[code])}


def standing(found: Raw) -> list[dict[str, Any]]:
    """The answers to questions, each with whether it counts: the last of a person, or of a phone without a name."""
    last: dict[Any, int] = {}
    rows = [row for row in found.answers if row["step_id"] in found.steps]
    for row in sorted(rows, key=lambda row: (row["answered_at"], row["id"])):
        who = (row["member_id"], None if row["member_id"] else row["phone_id"])
        last[row["step_id"], who, row["late"]] = row["id"]
    kept = set(last.values())
    return [{**row, "counts": row["id"] in kept and not row["late"]} for row in rows]


def cut_of(found: Raw, row: dict[str, Any], by: tuple[str, ...]) -> tuple[Any, ...]:
    """The cut of an answer, by hand."""
    message = found.messages[row["message_id"]]
    member = found.members.get(row["member_id"])
    wave, question = found.steps[row["step_id"]]
    said = {
        "area": found.communes[message["village_id"]], "month": f"{row['answered_at']:%Y-%m}", "quiz": "savoirs",
        "sex": member["sex"].value if member else "unknown", "language": message["language"], "wave": wave,
        "question": question,
    }  # fmt: skip
    return tuple(said[name] for name in by)


def scores_of(found: Raw, before: datetime) -> dict[tuple[int, str], list[dict[str, Any]]]:
    """The answers that count of each member and wave, the newest of each question."""
    newest: dict[Any, dict[str, Any]] = {}
    for row in sorted(standing(found), key=lambda row: (row["answered_at"], row["id"])):
        if row["counts"] and row["member_id"] and row["answered_at"] < before:
            newest[row["member_id"], row["step_id"]] = row
    by_wave: dict[tuple[int, str], list[dict[str, Any]]] = defaultdict(list)
    for (member, step), row in newest.items():
        by_wave[member, found.steps[step][0]].append(row)
    return by_wave


def check(found: dict[tuple[Any, ...], Count], above: Counter[Any], below: Counter[Any] | None) -> None:
    told = {cut: (one.numerator, one.denominator) for cut, one in found.items()}
    cuts = {*above, *(below or ())}
    assert told == {cut: (above[cut], below[cut] if below is not None else None) for cut in cuts}


BYS = [(), ("area",), ("sex",), ("area", "month"), ("language", "wave"), ("quiz", "wave", "question")]
OF_ANSWERS: dict[str, tuple[Callable[[Any], bool], Callable[[Any], bool] | None]] = {
    "QUI-OK": (lambda row: row["counts"] and bool(row["correct"]), lambda row: row["counts"] and row["value"] != "DK"),
    "QUI-DK": (lambda row: row["counts"] and row["value"] == "DK", lambda row: row["counts"]),
    "QUI-LATE": (lambda row: row["late"], None),
    "QUI-NONAME": (lambda row: row["counts"] and not row["member_id"], None),
}


def test_everything_equals_a_recount(asked: World) -> None:
    found = raw(asked)
    rows = [row for row in standing(found) if SINCE <= row["answered_at"] < UNTIL]
    for code, (is_above, is_below) in OF_ANSWERS.items():
        for by in BYS:
            if not set(by) <= set(indicators.DEFINITIONS[code].by):
                continue
            cuts = [(row, cut_of(found, row, by)) for row in rows]
            above = Counter(cut for row, cut in cuts if is_above(row))
            check(counted(asked, code, by), above, is_below and Counter(cut for row, cut in cuts if is_below(row)))
    _phones(asked, found)
    _gains(asked, found)
    _passed(asked, found)
    _compared(asked)


def _phones(world: World, found: Raw) -> None:
    answered = {row["message_id"] for row in found.answers}
    reached = [
        row for row in found.messages.values()
        if row["step_id"] in found.steps and row["handed_over_at"] and SINCE <= row["handed_over_at"] < UNTIL
        and (row["delivery"] in (Delivery.DELIVERED, Delivery.READ) or row["id"] in answered)
    ]  # fmt: skip
    responses = counted(world, "QUI-RR", ("wave",))
    for wave in ("pre", "post"):
        of_it = [row for row in reached if found.steps[row["step_id"]][0] == wave]
        told = responses[(wave,)]
        assert told.denominator == len({row["phone_id"] for row in of_it})
        assert told.numerator == len({row["phone_id"] for row in of_it if row["id"] in answered})
    done = defaultdict(set)
    for row in standing(found):
        if row["counts"]:
            done[row["phone_id"], found.steps[row["step_id"]][0]].add(row["step_id"])
    sizes = Counter(wave for wave, _ in found.steps.values())
    pairs = {(row["phone_id"], found.steps[row["step_id"]][0]) for row in reached}
    (told,) = counted(world, "QUI-CR", ()).values()
    assert (told.numerator, told.denominator) == (
        sum(len(done[pair]) == sizes[pair[1]] for pair in pairs), len(pairs)
    )  # fmt: skip
    assert sum(one.numerator for one in counted(world, "QUI-CR", ("area", "wave")).values()) == told.numerator


def _gains(world: World, found: Raw) -> None:
    by_wave = scores_of(found, UNTIL)
    percent = {key: 100 * sum(bool(row["correct"]) for row in rows) / 2 for key, rows in by_wave.items()}
    for by, wanted in (((), [None]), (("sex",), ["f", "m"])):
        told = counted(world, "QUI-GAIN", by)
        for sex in wanted:
            gains = [
                percent[member, "post"] - before
                for (member, wave), before in percent.items()
                if wave == "pre" and (member, "post") in percent
                and (sex is None or found.members[member]["sex"].value == sex)
            ]  # fmt: skip
            one = told[(sex,) if sex else ()]
            assert (one.denominator, one.value) == (len(gains), pytest.approx(mean(gains)))
            half = t_quantile(len(gains) - 1) * stdev(gains) / len(gains) ** 0.5
            assert one.more["s"] == pytest.approx(stdev(gains))
            assert (one.more["low"], one.more["high"]) == pytest.approx((mean(gains) - half, mean(gains) + half))


def _passed(world: World, found: Raw) -> None:
    sizes = Counter(wave for wave, _ in found.steps.values())
    whole = {key: rows for key, rows in scores_of(found, UNTIL).items() if len(rows) == sizes[key[1]]}
    above = Counter(
        key[1] for key, rows in whole.items() if 100 * sum(bool(row["correct"]) for row in rows) >= 60 * len(rows)
    )
    told = counted(world, "QUI-PASS", ("wave",))
    below = Counter(wave for _, wave in whole)
    assert {cut[0]: (one.numerator, one.denominator) for cut, one in told.items()} == {
        wave: (above[wave], below[wave]) for wave in below
    }


def _compared(world: World) -> None:
    with world.db.read() as session:
        programme = session.get_one(Programme, world.programme_id)
        period = parse("2026-03-10", "2026-04-30", programme.zone)
        told = knowledge.compare(session, programme, "savoirs", period, NOW)
        nothing = knowledge.compare(session, programme, "autre", period, NOW)
    assert [one.question for one in told.items] == ["aa", "bb", "seule"]
    assert told.waves == ("pre", "post")
    assert all(one.pairs and one.pairs.persons and one.pairs.persons >= 5 for one in told.items[:2])
    assert (nothing.items, nothing.gain) == ((), None)


# --- what a comparison says


@pytest.mark.parametrize(
    ("label", "four", "expected"),
    [
        ("four", (1, 1, 1, 1), knowledge.Pairs(None)),
        ("one small number hides all", (20, 10, 2, 9), knowledge.Pairs(41)),
        ("none lost is no small number", (20, 10, 0, 9), knowledge.Pairs(39, 20, 10, 0, 9, 2 / 2**10)),
    ],
)  # fmt: skip
def test_pairs_of_a_question(label: str, four: tuple[int, ...], expected: knowledge.Pairs) -> None:
    keys = ((True, True), (False, True), (True, False), (False, False))
    assert knowledge.pairs_of(dict(zip(keys, four, strict=True))) == expected


def gain(value: float | None, low: float = 0, high: float = 0, **more: Any) -> Figure:
    cut = more.pop("cut", {"quiz": "savoirs"})
    return Figure("QUI-GAIN", cut, value, 41, value, {"low": low, "high": high} if low or high else {}, **more)


@pytest.mark.parametrize(
    ("figure", "said"),
    [
        (gain(18.2, 9, 27), "Among the 41 people who answered both times, the share of right answers rose by "
         "18 points; the true value may lie between 9 and 27. People who answered only once are not in this number."),
        (gain(5, -3, 13), "Among the 41 people who answered both times, the share of right answers rose by 5 points; "
         "the true change may lie between −3 and +13. People who answered only once are not in this number."),
        (gain(-5, -12, 2), "Among the 41 people who answered both times, the share of right answers fell by 5 points; "
         "the true change may lie between −12 and +2. People who answered only once are not in this number."),
        (gain(0.2, cut={}), "Among the 41 pairs of answers, each of one person to one quiz before and after, the share "
         "of right answers did not change. People who answered only once are not in this number."),
        (gain(None, is_suppressed=True), "Fewer than 5 people answered both times: the gain is not shown."),
    ],
)  # fmt: skip
def test_the_sentence_of_a_gain(figure: Figure, said: str) -> None:
    assert knowledge.sentence(figure, "en") == said
    assert knowledge.sentence(figure, "fr") != said
