"""kill -9 of bearerbox, of smsbox and of our process in mid-traffic: what was lost or doubled, and at whose hand.

Ours is: what we answered is stored, nothing is handed over twice, and what nobody can know is parked and listed.
What Kannel itself loses or doubles is not ours to undo; it is counted and printed.
"""

from __future__ import annotations

import os
import re
import shutil
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from messaging import addresses
from messaging.models import Attempt, Message
from messaging.models.post import AttemptState, Delivery, State
from messaging.phones import Keys
from tests.benchmarks.figure import figure
from tests.kannel.boxes import Boxes, free_port, wait_for
from tests.kannel.centre import FATES, Centre
from tests.kannel.ours import NAME, Ours
from tests.kannel.tap import Tap

FULL = "JEKULU_KANNEL_FULL" in os.environ  # see `make kannel`
HOW_MANY = 1000 if FULL else 200
TARGET = re.compile(r"target:(\+\d+)")


@dataclass
class Scene:
    """All that stands between a phone and our database."""

    centre: Centre
    boxes: Boxes
    tap: Tap  # between Kannel and our door
    ours: Ours
    out: list[str]  # numbers that we write to
    came: list[str]  # numbers that write to us

    def submits(self) -> Counter[str]:
        """How often smsbox was given an SMS, by number; from its own access log."""
        log = self.boxes.folder / "access.log"
        return Counter(TARGET.findall(log.read_text("utf-8", "replace"))) if log.exists() else Counter()

    def is_at_rest(self) -> bool:
        """Nothing moves any more: Kannel is empty, we wait for nothing, and no receipt came for a while."""
        waits = self.ours.count(Message.state.in_((State.WAITING, State.SUBMITTING)), Message.id.is_not(None))
        opened = self.ours.count(Attempt.state == AttemptState.SUBMITTING)
        if waits or opened or not self.boxes.is_idle():
            return False
        before = len(self.tap.passes)
        time.sleep(2.5)
        return len(self.tap.passes) == before and not self.ours.count(
            Message.state.in_((State.WAITING, State.SUBMITTING)), Message.id.is_not(None)
        )


@pytest.fixture
def scene(tmp_path: Path, sqlite_template: Path, keys: Keys) -> Iterator[Scene]:
    """Slow enough that a kill finds SMS at every place of the way."""
    url, own = f"sqlite:///{tmp_path / 'jekulu.sqlite'}", free_port()
    shutil.copy(sqlite_template, tmp_path / "jekulu.sqlite")
    with Centre(free_port()) as centre, Tap(own) as tap:
        post_url = addresses.inbound_url(tap.url, NAME, keys) + "?id=%I&from=%q&time=%T&smsc=%i"
        more = {"smsbox": {"access-log": f'"{tmp_path}/kannel/access.log"'}, "smsc": {"throughput": 100}}
        with (
            Boxes(tmp_path / "kannel", centre.port, post_url, more=more) as boxes,
            Ours(tmp_path, url, keys, own, tap.url, boxes.api, boxes.admin) as ours,
        ):
            spare = [f"+2237{place:07d}" for place in range(2 * HOW_MANY + 20)]
            some = [number for number in spare if number[-3:] not in FATES]
            yield Scene(centre, boxes, tap, ours, some[:HOW_MANY], some[HOW_MANY : 2 * HOW_MANY])


def kill_bearerbox(scene: Scene) -> None:
    scene.boxes.kill("bearerbox")
    scene.boxes.start()


def kill_smsbox(scene: Scene) -> None:
    scene.boxes.kill("smsbox")
    scene.boxes.start()


def kill_ours(scene: Scene) -> None:
    scene.ours.kill()
    scene.ours.start()


@pytest.mark.parametrize("kill", [kill_bearerbox, kill_smsbox, kill_ours])
def test_what_a_kill_in_mid_traffic_costs(scene: Scene, kill: Callable[[Scene], None]) -> None:
    scene.ours.people([*scene.out, *scene.came])
    for place, number in enumerate(scene.came):
        scene.centre.write(number, f"QUIZ {place}", f"in:{number}")
    scene.ours.put((number, f"Ɔwɔ kɛnɛya {place}") for place, number in enumerate(scene.out))
    wait_for("a third on its way", lambda: len(scene.centre.sms) >= HOW_MANY / 3, 120)
    kill(scene)
    wait_for("all Kannel was given to be acknowledged", lambda: acknowledged(scene) >= set(scene.came), 120)
    wait_for("rest", scene.is_at_rest, 180)
    judge(scene, kill.__name__.replace("_", " "))


def acknowledged(scene: Scene) -> set[str]:
    """Whose SMS Kannel took from the centre for good."""
    return {name.removeprefix("in:") for name in scene.centre.taken if name.startswith("in:")}


def judge(scene: Scene, name: str) -> None:
    """Count at both ends, print at whose hand, and hold us to what is ours."""
    ours, submits, copies = scene.ours, scene.submits(), scene.centre.copies()
    stored, parked, states = ours.inbounds(), ours.parked(), ours.messages()
    phones = {ident: number for number, ident in ours.world.phones.items()}
    in_once = Counter(phones[row.phone_id] for row in stored if row.phone_id)
    unknown = {row.message_id for row in ours.attempts() if row.state is AttemptState.UNKNOWN}
    never = {to for to in scene.out if to not in copies}
    told = {to for to in scene.out if states[to].delivery is Delivery.DELIVERED}
    gave_twice = {number for number, count in in_once.items() if count > 1}
    at_kannel = {
        "out, lost in Kannel": len(never & (submits.keys() - parked)),
        "out, doubled by Kannel": sum(count > submits.get(to, 0) for to, count in copies.items()),
        "in, lost in Kannel": len(acknowledged(scene) - in_once.keys()),
        "in, doubled by Kannel": len(gave_twice),
        "receipts lost in Kannel": len(set(scene.out) & copies.keys() - told - parked),
    }
    at_ours = {
        "out, handed over twice by us": sum(count > 1 for count in submits.values()),
        "out, neither told, taken nor listed": len(
            [to for to in scene.out if states[to].state not in (State.CLOSED, State.HANDED_OVER) and to not in parked]
        ),
        "in, answered and not stored": len(
            {one.ident for one in scene.tap.answered("/in?")} - {row.provider_id or "" for row in stored}
        ),
        "receipts answered and not stored": len(
            {one.key for one in scene.tap.answered("/r/")} - {row.about for row in ours.receipts()}
        ),
        "unknown and not listed": len(unknown - {states[to].id for to in parked} - replies(ours)),
        "in, stored and not answered": len([row for row in stored if row.handled_at is None]),
    }
    listed = {
        "parked for a person, never arrived": len(parked & never),
        "parked for a person, arrived": len(parked - never),
    }
    for what, count in {**at_kannel, **listed}.items():
        figure(f"{name}: {what}", count, HOW_MANY, count / HOW_MANY, True)
    for what, count in at_ours.items():
        figure(f"{name}: {what}", count, 0, count, count == 0)
    assert at_ours == dict.fromkeys(at_ours, 0)
    assert {to: scene.centre.texts(to)[0] for to in copies.keys() & set(scene.out)} == {
        to: f"Ɔwɔ kɛnɛya {place}" for place, to in enumerate(scene.out) if to in copies
    }


def replies(ours: Ours) -> set[int]:
    """The messages that answer an SMS and are parked too."""
    with ours.db.read() as session:
        rows = session.query(Message).filter(Message.state == State.HELD).all()
    return {row.id for row in rows}
