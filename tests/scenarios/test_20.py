"""Scenario 20: she writes ARRET, then asks what is held of her, then has it erased, and comes back by a new OUI alone.

Once through the simulator, once through the door of a real gateway; after the nightly job every table, every file and
every line of the log is searched for her number and her words.
"""

from __future__ import annotations

import io
import logging
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta

import pytest
import sqlalchemy as sa
import structlog
from flask.testing import FlaskClient

import wsgi
from messaging import addresses, logs, people
from messaging.gateways.protocol import Outbound, Outcome, Submitted
from messaging.gateways.twilio import Twilio
from messaging.installation import Installation
from messaging.models import Gateway, Member, Phone
from messaging.models.people import LifeStage
from tests.fakes.carrier import Carrier
from tests.script import Script
from tests.traces import spellings, traces
from tests.webhooks.conftest import OURS, knock, opened
from tests.world import World, hygiene

AWA = "+22370000001"
NUMBERS = {"awa": AWA, "binta": "+22370000002", "fanta": "+22370000009"}
DAILY = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
ADVICE = "Lavez les mains au savon ou a la cendre."
CONSENT = "Info club: recevoir a nouveau les messages, gratuit? Repondez OUI, NON ou INFO. Arreter a tout moment: STOP"
WORDS = "Je suis Awa Exemple, appelez 70 00 00 01 ou 00223 70000001 ou +223.70.00.00.01"
SECRETS = ("Awa Exemple", "appelez 70")


@pytest.fixture
def log() -> Iterator[io.StringIO]:
    """Everything that is logged, as the running service writes it, at its most talkative."""
    stream, root = io.StringIO(), logging.getLogger()
    before, level = root.handlers[:], root.level
    logs.set_up("DEBUG")
    (handler,) = root.handlers
    assert isinstance(handler, logging.StreamHandler)
    handler.setStream(stream)
    yield stream
    root.handlers[:] = before
    root.setLevel(level)


@pytest.fixture
def awa(world: World) -> World:
    """A young mother with a name in the register, in a club that gets advice every day."""
    world.club("1041", facilitator=NUMBERS["fanta"])
    ident = world.member(AWA, club="1041", life_stage=LifeStage.LACTATING, child_born=date(2025, 11, 1))
    world.member(NUMBERS["binta"], club="1041")
    with world.db.write() as session:
        values = {"first_name": "Awa Exemple", "age_band": "25-49", "safe_hours": "soir"}
        session.execute(sa.update(Member).where(Member.id == ident).values(**values))
    world.campaign(hygiene(when={"weekly": DAILY}))
    return world


def night(here: Installation, now: datetime) -> None:
    """The jobs that `jekulu run` starts, by their own table: here the one that keeps and erases."""
    (job,) = [job for job in wsgi.JOBS if job.name == "retention"]
    assert job.every_seconds == 24 * 3600
    job.run(here, now)


def phone(here: Installation) -> Phone:
    with here.db.read() as session:
        found = people.find_phone(session, AWA)
        assert found is not None
        return found


def test_arret_mes_infos_effacer_and_reprendre(log: io.StringIO, installation: Installation, awa: World) -> None:
    script = Script(installation, NUMBERS, awa.now)
    script.play(
        f"""
        @ 2026-03-12 17:30
        awa < {ADVICE}
        binta < {ADVICE}
        awa > ARRET
        awa < C'est fait. Plus de messages. Pour reprendre: REPRENDRE
        @ 2026-03-13 17:30
        binta < {ADVICE}
        awa <
        awa > MES INFOS
        awa < Nous gardons: club 1041, langue francais, sexe F, age 25-49. Tout effacer: EFFACER
        awa > {WORDS}
        awa < Message recu. Merci.
        awa > EFFACER
        awa < Effacer toutes vos donnees? Repondez OUI ou NON
        awa > OUI
        awa < C'est fait: vos donnees seront effacees sous 30 jours.
        """
    )
    assert traces(installation, AWA, *SECRETS), "the search must be able to find her"
    night(installation, script.now + timedelta(hours=9))
    assert traces(installation, AWA, *SECRETS) == []
    assert_silent(log)
    assert phone(installation).hash == installation.keys.find(AWA)
    assert phone(installation).opted_out_at is not None
    script.play(
        f"""
        @ 2026-03-14 17:30
        binta < {ADVICE}
        awa <
        awa > REPRENDRE
        awa < {CONSENT}
        @ 2026-03-15 17:30
        binta < {ADVICE}
        awa <
        awa > oui
        awa < Merci, c'est note. Pour recevoir les messages: JOIN et le code du club. Arreter a tout moment: STOP
        awa > JOIN 1041
        awa < Info club: messages du club 1041, gratuit. Accepter? OUI, NON ou INFO. Arreter a tout moment: STOP
        awa > oui
        awa < Merci, c'est note. Les messages commencent demain. Arreter a tout moment: STOP
        @ 2026-03-16 17:30
        binta < {ADVICE}
        awa < {ADVICE}
        """
    )
    with installation.db.read() as session:
        back = session.scalars(sa.select(Member).order_by(Member.id.desc()).limit(1)).one()
        assert (back.first_name, back.age_band, back.life_stage) == (None, None, LifeStage.NONE)


def test_who_writes_after_the_erasure_and_does_not_agree_is_gone_again_the_next_night(
    installation: Installation, awa: World
) -> None:
    script = Script(installation, NUMBERS, awa.now)
    for text in ("EFFACER", "OUI"):
        script.write("awa", text)
    night(installation, script.now + timedelta(hours=9))
    script.now += timedelta(days=2)
    script.write("awa", WORDS)
    assert installation.keys.open(phone(installation).sealed) == AWA  # or she could not be answered
    night(installation, script.now + timedelta(hours=9))
    assert traces(installation, AWA, *SECRETS) == []


def test_by_the_door_of_a_real_gateway(
    log: io.StringIO, installation: Installation, awa: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    with awa.db.write() as session:
        gateway = Gateway(name="twilio", adapter="twilio", sender=OURS, answer_cost="free", rate=100.0)
        session.add(gateway)
        session.flush()
    carrier, sent = Carrier(), list[tuple[str, str]]()

    def submit(_twilio: Twilio, outbound: Outbound) -> Submitted:
        sent.append((outbound.to, outbound.text))
        return Submitted(Outcome.ACCEPTED, provider_id=f"SM{len(sent)}")

    monkeypatch.setattr(Twilio, "submit", submit)
    script, door = Script(installation, NUMBERS, awa.now), opened(installation)
    answers = []
    for text in ("ARRET", "MES INFOS", WORDS, "EFFACER", "OUI"):
        write(door, carrier, installation, text)
        script.now = datetime.now(UTC)
        script.turn()
        answers.append([said for to, said in sent if to == AWA][-1])
    assert answers[0].startswith("C'est fait. Plus de messages.")
    assert answers[1].startswith("Nous gardons: club 1041")
    assert answers[-1].startswith("C'est fait: vos donnees")
    night(installation, script.now + timedelta(hours=9))
    assert traces(installation, AWA, *SECRETS) == []
    assert_silent(log)


def assert_silent(log: io.StringIO) -> None:
    """The log has lines, and her number and words in none; what is logged by mistake is masked."""
    structlog.get_logger().warning("a number was logged by mistake", number=AWA)
    said = log.getvalue()
    assert "number=[numéro]" in said
    assert not [one for one in (*spellings(AWA), *SECRETS) if one in said]


def write(door: FlaskClient, carrier: Carrier, here: Installation, text: str) -> None:
    url = addresses.inbound_url(here.settings.public_url, "twilio", here.keys)
    assert knock(door, carrier.write(AWA, OURS, text, url)).status_code == 200
