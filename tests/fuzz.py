"""`make fuzz`: random and mutated texts through the reader and the handlers; prints one JSON line a figure.

What must hold for each: no crash, stored once, at most one reply, every reply one GSM-7 segment. The texts follow
from the seed alone, so that a finding can be had again: `python -m tests.fuzz --seed 7 --texts 100000`.
"""

from __future__ import annotations

import argparse
import json
import random
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

import sqlalchemy as sa

from campaigns.conversation import converse as conversation
from campaigns.conversation.grammar import read
from campaigns.models import Attendance
from messaging import inbox, letters, migrations
from messaging.clock import utc_now
from messaging.database import Database
from messaging.gateways.protocol import Arrival
from messaging.installation import prepare
from messaging.models import Inbound, Message
from messaging.models.people import ClubKind
from messaging.models.post import InboundState, Kind
from messaging.phones import Keys
from tests.benchmarks.figure import figure
from tests.world import World

EXAMPLES = json.loads((Path(__file__).parent / "data" / "inbound_examples.json").read_text(encoding="utf-8"))
SIGNS = "0123456789OoIl| ,;:.-=/#*+()_&\"!?[]'\n\t\0\u200b\u00a0ɛɔɲŋéèàçœ…«»😀\ud800\U000e0041٣۴１²½Ⅷ"
SPREAD = 700  # phones that write: a person who writes fast is told apart from a machine
BATCH = 200


@dataclass
class Found:
    """What went wrong, by kind; empty is well."""

    texts: int = 0
    wrong: dict[str, list[str]] = field(default_factory=dict)

    def note(self, kind: str, text: str) -> None:
        """Keep a few of each kind."""
        self.wrong.setdefault(kind, []).append(repr(text)[:200])


def texts(seed: int, count: int) -> Iterator[str]:
    """Real ones, real ones with one to five edits, two joined, and signs of all of Unicode."""
    dice = random.Random(seed)
    real = [example["text"] for example in EXAMPLES]
    for _ in range(count):
        shape = dice.random()
        if shape < 0.55:
            yield edited(dice.choice(real), dice)
        elif shape < 0.7:
            yield dice.choice(real) + dice.choice((" ", "\n", "", ". ")) + edited(dice.choice(real), dice)
        elif shape < 0.9:
            yield "".join(any_sign(dice) for _ in range(dice.randrange(0, 40)))
        else:
            yield dice.choice(real) * dice.randrange(1, 12)


def edited(text: str, dice: random.Random) -> str:
    """One to five signs taken away, put in, changed or swapped."""
    for _ in range(dice.randrange(1, 6)):
        at = dice.randrange(len(text) + 1)
        what = dice.randrange(4)
        if what == 0:
            text = text[:at] + text[at + 1 :]
        elif what == 1:
            text = text[:at] + any_sign(dice) + text[at:]
        elif what == 2:
            text = text[:at] + any_sign(dice) + text[at + 1 :]
        else:
            text = text[:at] + text[at + 1 : at + 2] + text[at : at + 1] + text[at + 2 :]
    return text


def any_sign(dice: random.Random) -> str:
    """A sign that matters to the reader, or any of Unicode, lone surrogates included."""
    if dice.random() < 0.6:
        return dice.choice(SIGNS)
    if dice.random() < 0.5:
        return chr(dice.randrange(32, 0x250))
    return chr(dice.randrange(0x110000))


def people(world: World) -> list[str]:
    """Who writes: facilitators of one club and of two, an adviser, a host, members in three languages, strangers."""
    world.club("1041", ClubKind.LISTENERS_CLUB, "+22370000009")
    world.club("1055", ClubKind.APFLS, "+22370000008")
    world.airing(world.now - timedelta(hours=2), host="+22370000007")
    for place, language in enumerate(("fr", "bm", "dds")):
        world.member(f"+2237100000{place}", language, club="1041")
    return [
        *("+22370000009", "+22370000008", "+22370000007", "+22371000000", "+22371000001", "+22371000002"),
        *(f"+2237200{place:04d}" for place in range(SPREAD)),
    ]


def through_reader(seed: int, count: int, found: Found) -> None:
    """Every text with the role and context of an example: never an error of ours, the same when read twice."""
    dice = random.Random(f"{seed}-context")
    for text in texts(seed, count):
        found.texts += 1
        example = dice.choice(EXAMPLES)
        try:
            once = read(text, example["role"], example["context"]).as_json()
            if once != read(text, example["role"], example["context"]).as_json():
                found.note("read otherwise the second time", text)
            if not once["readings"]:
                found.note("no reading", text)
        except Exception as error:  # whatever it is, it is what we look for
            found.note(type(error).__name__, text)


def through_handlers(world: World, numbers: list[str], seed: int, count: int, found: Found) -> None:
    """Every text as an SMS of somebody, stored, read, handled and answered."""
    dice = random.Random(f"{seed}-people")
    arrivals = []
    for place, text in enumerate(texts(seed, count)):
        found.texts += 1
        world.now += timedelta(seconds=dice.randrange(1, 60))
        arrivals.append(
            Arrival(dedupe_key=f"f{place}", sender=dice.choice(numbers), text=text, received_at=world.now, digest="")
        )
        if len(arrivals) == BATCH or place == count - 1:
            inbox.receive(world.db, "simulator", arrivals)
            drain(world, world.now)
            arrivals = []


def drain(world: World, now: datetime) -> None:
    """Handle all that waits."""
    while conversation.converse(world.db, now):
        pass


def judge(world: World, count: int, found: Found) -> None:
    """What the tables say: all stored once, none failed, one reply at most, each reply one GSM-7 segment."""
    with world.db.read() as session:
        stored = session.scalar(sa.select(sa.func.count()).select_from(Inbound)) or 0
        if stored != count:
            found.note("not stored once", f"{stored} of {count}")
        for row in session.scalars(sa.select(Inbound).where(Inbound.state != InboundState.HANDLED).limit(20)):
            found.note(f"{row.state}: {row.trouble}", row.text)
        several = (
            sa.select(Message.inbound_id)
            .where(Message.kind == Kind.REPLY, Message.inbound_id.is_not(None))
            .group_by(Message.inbound_id)
            .having(sa.func.count() > 1)
        )
        for ident in session.scalars(several.limit(20)):
            found.note("several replies", session.get_one(Inbound, ident).text)
        for body in session.scalars(sa.select(Message.body).where(Message.kind == Kind.REPLY)):
            size = letters.measure(body or "")
            if size.encoding != "GSM-7" or size.segments != 1:
                found.note("reply of more than one segment", body or "")
        counted = session.scalars(sa.select(Attendance)).all()
        for row in counted:
            if row.total != sum(filter(None, (row.women, row.men, row.girls, row.boys))):
                found.note("a total that is no sum", str(row.id))


def told(name: str, found: Found) -> bool:
    """Print the figure, and what was found."""
    wrong = sum(len(rows) for rows in found.wrong.values())
    figure(f"fuzz, {name}: wrong of {found.texts} texts", wrong, 0, wrong, wrong == 0)
    for kind, rows in found.wrong.items():
        sys.stderr.write(f"  {kind} ({len(rows)}): {'; '.join(rows[:5])}\n")
    return wrong == 0


def main() -> None:
    """All through the reader, and all through the handlers on SQLite; `tests/campaigns/test_fuzz.py` has the doors."""
    given = argparse.ArgumentParser(description=__doc__)
    given.add_argument("--seed", type=int, default=1)
    given.add_argument("--texts", type=int, default=100_000)
    wanted = given.parse_args()
    reader, handlers = Found(), Found()
    through_reader(wanted.seed, wanted.texts, reader)
    with tempfile.TemporaryDirectory() as folder:
        db = Database(f"sqlite:///{Path(folder) / 'fuzz.sqlite'}", Keys(b"k" * 32))
        migrations.upgrade(db.engine)
        prepare(db, utc_now())
        world = World(db, utc_now()).programme()
        through_handlers(world, people(world), wanted.seed, wanted.texts, handlers)
        judge(world, wanted.texts, handlers)
        db.dispose()
    if not (told("reader", reader) & told("handlers", handlers)):
        raise SystemExit(1)


if __name__ == "__main__":
    main()
