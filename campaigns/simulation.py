"""Time-lapse: runs the demonstrations on the simulator through some days; invented people answer, report, err, stop.

It runs on its own clock and ends. Who does what follows from seed, day and person alone, so the same run gives the
same, and running the same days again adds nothing.
"""

from __future__ import annotations

import heapq
import random
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.orm import Session

from campaigns import blackout, deskwork, fieldwork, planner
from campaigns.clubs import airings, askers, decisions, diary, nudges
from campaigns.conversation.converse import converse
from campaigns.definitions import Step as Said
from campaigns.fieldwork import Writes
from campaigns.handwriting import LATEST
from campaigns.models import Step
from messaging import inbox, outbox, receipts, resolving, sender
from messaging.database import keys_of
from messaging.errors import RefusedError
from messaging.gateways.protocol import Arrival
from messaging.gateways.simulator import FAIR, Outage, Simulator
from messaging.installation import SIMULATOR, Installation
from messaging.models import Attempt, Gateway, Inbound, Message, Phone, Programme
from messaging.models.post import AttemptState, Kind, State
from messaging.rules import Reason

TICK = timedelta(hours=2)
AWAKE = (6, 23)  # local hours in which anything happens; nights are jumped over
STEP = timedelta(seconds=10)  # the least that the clock goes on while something waits
IN_VAIN = timedelta(hours=2)  # the same while the network is down, for nothing leaves then
READ = timedelta(minutes=12)  # an SMS is read this much later at most: one look serves all that came in between
DESK = 8  # local hour at which the officer sorts
PASSES = 400  # of the sender in one tick; more means that something runs in circles
ANSWERS = 0.30  # of the questions, as the assumptions of the programme page say
FEEDBACK = 0.0037  # of the other messages: 3 % of members a month at two messages a week
STOPS = 0.0008
ERRS = 0.12  # of the answers
RIGHT = 0.62
LEARNED = {"pre": 0.55, "post": 0.78}  # the same in the waves of a quiz that is asked before and after
KEPT = 0.6  # of the clubs that are asked after a decision say what became of it
SERVICE = 0.0022  # joining, language and help of the other messages
REMARKS = (
    "merci pour les conseils", "QUESTION comment garder les feuilles de moringa?", "je n'ai pas compris",
    "AVIS plus tot le soir svp", "le message est arrive deux fois?", "c'est bien", "quand passe l'emission?",
    "PLAINTE la seance a commence trop tard", "PLAINTE les SMS viennent pendant le travail au champ",
    "merci beaucoup", "est ce que le club donne des bidons ?", "QUESTION le moringa pousse sans eau?",
    "un agent demande de l'argent pour inscrire", "AVIS parlez aussi du niebe",
)  # fmt: skip
WISHES = ("AIDE", "aide", "MES INFOS", "LANGUE", "LANGUE BAMBARA", "langue francais", "mes infos", "?")
ERRORS = ("8", "1 2", "je ne sais pas", "4", "12", "je sais pas", "B", "1 ou 2", "?", "jsp", "oui non", "bonjour")


@dataclass
class Run:
    """One time-lapse run and what it counted."""

    here: Installation
    seed: str
    clock: datetime
    coming: list[Writes] = field(default_factory=list)
    counts: Counter[str] = field(default_factory=Counter)
    heard: int = 0  # the last message whose reader has decided
    told: date | None = None  # the last day of which the field has written
    cut: Outage | None = None  # the network is down then

    @property
    def is_cut(self) -> bool:
        """Whether the network is down now."""
        return self.cut is not None and self.cut.since <= self.clock < self.cut.until

    def expect(self, writes: Writes) -> None:
        """Somebody will write an SMS: it comes in then, or when the network is back."""
        for one in (writes,) if self.cut is None else blackout.held_up(writes, self.cut, self.seed):
            heapq.heappush(self.coming, one)


def simulate(
    here: Installation,
    since: datetime,
    days: int,
    seed: str,
    progress: Callable[[int, int], None] = lambda done, whole: None,
    outage: Outage | None = None,
) -> dict[str, int]:
    """Run `days` days from `since` on.

    Args:
        here: an installation whose programmes are all demonstrations.
        since: the first moment, aware UTC.
        days: how many days.
        seed: what the invented people do follows from it.
        progress: told the day that is done and how many there are.
        outage: the network is down then: nothing is carried, and what people write comes in afterwards.

    Returns:
        planned, sent, delivered, unknown, expired, held, inbound, answered, replies of these days.

    Raises:
        RefusedError: a programme is no demonstration: a false clock must not write to real people.
    """
    _only_demonstrations(here)
    run = Run(here, seed, since, cut=outage)
    weather = replace(FAIR, outages=(outage,) if outage else ())
    until = since + timedelta(days=days)
    with here.db.write() as session:
        run.heard = session.scalar(sa.select(sa.func.max(Message.id))) or 0
        gateway = session.scalars(sa.select(Gateway).where(Gateway.name == SIMULATOR)).one()
        here.adapters.put(gateway, Simulator(here.adapters.book, lambda: run.clock, weather))
    try:
        for day in range(days):
            end = since + timedelta(days=day + 1)
            _plan_clubs(run, end - timedelta(days=1))
            _go_afield(run, since, end, until)
            moments = list(_moments(end - timedelta(days=1)))
            for moment, following in zip(moments, [*moments[1:], end], strict=True):
                run.clock = moment
                _sort(run, until)
                _tick(run)
                _drain(run, following)
            progress(day + 1, days)
    finally:
        here.adapters.drop(gateway)  # from here on the carrier goes by the real clock again
    return _told(run, since, since + timedelta(days=days))


def _plan_clubs(run: Run, now: datetime) -> None:
    """The broadcasts and meetings to come, and the meetings that nobody reported: once a day is enough here."""
    airings.plan_all(run.here.db, now)
    diary.keep(run.here.db, now)


def _go_afield(run: Run, since: datetime, end: datetime, until: datetime) -> None:
    """What the field writes of the days until `end`, late reports of days before the run too.

    Day by day, for the broadcasts that clubs hear are planned only some weeks ahead.
    """
    day = run.told + timedelta(days=1) if run.told else since.date() - timedelta(days=LATEST)
    with run.here.db.read() as session:
        while day <= end.date():
            for writes in fieldwork.of_day(session, run.seed, day):
                if since <= writes.at < until:
                    run.expect(writes)
            run.told, day = day, day + timedelta(days=1)


def _only_demonstrations(here: Installation) -> None:
    with here.db.read() as session:
        real = session.scalar(sa.select(Programme.code).where(Programme.demonstration.is_(False)).limit(1))
    if real:
        raise RefusedError(
            f"The programme « {real} » is no demonstration. Run the time-lapse on an installation of its own: "
            "JEKULU_DATA=another-folder jekulu demo --no-start"
        )


def _moments(day: datetime) -> Iterator[datetime]:
    """The ticks of the day that begins at a moment: the waking hours of both its dates."""
    midnight = day.replace(hour=0, minute=0, second=0, microsecond=0)
    for start in (midnight, midnight + timedelta(days=1)):
        for hour in range(*AWAKE, TICK // timedelta(hours=1)):
            if day <= (moment := start + timedelta(hours=hour)) < day + timedelta(days=1):
                yield moment


def _tick(run: Run) -> None:
    here = run.here
    nudges.send_due(here.db, run.clock)
    decisions.ask_due(here.db, run.clock)
    askers.tell_due(here.db, run.clock)
    run.counts["planned"] += planner.plan(here.db, run.clock, max(here.settings.plan_ahead, TICK)).planned
    _send(run)
    _write(run)
    converse(here.db, run.clock, most=10_000)
    _send(run)
    _hear(run)
    _deliver(run)
    resolving.resolve(here, run.clock)
    with here.db.write() as session:
        outbox.expire(session, run.clock)


def _sort(run: Run, until: datetime) -> None:
    """The morning of the officer, on a working day."""
    if run.clock.hour == DESK and run.clock.weekday() < 5:
        with run.here.db.write() as session:
            for writes in deskwork.morning(session, run.seed, run.clock, until):
                run.expect(writes)


def _send(run: Run) -> None:
    for _ in range(PASSES):
        if not sender.send_due(run.here, run.clock, most=2_000).get("claimed"):
            return


def _drain(run: Run, until: datetime) -> None:
    """Go from one moment to the next: an hour opens, a slow gateway is free for a message again, or an SMS comes."""
    while (following := _following(run, until)) is not None:
        run.clock = min(max(following, run.clock + (IN_VAIN if run.is_cut else STEP)), until)
        if _write(run):
            converse(run.here.db, run.clock, most=10_000)
        _send(run)
        _deliver(run)


def _following(run: Run, until: datetime) -> datetime | None:
    """When something is to be done next; None: nothing before `until`."""
    with run.here.db.read() as session:
        waiting = sa.select(sa.func.min(Message.next_at)).where(
            Message.state == State.WAITING, Message.next_at > run.clock, Message.next_at < until
        )
        moments = [session.scalar(waiting)]
    if run.coming and run.coming[0].at < until:
        moments.append(max(run.coming[0].at, run.clock) + READ)
    return min((one for one in moments if one is not None), default=None)


def _deliver(run: Run) -> None:
    later = run.clock + timedelta(minutes=1)
    while due := run.here.adapters.book.reports(later):
        receipts.receive(run.here.db, SIMULATOR, [report for _, report in due], later)
        run.here.adapters.book.told([ident for ident, _ in due])


def _hear(run: Run) -> None:
    """Everyone who was written to since the last look decides what to do about it."""
    with run.here.db.read() as session:
        query = (
            sa.select(Message.id, Message.phone_id, Message.kind, Message.step_id, Message.occurrence, Step.definition)
            .outerjoin(Step, Step.id == Message.step_id)
            .where(Message.id > run.heard, Message.handed_over_at.is_not(None), Message.kind != Kind.REPLY)
            .where(Message.trial_of.is_(None))
            .order_by(Message.id)
        )
        for ident, phone_id, kind, step_id, occurrence, definition in session.execute(query):
            run.heard = max(run.heard, ident)
            answer = decide(run.seed, phone_id, f"{step_id}/{occurrence}", kind, definition)
            if answer is not None:
                text, minutes = answer
                name = f"sim-{run.seed}-{phone_id}-{step_id}-{occurrence}"
                run.expect(Writes(_awake(run.clock + timedelta(minutes=minutes)), name, phone_id, text))


def _awake(at: datetime) -> datetime:
    """Who would write at night does so in the morning."""
    return at if AWAKE[0] <= at.hour < AWAKE[1] else at + timedelta(hours=8)


def decide(
    seed: str, phone_id: int, what: str, kind: Kind, definition: dict[str, object] | None
) -> tuple[str, int] | None:
    """What a person does about an SMS: the text she writes and after how many minutes, or nothing."""
    dice = random.Random(f"{seed}|{phone_id}|{what}")
    roll = dice.random()
    minutes = int(dice.expovariate(1 / 90)) + 1
    if roll < STOPS:
        return dice.choice(("STOP", "ARRET", "arretez svp", "Stop merci")), minutes
    if "/kept:" in what:
        return (dice.choice("1123"), minutes) if dice.random() < KEPT else None
    said = Said.model_validate(definition) if definition else None
    if said is not None and said.question is not None:
        return (_answer(dice, said), minutes) if dice.random() < ANSWERS else None
    if kind is Kind.CAMPAIGN and roll < STOPS + FEEDBACK:
        return dice.choice(REMARKS), minutes
    if kind is Kind.CAMPAIGN and roll < STOPS + FEEDBACK + SERVICE:
        return dice.choice(WISHES), minutes
    return None


def _answer(dice: random.Random, said: Said) -> str:
    question = said.question
    assert question is not None
    knows = LEARNED.get(question.wave, RIGHT)
    if dice.random() < ERRS:
        return dice.choice(ERRORS)
    if question.type == "number":
        return str(question.correct[0] if question.correct and dice.random() < knows else dice.randint(1, 12))
    right = [str(one) for one in question.correct] or ["1"]
    given = right if dice.random() < knows else [dice.choice(("1", "2", "3" if question.type != "yesno" else "2"))]
    if question.type == "yesno":
        return {"1": dice.choice(("1", "oui", "OUI")), "2": dice.choice(("2", "non"))}[given[0]]
    return dice.choice((" ".join(given), ",".join(given))) if question.type == "multi" else given[0]


def _write(run: Run) -> bool:
    """Bring in the SMS whose time has come; whether there were any."""
    arrivals = []
    with run.here.db.read() as session:
        while run.coming and run.coming[0].at <= run.clock:
            writes = heapq.heappop(run.coming)
            arrivals.append(_arrival(session, run, writes))
    if arrivals:
        run.counts["inbound"] += inbox.receive(run.here.db, SIMULATOR, arrivals)
    return bool(arrivals)


def _arrival(session: Session, run: Run, writes: Writes) -> Arrival:
    number = keys_of(session).open(session.get_one(Phone, writes.phone_id).sealed)
    return run.here.adapters.book.write(number, writes.text, writes.at, writes.ident)


def _told(run: Run, since: datetime, until: datetime) -> dict[str, int]:
    """The figures of these days, as the tables hold them."""
    with run.here.db.read() as session:

        def count(*conditions: sa.ColumnElement[bool]) -> int:
            within = sa.and_(Message.due_at.between(since, until), Message.trial_of.is_(None))
            return session.scalar(sa.select(sa.func.count(Message.id)).where(within, *conditions)) or 0

        unknown = sa.select(sa.func.count(Attempt.id)).where(Attempt.state == AttemptState.UNKNOWN)
        answered = sa.select(sa.func.count(Inbound.id)).where(
            Inbound.intent == "quiz_answer", Inbound.received_at.between(since, until)
        )
        return {
            "planned": run.counts["planned"],
            "sent": count(Message.handed_over_at.is_not(None)),
            "delivered": count(Message.reason == Reason.DELIVERED.value),
            "unknown": session.scalar(unknown) or 0,
            "expired": count(Message.reason == Reason.STALE.value),
            "held": count(Message.state == State.HELD),
            "inbound": run.counts["inbound"],
            "answered": session.scalar(answered) or 0,
            "replies": count(Message.kind == Kind.REPLY),
        }
