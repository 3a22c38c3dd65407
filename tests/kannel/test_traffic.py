"""A thousand SMS out and a thousand in at the same time, letter for letter; then every fate, and a restart."""

from __future__ import annotations

import os
import shutil
import time
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from messaging import addresses
from messaging.gateways.kannel import Kannel
from messaging.gateways.protocol import Fault, Outbound, Outcome
from messaging.letters import BASIC, EXTENSION, is_gsm7, measure
from messaging.models.post import AttemptState, Delivery
from messaging.phones import Keys
from messaging.settings import load
from tests.benchmarks.figure import figure
from tests.kannel.boxes import PASSWORD, USER, Boxes, free_port, wait_for
from tests.kannel.centre import FATES, Centre
from tests.kannel.ours import NAME, Ours
from tests.kannel.tap import Tap

FULL = "JEKULU_KANNEL_FULL" in os.environ  # see `make kannel`
BOTH = ("sqlite", "postgresql")
OUT = {  # as they stand, letter profile off
    "French": "Bébé a 6 mois ? Dès l'œuf, la purée : « une cuillère », le goûter, là-bas. Noël, maïs, août. n°{}",
    "Bambara": "Aw ni ce. Ɲɛgɛn kɔ, aw tɛgɛw ko ni safunɛ ye. Ŋɔmi, ɲɔ, sɔsɔ: den bɛ se k'u dun. {}",
    "Dogon": "Ɛmɛ pɔ! Dɔgɔ sɔ̀, bɛ́lɛ́ ɲɛ̃ yɛ wɔ̀ kɛ̀, ɔ̃yɔ̃ tɔ̀ŋɔ̀. {}",
    "GSM-7": "Lavez les mains au savon ou a la cendre [x] {{y}} é à ù € ~ ^ | \\ no {}",
}
IN = ("QUIZ {}", "Ɔwɔ, ɲininkali {}: den bɛ kɔnɔboli la ŋ", "Mon enfant a la diarrhée, que faire ? ç ê œ {}", "😜 {}")


def numbers(start: int, count: int) -> list[str]:
    """Numbers of Mali that meet no fate of their own."""
    some = (f"+223{start * 1_000_000 + place:08d}" for place in range(2 * count))
    return [number for number in some if number[-3:] not in FATES][:count]


@pytest.fixture(scope="module")
def centre() -> Iterator[Centre]:
    with Centre(free_port()) as opened:
        yield opened


@pytest.fixture(scope="module")
def door_port() -> int:
    return free_port()


@pytest.fixture(scope="module")
def boxes(tmp_path_factory: pytest.TempPathFactory, centre: Centre, keys: Keys, door_port: int) -> Iterator[Boxes]:
    url = addresses.inbound_url(f"http://127.0.0.1:{door_port}", NAME, keys)
    post_url = f"{url}?id=%I&from=%q&time=%T&smsc=%i"
    with Boxes(tmp_path_factory.mktemp("kannel"), centre.port, post_url) as opened:
        yield opened


@pytest.fixture
def small(tmp_path: Path, sqlite_template: Path) -> str:
    """The address of a fresh SQLite database."""
    shutil.copy(sqlite_template, tmp_path / "jekulu.sqlite")
    return f"sqlite:///{tmp_path / 'jekulu.sqlite'}"


@pytest.fixture
def ours(tmp_path: Path, database_url: str, keys: Keys, boxes: Boxes, centre: Centre, door_port: int) -> Iterator[Ours]:
    centre.forget()
    public = f"http://127.0.0.1:{door_port}"
    with Ours(tmp_path, database_url, keys, door_port, public, boxes.api, boxes.admin) as opened:
        yield opened


def test_a_thousand_out_and_a_thousand_in_letter_for_letter(ours: Ours, centre: Centre, boxes: Boxes) -> None:
    many = 1000 if FULL else 300 if ours.db.is_sqlite else 100
    texts = list(OUT.values())
    out = {number: texts[place % len(texts)].format(place) for place, number in enumerate(numbers(70, many))}
    came = {number: IN[place % len(IN)].format(place) for place, number in enumerate(numbers(76, many))}
    ours.people([*out, *came])
    started = time.monotonic()
    for sender, text in came.items():
        centre.write(sender, text)
    ours.put(out.items())
    wait_for("the thousand that came in", lambda: ours.is_answered(many), 240)
    wait_for("receipts of all that left", ours.is_settled, 240)
    seconds = time.monotonic() - started

    arrived = {to: centre.texts(to) for to in out}
    assert arrived == {to: [text] for to, text in out.items()}
    phones = {ident: known for known, ident in ours.world.phones.items()}
    stored = {phones[row.phone_id]: row.text for row in ours.inbounds() if row.phone_id}
    assert len(ours.inbounds()) == many and stored == came
    assert {to: len(centre.texts(to)) for to in came} == dict.fromkeys(came, 1), "each is answered once"
    assert {row.state for row in ours.attempts()} == {AttemptState.ACCEPTED}
    assert {row.delivery for row in ours.messages().values()} == {Delivery.DELIVERED}
    assert boxes.is_idle()
    where = "SQLite" if ours.db.is_sqlite else "PostgreSQL"
    figure(f"Kannel, {many} out and {many} in, {where}: s", seconds, 120, seconds / 120, seconds < 120)


FATE = {  # how a number ends: the receipts it gets as (Kannel's event, delivery, error code, fault)
    "400": {("16", Delivery.FAILED, "0x0000000b", Fault.RECIPIENT)},
    "404": {("8", Delivery.SENT, "", None), ("2", Delivery.FAILED, "UNDELIV 001", Fault.NONE)},
    "408": {("8", Delivery.SENT, "", None), ("2", Delivery.EXPIRED, "EXPIRED 006", Fault.NETWORK)},
    "429": {("8", Delivery.SENT, "", None), ("1", Delivery.DELIVERED, "", None)},
    "600": {("8", Delivery.SENT, "", None), ("1", Delivery.DELIVERED, "", None)},
}


@pytest.mark.parametrize("database_url", BOTH if FULL else BOTH[:1], indirect=True)
def test_every_fate_and_a_report_that_comes_after_a_restart(ours: Ours, centre: Centre, boxes: Boxes) -> None:
    people = [f"+22370001{end}" for end in FATE]
    ours.people(people)
    ours.put((number, "Lavez les mains.") for number in people)
    wait_for("all to be taken", lambda: len(centre.sms) == 4, 60)
    wait_for("the report on who is refused", lambda: any(row.word == "16" for row in ours.receipts()), 60)
    boxes.stop()
    assert not {row.about for row in ours.receipts() if row.word == "1"} & keys_of(ours, "+22370001600"), "too late"
    boxes.start()
    wait_for("the late report", lambda: len(ours.receipts()) >= 9, 60)
    for number in people:
        keys = keys_of(ours, number)
        told = {
            (row.word, row.delivery, row.error_code, row.fault and Fault(row.fault))
            for row in ours.receipts()
            if row.about in keys
        }
        assert told == FATE[number[-3:]], number
    assert centre.submits["+22370001429"] == 2, "refused once, kept by Kannel, and tried again"
    assert centre.copies()["+22370001429"] == 1
    assert all(row.provider_id for row in ours.receipts() if row.word != "16"), "the centre's own id is kept"


def keys_of(ours: Ours, number: str) -> set[str]:
    """The keys of the attempts on the message to a number."""
    message = ours.messages()[number].id
    return {row.id for row in ours.attempts() if row.message_id == message}


def test_kannel_calls_once_and_after_a_204_again_and_again(
    tmp_path: Path, small: str, keys: Keys, boxes: Boxes, centre: Centre, door_port: int
) -> None:
    """200 and 202 alone are success to Kannel: a door that answered 204 would be called for days."""
    own, public = free_port(), f"http://127.0.0.1:{door_port}"
    with Tap(own, door_port) as tap, Ours(tmp_path, small, keys, own, public, boxes.api, boxes.admin) as ours:
        ours.people(["+22370002001"])
        ours.put([("+22370002001", "Ɔwɔ")])
        centre.write("+22376002001", "QUIZ 2", "once")
        wait_for("the receipts and the SMS", lambda: ours.is_answered(1) and len(ours.receipts()) >= 4)
        time.sleep(2.5)  # twice as long as Kannel waits before it calls again
        assert {one.method for one in tap.passes if "/r/" in one.path} == {"GET"}
        assert {one.method for one in tap.passes if "/in?" in one.path} == {"POST"}
        assert {one.status for one in tap.passes} == {200}
        assert max(Counter(one.path for one in tap.passes).values()) == 1, "each call is made once"
        tap.answer = 204
        centre.write("+22376002002", "QUIZ 2", "again")
        wait_for("the same call three times", lambda: sum(one.status == 204 for one in tap.passes) >= 3)
        assert len(ours.inbounds()) == 1
        tap.answer = None
        wait_for("the SMS that was kept", lambda: len(ours.inbounds()) == 2)
        wait_for("Kannel at rest", boxes.is_idle)


def test_a_lost_answer_is_settled_by_a_report_and_what_nobody_can_tell_is_listed(
    tmp_path: Path, small: str, keys: Keys, boxes: Boxes, centre: Centre, door_port: int
) -> None:
    """The same request twice is two SMS to Kannel, so that nothing unclear is ever handed over again."""
    centre.forget()
    public = f"http://127.0.0.1:{door_port}"
    with Tap(boxes.sendsms_port) as tap, Ours(tmp_path, small, keys, door_port, public, tap.url, boxes.admin) as ours:
        tap.lose, tap.drop = lambda number: number % 4 == 1, lambda number: number % 4 == 2
        people = numbers(71, 40)
        ours.people(people)
        ours.put((number, "Lavez les mains.") for number in people)
        wait_for("the receipts and the parked ones", ours.is_settled, 60)
        given = Counter(one.to for one in tap.passes)
        passed = {one.to for one in tap.passes if one.status == 202}
        assert given == dict.fromkeys(people, 1), "each is handed over once, whatever came back"
        assert len(passed) == 30 and centre.copies() == dict.fromkeys(passed, 1)
        assert ours.parked() == set(people) - passed, "the ten that never reached Kannel wait for a person"
        assert {ours.messages()[number].delivery for number in passed} == {Delivery.DELIVERED}


SEPTETS = {  # text, its codes on the wire
    "every letter": (
        "".join(char for char in BASIC if char != "\x1b") + "".join(EXTENSION),
        bytes(code for code in range(128) if code != 0x1B)
        + b"".join(bytes([0x1B, code]) for code in EXTENSION.values()),
    ),
    "a pair at the border of two segments": ("a" * 152 + "€" * 5, b"a" * 152 + b"\x1be" * 5),
    "ten segments": ("a" * 1530, b"a" * 1530),
}
WIDE = {
    "Bambara": "ɛɔɲŋ ƐƆƝŊ à è é ò ɛ̀ ɔ́",
    "Dogon": "ɛ̃ ɔ̃ ẽ õ ã ĩ ũ ɛ́ ɔ̀ ŋ ɲ ⁿ ɗ ʼ",
    "French": "àâæçéèêëîïôœùûüÿ « » ’ – … É È Ê Œ",
    "a pair at the border of two segments": "ɔ" * 66 + "😜" * 5,
}


def test_every_letter_has_its_code_on_the_wire(boxes: Boxes, centre: Centre) -> None:
    """Straight from the adapter: here no letter profile makes a text plainer."""
    centre.forget()
    settings = {
        "JEKULU_KANNEL_API": boxes.api, "JEKULU_KANNEL_USER": USER, "JEKULU_KANNEL_PASSWORD": PASSWORD,
        "JEKULU_PUBLIC_URL": "http://127.0.0.1:9",
    }  # fmt: skip
    wanted = dict(SEPTETS.values()) | {text: text.encode("utf-16-be") for text in WIDE.values()}
    adapter = Kannel(load(settings))
    sent = dict(zip(numbers(72, len(wanted)), wanted, strict=True))
    for to, text in sent.items():
        size, until = measure(text), datetime.now(UTC) + timedelta(hours=1)
        outbound = Outbound("key", to, text, size.encoding, size.segments, None, until, "http://127.0.0.1:9/r/none")
        assert adapter.submit(outbound).outcome is Outcome.ACCEPTED, text
    adapter.close()
    wait_for("all to arrive", lambda: len(centre.sms) >= len(sent))
    for sms in centre.sms:
        text = sent[sms.to]
        assert sms.raw == wanted[text], text
        assert (sms.text, sms.segments) == (text, measure(text).segments)
        assert sms.coding == (0 if is_gsm7(text) else 8)
