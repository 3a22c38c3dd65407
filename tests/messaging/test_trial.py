"""The trial: one draft to the own phone of the account that asks, over an invented Twilio; nothing else unapproved."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from argon2 import PasswordHasher

from campaigns import audience
from campaigns.conversation import context
from campaigns.definitions import Audience
from campaigns.models import Campaign
from messaging import credentials, outbox, people, resolving, sender, staff, texts, trial
from messaging.clock import utc_now
from messaging.errors import RefusedError
from messaging.gateways import Adapters
from messaging.installation import Installation
from messaging.letters import measure
from messaging.models import (
    Audit,
    Budget,
    Cap,
    Club,
    Gateway,
    Message,
    PausedStep,
    Phone,
    Programme,
    Role,
    Staff,
    StaffRole,
    Text,
    TextVersion,
)
from messaging.models.people import Purpose, Quarantine, Way
from messaging.models.post import Kind, State
from messaging.outbox import Letter
from messaging.phones import NumberError
from messaging.rules import Reason
from tests.fakes.twilio import Twilio
from tests.world import World, approve_texts, hygiene

OURS, HERS, OTHER = "+22360000000", "+22376000001", "+22376000002"
WORDS = {"sms": "Club {club}: lavez les mains a {place}.", "read_aloud": "Lavez les mains.", "club": "Tous: mains."}
WIRE = "ESSAI Club 1041: lavez les mains a Koundou."
SLOTS = {"club": "1041", "place": "Koundou"}
ROLES = {
    "editor": [(Role.EDITOR, "")],
    "translator": [(Role.TRANSLATOR, "bm")],
    "approver": [(Role.APPROVER, "")],
    "officer": [(Role.OFFICER, "")],
    "evaluation": [(Role.EVALUATION, "")],
}


class Desk:
    """A real programme with a draft, its accounts, one Twilio gateway and the carrier behind it."""

    def __init__(self, here: Installation, carrier: Twilio) -> None:
        self.here, self.carrier = here, carrier
        self.now = utc_now().replace(microsecond=0)
        self.world = World(here.db, self.now).programme()
        with here.db.write() as session:
            session.add(
                Gateway(name="twilio", adapter="twilio", sender=OURS, rate=100, price_micros=10_000_000, position=1)
            )
            for name, roles in ROLES.items():
                staff.add(session, f"{name}@essai.example", roles, self.now)
        self.campaign = self.world.campaign(hygiene(texts={"fr": WORDS}), start=False)

    def later(self, **span: int) -> datetime:
        self.now += timedelta(**span)
        return self.now

    def act(self, who: str, what: Callable[..., Any], *given: Any, **more: Any) -> Any:
        """Have an account do one thing of `trial`, a second later."""
        with self.here.db.write() as session:
            person = staff.by_email(session, f"{who}@essai.example")
            if what is not trial.confirm:
                more.setdefault("programme", session.get_one(Programme, self.world.programme_id))
            return what(session, person, *given, self.later(seconds=1), **more)

    def turn(self) -> dict[str, int]:
        return sender.send_due(self.here, self.now)

    def ask(self, who: str = "editor", number: str = HERS) -> str:
        """Ask for a code and read it on the phone."""
        self.act(who, trial.ask, number)
        self.turn()
        return self.got(number)[-1].rpartition(" ")[2]

    def own(self, who: str = "editor", number: str = HERS) -> None:
        """A confirmed phone."""
        assert self.act(who, trial.confirm, self.ask(who, number)) is None

    def send(self, who: str = "editor", **more: Any) -> Any:
        return self.act(who, trial.send, 1, slots=SLOTS, **more)

    def got(self, number: str = HERS) -> list[str]:
        return [message.body for message in self.carrier.messages if message.to == number]

    def change(self, do: Callable[[Any], Any]) -> Any:
        with self.here.db.write() as session:
            return do(session)

    def last(self) -> Message:
        with self.here.db.read() as session:
            return session.scalars(sa.select(Message).order_by(Message.id.desc()).limit(1)).one()


@pytest.fixture
def carrier() -> Iterator[Twilio]:
    with Twilio() as running:
        yield running


@pytest.fixture
def desk(installation: Installation, carrier: Twilio, monkeypatch: pytest.MonkeyPatch) -> Iterator[Desk]:
    monkeypatch.setattr(
        credentials, "HASHER", PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
    )  # nobody signs in
    settings = replace(installation.settings, twilio_api=carrier.url)
    here = replace(installation, settings=settings, adapters=Adapters(settings, installation.keys))
    yield Desk(here, carrier)
    here.adapters.close()


def account(session: Any, who: str = "editor") -> Staff:
    return staff.by_email(session, f"{who}@essai.example")


def phone(session: Any, number: str = HERS) -> Phone:
    return session.scalars(sa.select(Phone).where(Phone.hash == session.info["keys"].find(number))).one()


# --- the one way out


def test_a_draft_reaches_her_own_phone_and_says_that_it_is_a_trial(desk: Desk) -> None:
    code = desk.ask()
    assert desk.got() == [f"Info club: ESSAI: code {code}"]
    assert re.fullmatch(r"\d{6}", code)
    assert desk.act("editor", trial.confirm, f" {code[:3]} {code[3:]} ") is None
    size = desk.send()
    desk.turn()
    assert desk.got()[1:] == [WIRE]
    message = desk.last()
    assert (message.state, message.text_id, message.text_version) == (State.HANDED_OVER, 1, 1)
    assert (message.encoding, message.segments) == (size.encoding, size.segments) == ("GSM-7", 1)
    assert size == measure(WIRE)


def test_the_wording_for_the_family_may_be_tried_too(desk: Desk) -> None:
    desk.own()
    desk.send(part="club")
    desk.turn()
    assert desk.got()[1:] == ["ESSAI Tous: mains."]


def test_a_slot_without_an_example_shows_its_name(desk: Desk) -> None:
    desk.own()
    desk.act("editor", trial.send, 1)
    desk.turn()
    assert desk.got()[1:] == ["ESSAI Club club: lavez les mains a place."]


def test_the_mark_may_cost_a_segment_and_that_is_counted(desk: Desk) -> None:
    desk.own()
    with desk.here.db.write() as session:
        session.get_one(TextVersion, (1, 1)).sms = "a" * 158
    assert desk.send().segments == desk.last().segments == 2
    desk.turn()
    assert desk.got()[1:] == ["ESSAI " + "a" * 158]


def test_every_code_and_trial_is_logged_without_number_and_code(desk: Desk) -> None:
    code = desk.ask()
    desk.act("editor", trial.confirm, code)
    desk.send()
    with desk.here.db.read() as session:
        rows = session.scalars(sa.select(Audit).where(Audit.actor == f"staff:{account(session).id}")).all()
        assert [row.action for row in rows] == ["code_sent", "phone_confirmed", "trial"]
        told = str([(row.object_id, row.before, row.after) for row in rows])
        assert rows[-1].after == {"version": 1, "part": "sms", "state": "draft", "phone": phone(session).id}
    assert code not in told
    assert HERS[4:] not in told


def test_the_code_is_kept_as_a_hash_only(desk: Desk) -> None:
    code = desk.ask()
    with desk.here.db.read() as session:
        kept = account(session).phone_code
    assert kept
    assert code not in kept


def test_a_lost_answer_is_found_by_the_words_that_really_left(desk: Desk) -> None:
    desk.own()
    desk.carrier.script.append("cut-sent")
    desk.send()
    assert desk.turn()["unknown"] == 1
    for _ in range(4):
        resolving.resolve(desk.here, desk.later(minutes=10))
        desk.turn()
    assert desk.got()[1:] == [WIRE]
    assert desk.last().state is State.HANDED_OVER


# --- all other ways are closed


def draft(desk: Desk, number: str, **changes: Any) -> None:
    """Put the draft into the outbox by hand, as a mistake or a bad will would."""
    number_id = desk.world.phone(number)
    letter = Letter(
        programme_id=desk.world.programme_id, kind=Kind.SERVICE, occurrence="by hand", language_wanted="fr",
        language="fr", size=measure(WORDS["sms"]), due_at=desk.now, useful_until=desk.now + timedelta(hours=5),
        step_id=1, text_id=1, text_version=1, slots=SLOTS,
    )  # fmt: skip
    with desk.here.db.write() as session:
        outbox.put(session, replace(letter, **changes), number_id, desk.now)


def ident(desk: Desk, who: str = "editor") -> int:
    with desk.here.db.read() as session:
        return account(session, who).id


CLOSED: list[tuple[str, Callable[[Desk], Any]]] = [
    *(
        (f"no trial at all: {kind}", lambda desk, kind=kind: draft(desk, HERS, kind=kind))  # type: ignore[misc]
        for kind in Kind
    ),
    ("her phone, in the name of another account", lambda desk: draft(desk, HERS, trial_of=ident(desk, "approver"))),
    ("another phone, in her name", lambda desk: draft(desk, OTHER, trial_of=ident(desk))),
    ("another kind of message, in her name", lambda desk: draft(desk, OTHER, trial_of=ident(desk), kind=Kind.REPLY)),
    ("words of nobody's text", lambda desk: draft(desk, HERS, text_id=None, body="Lavez.", kind=Kind.SERVICE)),
    (
        "words of nobody's text, in her name",
        lambda desk: draft(desk, HERS, text_id=None, body="Lavez.", trial_of=ident(desk)),
    ),
    ("own words beside the text's", lambda desk: draft(desk, HERS, body="Lavez.", trial_of=ident(desk))),
]


@pytest.mark.parametrize("put", [row[1] for row in CLOSED], ids=[row[0] for row in CLOSED])
def test_what_only_looks_like_a_trial_is_held(desk: Desk, put: Callable[[Desk], Any]) -> None:
    desk.own()
    already = len(desk.carrier.messages)
    with desk.here.db.write() as session:  # she agreed to everything, so that nothing else stops it
        for number in (HERS, OTHER):
            agree_by_phone(session, desk, number)
    put(desk)
    assert desk.turn().get("not_approved") == 1
    message = desk.last()
    assert (message.state, message.reason) == (State.HELD, "not_approved")
    assert len(desk.carrier.messages) == already


def agree_by_phone(session: Any, desk: Desk, number: str) -> None:
    proof = people.Evidence(text_version="1", language="fr", way=Way.SMS, given_at=desk.now)
    number_id = people.add_phone(session, number, desk.now).id
    people.give(session, desk.world.programme_id, Purpose.MESSAGES, proof, phone_id=number_id)


def set_account(**values: Any) -> Callable[[Desk], Any]:
    return lambda desk: desk.change(lambda session: [setattr(account(session), *item) for item in values.items()])


def drop_roles(desk: Desk) -> None:
    desk.change(lambda session: session.execute(sa.delete(StaffRole).where(StaffRole.staff_id == account(session).id)))


def relay(desk: Desk) -> None:
    desk.world.club("1041")
    desk.change(lambda session: setattr(session.scalars(sa.select(Club)).one(), "relay_phone_id", phone(session).id))


BROKEN: list[tuple[str, Callable[[Desk], Any]]] = [
    ("her phone is not confirmed any more", set_account(phone_confirmed_at=None)),
    ("her account is closed", set_account(active=False)),
    ("her role is taken", drop_roles),
    ("she asked for another phone", lambda desk: desk.ask(number=OTHER)),
    ("a member has her phone now", lambda desk: desk.world.member(HERS)),
    ("a facilitator has it", lambda desk: desk.world.club("1041", facilitator=HERS)),
    ("a club has it", relay),
    ("a station has it", lambda desk: desk.world.airing(desk.now, host=HERS)),
]


@pytest.mark.parametrize("happens", [row[1] for row in BROKEN], ids=[row[0] for row in BROKEN])
def test_what_changed_since_it_was_asked_for_holds_it(desk: Desk, happens: Callable[[Desk], Any]) -> None:
    desk.own()
    desk.send()
    waiting = desk.last().id
    happens(desk)
    desk.turn()
    with desk.here.db.read() as session:
        message = session.get_one(Message, waiting)
    assert (message.state, message.reason) == (State.HELD, "not_approved")
    assert WIRE not in desk.got()


def test_an_approval_does_not_let_a_false_trial_go(desk: Desk) -> None:
    draft(desk, OTHER, trial_of=ident(desk))
    desk.turn()
    approve(desk)
    assert desk.last().state is State.HELD
    desk.turn()
    assert desk.carrier.messages == []


def approve(desk: Desk) -> None:
    desk.change(lambda session: approve_texts(session, session.get_one(Campaign, desk.campaign), desk.now))


def simulate(desk: Desk) -> None:
    desk.change(lambda session: session.execute(sa.delete(Gateway).where(Gateway.name == "twilio")))


@pytest.mark.parametrize("first", [approve, simulate], ids=["approved words", "on the simulator"])
def test_a_false_trial_is_held_even_if_its_words_might_leave(desk: Desk, first: Callable[[Desk], None]) -> None:
    """It would pass by hours and caps."""
    first(desk)
    desk.change(lambda session: agree_by_phone(session, desk, OTHER))
    for kind in Kind:
        draft(desk, OTHER, trial_of=ident(desk), kind=kind, occurrence=f"by hand, {kind}")
    draft(desk, HERS, text_id=None, body="Lavez.", trial_of=ident(desk), kind=Kind.REPLY)
    assert desk.turn() == {"claimed": 0, "not_approved": 5}


# --- what a trial obeys, and what it does not


def close_hours(desk: Desk) -> None:
    desk.change(lambda session: setattr(session.get_one(Programme, 1), "always_open", False))
    hour = (desk.now.hour + 12) % 24
    desk.world.hours(f"{hour:02}:00-{hour:02}:30", kind="service")


def cap(desk: Desk) -> None:
    """Service messages are capped at one a day, and the code was one already."""
    desk.change(lambda session: session.add(Cap(kind=Kind.SERVICE, per_day=1)))


OBEYS: list[tuple[str, Callable[[Desk], Any], str, State]] = [
    ("open", lambda desk: None, "accepted", State.HANDED_OVER),
    ("closed hours", close_hours, "accepted", State.HANDED_OVER),
    ("more service messages than one may get in a day", cap, "accepted", State.HANDED_OVER),
    (
        "its campaign pauses",
        lambda desk: desk.change(lambda session: session.add(PausedStep(step_id=1))),
        "accepted",
        State.HANDED_OVER,
    ),
    (
        "the month's money is spent",
        lambda desk: desk.change(lambda session: setattr(session.scalars(sa.select(Budget)).one(), "limit_micros", 1)),
        "accepted",
        State.HANDED_OVER,
    ),
    (
        "STOP",
        lambda desk: desk.change(lambda session: setattr(phone(session), "opted_out_at", desk.now)),
        "opted_out",
        State.CLOSED,
    ),
    (
        "quarantine",
        lambda desk: desk.change(lambda session: setattr(phone(session), "quarantine", Quarantine.LOST)),
        "quarantine",
        State.HELD,
    ),
    (
        "the gateway pauses",
        lambda desk: desk.change(lambda session: session.execute(sa.update(Gateway).values(paused_at=desk.now))),
        "paused_gateway",
        State.WAITING,
    ),
    ("hours later", lambda desk: desk.later(hours=3), "stale", State.CLOSED),
]


@pytest.mark.parametrize(("happens", "outcome", "state"), [r[1:] for r in OBEYS], ids=[r[0] for r in OBEYS])
def test_what_a_trial_obeys(desk: Desk, happens: Callable[[Desk], Any], outcome: str, state: State) -> None:
    desk.own()
    desk.send()
    mine = desk.last().id
    happens(desk)
    done = desk.turn()
    with desk.here.db.read() as session:
        assert session.get_one(Message, mine).state is state
    assert outcome == "accepted" or done[outcome] == 1


def test_a_trial_is_paid_for(desk: Desk) -> None:
    desk.own()
    desk.send()
    with desk.here.db.read() as session:
        assert session.scalars(sa.select(Budget)).one().reserved_micros == 10_000_000
    desk.turn()
    with desk.here.db.read() as session:
        budget = session.scalars(sa.select(Budget)).one()
    assert (budget.reserved_micros, budget.charged_micros) == (0, 20_000_000)  # the code and the trial


@pytest.mark.parametrize("is_approved", [False, True], ids=["a draft", "an approved text"])
def test_an_edit_does_not_hold_what_she_asked_to_see(desk: Desk, is_approved: bool) -> None:
    if is_approved:
        approve(desk)
    desk.own()
    desk.send()
    with desk.here.db.write() as session:
        said = texts.wording(texts.current(session, session.get_one(Text, 1)))
        texts.write(session, 1, "fr", replace(said, sms="Autre."), desk.now)
    desk.turn()
    assert desk.got()[1:] == [WIRE]


def test_a_paused_campaign_does_not_hold_it(desk: Desk) -> None:
    desk.own()
    desk.send()
    desk.change(lambda session: outbox.hold_steps(session, [1], Reason.PAUSED_CAMPAIGN))
    desk.turn()
    assert desk.got()[1:] == [WIRE]


QUESTION = {
    "kind": "question", "one_act": False, "question": {"type": "single", "correct": [1]},
    "texts": {"fr": {
        "sms": "Que prendre? 1 la cendre 2 rien", "read_aloud": "Que prendre ?",
        "options": {"1": "la cendre", "2": "rien"}, "right": "Oui.", "wrong": "La cendre.",
    }},
}  # fmt: skip


def test_a_trial_is_nobodys_question_and_nobody_received_it(desk: Desk) -> None:
    """Else an answer to it would count as a member's, and a correction of the step would follow it."""
    desk.world.campaign(hygiene(step="cendre", **QUESTION).model_copy(update={"campaign": "quiz"}), start=False)
    desk.own()
    desk.act("editor", trial.send, 2)
    desk.turn()
    assert desk.got()[1:] == ["ESSAI Que prendre? 1 la cendre 2 rien"]
    desk.world.member(HERS)  # only later
    with desk.here.db.read() as session:
        assert context.last_question(session, phone(session), desk.now) is None
        programme = session.get_one(Programme, 1)
        meant = Audience(received="quiz/cendre")
        where = audience.scope(session, programme, 2, meant, desk.now.date())
        assert session.execute(audience.source(meant, where, None)).all() == []


@pytest.mark.parametrize("whose", ["programme", "account"])
def test_a_demonstration_tries_by_the_simulator(desk: Desk, whose: str) -> None:
    def show(session: Any) -> None:
        row = session.get_one(Programme, 1) if whose == "programme" else account(session)
        row.demonstration = True

    desk.change(show)
    desk.act("editor", trial.ask, HERS)
    desk.turn()
    ((_, text, _),) = desk.here.adapters.book.sent()
    assert desk.act("editor", trial.confirm, text[-6:]) is None
    desk.send()
    desk.turn()
    assert [text for _, text, _ in desk.here.adapters.book.sent()][1:] == [WIRE]
    assert desk.carrier.messages == []


# --- whose phone, and whose account


def stop(desk: Desk) -> None:
    desk.world.phone(HERS)
    desk.change(lambda session: setattr(phone(session), "opted_out_at", desk.now))


def lose(desk: Desk) -> None:
    desk.world.phone(HERS)
    desk.change(lambda session: setattr(phone(session), "quarantine", Quarantine.SEIZED))


def five_codes(desk: Desk) -> None:
    for _ in range(trial.CODES_A_DAY):
        desk.ask()


UNFIT: list[tuple[str, Callable[[Desk], Any], str, str, str]] = [
    ("a member's phone", lambda desk: desk.world.member(HERS), "editor", HERS, "autre numéro"),
    ("a facilitator's", lambda desk: desk.world.club("1041", facilitator=HERS), "editor", HERS, "autre numéro"),
    ("a station's", lambda desk: desk.world.airing(desk.now, host=HERS), "editor", HERS, "autre numéro"),
    ("one that said STOP", stop, "editor", HERS, "autre numéro"),
    ("a seized one", lose, "editor", HERS, "autre numéro"),
    ("another account's", lambda desk: desk.own("approver"), "editor", HERS, "autre numéro"),
    ("a landline", lambda desk: None, "editor", "20 22 12 34", "landline"),
    ("the account of an evaluator", lambda desk: None, "evaluation", HERS, "rôle éditeur"),
    ("a closed account", set_account(active=False), "editor", HERS, "fermé"),
    ("a sixth code in a day", five_codes, "editor", HERS, "Déjà 5 en 24 heures"),
]


@pytest.mark.parametrize(("happens", "who", "number", "says"), [r[1:] for r in UNFIT], ids=[r[0] for r in UNFIT])
def test_no_code_goes_to(desk: Desk, happens: Callable[[Desk], Any], who: str, number: str, says: str) -> None:
    happens(desk)
    already = len(desk.carrier.messages)
    told = refusal(desk, who, number)
    desk.turn()
    assert len(desk.carrier.messages) == already
    assert says in told
    assert says == "landline" or " / " in told


def test_who_is_on_duty_confirms_a_phone_and_tries_no_text(desk: Desk) -> None:
    desk.own("officer")
    with pytest.raises(RefusedError, match="rôle éditeur"):
        desk.send("officer")
    with desk.here.db.read() as session:
        officer = account(session, "officer")
        owner = trial.owners(session, [officer.id])[officer.id]
        assert owner.is_confirmed
        assert not owner.may_get(Message(phone_id=owner.phone_id, text_id=1), desk.now)


def test_whose_a_number_is_can_be_asked_five_times_a_day_only(desk: Desk) -> None:
    desk.world.member(HERS)
    for _ in range(trial.CODES_A_DAY):
        assert "autre numéro" in refusal(desk, "editor", HERS)
    assert "Déjà 5 en 24 heures" in refusal(desk, "editor", HERS)
    assert "Déjà 5 en 24 heures" in refusal(desk, "editor", OTHER)


def refusal(desk: Desk, who: str, number: str) -> str:
    """What somebody reads who asks for a code that is not sent."""
    try:
        return str(desk.act(who, trial.ask, number))
    except (RefusedError, NumberError) as error:
        return str(error)


def test_a_day_later_there_are_codes_again(desk: Desk) -> None:
    five_codes(desk)
    desk.later(days=1, minutes=1)
    assert len(desk.ask()) == 6


def wrong(code: str) -> str:
    return f"{(int(code) + 1) % 10**6:06}"


def test_a_wrong_code_confirms_nothing_and_the_right_one_does_afterwards(desk: Desk) -> None:
    code = desk.ask()
    for typed in ("", "x", wrong(code), code[:5]):
        assert "pas le code" in str(desk.act("editor", trial.confirm, typed))
    with pytest.raises(RefusedError, match="Confirmez d'abord"):
        desk.send()
    assert desk.act("editor", trial.confirm, code) is None


def test_five_wrong_codes_end_it(desk: Desk) -> None:
    code = desk.ask()
    for _ in range(trial.CODE_TRIES):
        desk.act("editor", trial.confirm, wrong(code))
    assert "Trop de codes faux" in str(desk.act("editor", trial.confirm, code))
    assert desk.act("editor", trial.confirm, desk.ask()) is None


LATE: list[tuple[str, Callable[[Desk], Any], str]] = [
    ("half an hour later", lambda desk: desk.later(minutes=30), "périmé"),
    ("when it was used", lambda desk: desk.act("editor", trial.confirm, desk.got()[-1][-6:]), "Demandez d'abord"),
    ("when a newer one was sent", lambda desk: desk.ask(), "pas le code"),
    ("when a member has the phone", lambda desk: desk.world.member(HERS), "autre numéro"),
    ("when another account was quicker", lambda desk: desk.own("approver"), "autre numéro"),
]


@pytest.mark.parametrize(("happens", "says"), [row[1:] for row in LATE], ids=[row[0] for row in LATE])
def test_a_code_serves_no_more(desk: Desk, happens: Callable[[Desk], Any], says: str) -> None:
    code = desk.ask()
    happens(desk)
    assert says in str(desk.act("editor", trial.confirm, code))


def test_a_code_is_for_one_account(desk: Desk) -> None:
    code = desk.ask()
    desk.ask("approver", OTHER)
    assert "pas le code" in str(desk.act("approver", trial.confirm, code))


def fill(desk: Desk) -> None:
    for _ in range(trial.TRIALS_A_DAY):
        desk.send()


REFUSED: list[tuple[str, str, Callable[[Desk], Any], dict[str, Any], str]] = [
    ("not confirmed", "editor", set_account(phone_confirmed_at=None), {}, "Confirmez d'abord"),
    ("a member's by now", "editor", lambda desk: desk.world.member(HERS), {}, "autre numéro"),
    ("silent by now", "editor", stop, {}, "autre numéro"),
    ("closed account", "editor", set_account(active=False), {}, "fermé"),
    ("without a role", "editor", drop_roles, {}, "rôle éditeur"),
    ("translator of another language", "translator", lambda desk: None, {}, "traducteur de cette langue"),
    ("the twenty-first in a day", "editor", fill, {}, "Déjà 20 en 24 heures"),
    ("a part that the text lacks", "editor", lambda desk: None, {"part": "right"}, "vide"),
]


@pytest.mark.parametrize(
    ("who", "happens", "more", "says"), [row[1:] for row in REFUSED], ids=[row[0] for row in REFUSED]
)
def test_a_trial_is_refused(desk: Desk, who: str, happens: Callable[[Desk], Any], more: Any, says: str) -> None:
    desk.own(who)
    happens(desk)
    with pytest.raises(RefusedError, match=says) as told:
        desk.send(who, **more)
    assert " / " in str(told.value)


@pytest.mark.parametrize("who", ["editor", "approver"])
def test_who_may_try_a_french_text(desk: Desk, who: str) -> None:
    desk.own(who)
    desk.send(who)
    desk.turn()
    assert desk.got()[1:] == [WIRE]


def test_a_second_press_within_the_second_sends_one(desk: Desk) -> None:
    desk.own()
    desk.send()
    desk.now -= timedelta(seconds=1)
    desk.send()
    desk.turn()
    assert desk.got()[1:] == [WIRE]
