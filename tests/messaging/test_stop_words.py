"""Staff add words that mean STOP; none is taken away, and none that says something else can become one."""

from __future__ import annotations

import pytest
import sqlalchemy as sa

from messaging import inbox, stop_words
from messaging.database import Database
from messaging.errors import DataError
from messaging.gateways.protocol import Arrival
from messaging.models import Audit, Phone
from tests.world import World


def test_a_word_closes_phones_from_now_on(world: World, db: Database) -> None:
    phone = world.phone("+22370000001")
    arrivals = [
        Arrival(dedupe_key=str(place), sender="+22370000001", text="Ca suffit !", received_at=world.now, digest="")
        for place in (1, 2)
    ]
    inbox.receive(db, "simulator", arrivals[:1])
    with db.write() as session:
        assert session.get_one(Phone, phone).opted_out_at is None
        stop_words.add(session, "ça  suffit", None, world.now, staff_id=None)
    inbox.receive(db, "simulator", arrivals[1:])
    with db.read() as session:
        assert session.get_one(Phone, phone).opted_out_at is not None
        assert [(row.word, row.language) for row in stop_words.rows(session)] == [("ça suffit", None)]
        (noted,) = session.scalars(sa.select(Audit).where(Audit.object == "stop_word")).all()
        assert (noted.actor, noted.action, noted.after) == ("command", "added", {"word": "ça suffit", "language": None})


WRONG = [
    ("", None, "ne peut pas"),
    ("?!", None, "ne peut pas"),
    ("a", None, "ne peut pas"),
    ("stop2", None, "ne peut pas"),
    ("x" * 41, None, "ne peut pas"),
    ("Oui", None, "autre chose"),
    ("ARRÊT", None, "déjà"),
    ("j o", "bm", "déjà"),
    ("Assez", None, "déjà"),  # added before
    ("fini", "klingon", "inconnue"),
]


@pytest.mark.parametrize(("word", "language", "says"), WRONG)
def test_what_cannot_mean_stop_is_refused(world: World, word: str, language: str | None, says: str) -> None:
    with world.db.write() as session:
        stop_words.add(session, "assez", None, world.now)
    with pytest.raises(DataError, match=says), world.db.write() as session:
        stop_words.add(session, word, language, world.now, taken={"oui"})
    with world.db.read() as session:
        assert [row.word for row in stop_words.rows(session)] == ["assez"]
