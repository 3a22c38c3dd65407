"""A programme of one's own starts with one command, and says clearly what cannot be."""

from __future__ import annotations

import pytest
import sqlalchemy as sa

from messaging import programmes
from messaging.errors import DataError
from messaging.models import Cap, Chain, Hours, Programme, RiskRule
from messaging.models.rule import Decision
from messaging.programmes import by_code, new_programme
from messaging.risk import LAW, TAGS


def test_an_empty_programme_has_its_rules_as_rows(db, now):
    with db.write() as session:
        programme = new_programme(session, "sikasso-2027", now, name_fr="Sikasso", languages=["fr", "bm"])
        ident = programme.id

    with db.read() as session:
        row = session.get(Programme, ident)
        assert (row.name_fr, row.name_en, row.language, row.zone) == ("Sikasso", "Sikasso", "fr", "Africa/Bamako")
        assert not row.demonstration
        assert not row.always_open
        hours = session.scalars(sa.select(Hours).where(Hours.programme_id == ident).order_by(Hours.position)).all()
        assert [(h.kind, h.open_spans, h.closed_spans, h.weekday) for h in hours[:3]] == [
            ("campaign", "08:00-11:30 16:35-17:20 20:50-21:00", "", None),
            ("service", "06:30-11:35 13:15-14:55 16:35-17:20 20:50-21:00", "", None),
            ("both", "", "12:30-15:00", 4),
        ]
        assert len(hours) == 3 + 8 * 3 - 1  # Ramadan, feasts, seasons of three years; of one feast a year is not known
        assert {c.kind: (c.per_day, c.per_week, c.per_month) for c in session.scalars(sa.select(Cap))} == {
            "service": (2, 6, None),
            "campaign": (1, 3, 16),
        }
        rules = session.scalars(sa.select(RiskRule)).all()
        assert len(rules) == 3 * len(TAGS)
        assert {(r.level, r.tag) for r in rules if r.decision is Decision.BLOCK} == {
            (level, tag) for level, tags in LAW.items() for tag in tags
        }
        assert {c.language: c.falls_to for c in session.scalars(sa.select(Chain))} == {"fr": [], "bm": []}


def test_invented_people_have_no_caps_until_there_are_real_ones(db, now):
    with db.write() as session:
        new_programme(session, "essai", now, demonstration=True)
        programmes.obey(session)
        assert set(session.scalars(sa.select(Cap.per_week))) == {None}
        session.get_one(Cap, "service").per_day = 1  # by staff
        new_programme(session, "vrai", now)
        assert {c.kind: (c.per_day, c.per_week) for c in session.scalars(sa.select(Cap))} == {
            "service": (1, None),
            "campaign": (1, 3),
        }


def test_a_second_programme_leaves_the_rules_that_staff_changed(db, now):
    with db.write() as session:
        new_programme(session, "un", now)
        session.get(Cap, "campaign").per_week = 3
        new_programme(session, "deux", now, demonstration=True)

    with db.read() as session:
        assert session.get(Cap, "campaign").per_week == 3
        assert by_code(session, "deux").always_open
        assert by_code(session, "deux").demonstration


WRONG = [
    ("a blank", {"code": "mon programme"}, "small letters"),
    ("capitals", {"code": "Kita"}, "small letters"),
    ("too short", {"code": "k"}, "small letters"),
    ("too long", {"code": "k-" * 30 + "k"}, "small letters"),
    ("a line end", {"code": "kita\n"}, "small letters"),
    ("taken", {"code": "kita"}, "already"),
    ("no such zone", {"code": "autre", "zone": "Afrique/Bamako"}, "time zone"),
    ("a zone that is a path", {"code": "autre", "zone": "../etc"}, "time zone"),
    ("no such language", {"code": "autre", "languages": ["fr", "dgo"]}, "dgo"),
    ("no language", {"code": "autre", "languages": []}, "language"),
    ("a name that costs", {"code": "autre", "service_name": "Jɛkulu"}, "plain letters"),
]


@pytest.mark.parametrize("case", WRONG, ids=[row[0] for row in WRONG])
def test_what_cannot_be_is_said_and_nothing_is_stored(db, now, case):
    _label, values, word = case
    with db.write() as session:
        new_programme(session, "kita", now)

    with pytest.raises(DataError, match=word), db.write() as session:
        new_programme(session, now=now, **values)

    with db.read() as session:
        assert session.scalars(sa.select(Programme.code)).all() == ["kita"]


def test_a_programme_that_is_not_there(db):
    with pytest.raises(DataError, match="programme new"), db.read() as session:
        by_code(session, "rien")
