"""The language of a phone, chosen by SMS; what is asked for and not there is counted.

Source: the page on incoming SMS, 8.5.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Session

from campaigns.conversation import questions, replies
from campaigns.conversation.context import Sender
from campaigns.conversation.grammar.reading import Reading
from campaigns.conversation.handling import DONE, Done
from messaging import languages
from messaging.database import change
from messaging.models import Facilitator, Inbound, Language, Member, Programme
from messaging.models.people import Route
from messaging.places import folded

MENU = 9  # options that one digit can name
LONGEST = 40  # letters of a variety
DOGON = "dogon"


def choose(session: Session, sender: Sender, reading: Reading, now: datetime) -> Done:
    """Use the language that was asked for, if the programme has it; else say which ones there are."""
    if sender.programme is None:
        return DONE
    offered = _offered(session, sender.programme)
    if reading.status == "pending":
        menu = offered[:MENU]
        questions.put(session, sender, "language_menu", now, options=[row.code for row in menu])
        return Done(slots={"names": ", ".join(f"{place} {row.name_fr}" for place, row in enumerate(menu, 1))})
    questions.clear(session, sender, "language_menu")
    variety = str(reading.fields.get("variety") or "")[:LONGEST].strip() or None
    found = nearest(offered, str(reading.fields.get("lang") or ""), variety)
    if reading.status != "ok" or found is None:
        return Done(key="lang.unavailable", slots={"names": ", ".join(row.name_fr for row in offered)})
    _use(session, sender, found.code, variety)
    codes = languages.chain(session, sender.programme.id, found.code)  # the answer is in the language just chosen
    return Done(words=replies.words(sender, codes, "lang.done", (reading,), reading, {"lang": found.name_fr}))


def nearest(offered: Sequence[Language], wanted: str, variety: str | None) -> Language | None:
    """The language of a programme that comes nearest to what was said; pure.

    A Dogon variety is looked for by its name, then the language itself; who only says Dogon gets the programme's
    first Dogon language. Other languages stand for no other.
    """
    same = [row for row in offered if row.code == wanted]
    dogon = [row for row in offered if row.family == DOGON] if wanted in _dogon_codes() else []
    named = [row for row in dogon if variety and folded(variety) in folded(row.name_fr)]
    return next(iter([*named, *same, *dogon]), None)


def demand(session: Session, programme_id: int) -> Counter[str]:
    """How many members speak each variety that we have no language for, and how often another language was asked."""
    said = sa.select(Member.variety, sa.func.count()).where(
        Member.programme_id == programme_id, Member.variety.is_not(None)
    )
    counts = Counter({str(variety): count for variety, count in session.execute(said.group_by(Member.variety))})
    asked = sa.select(Inbound.readings).where(Inbound.intent == "language", Inbound.readings.is_not(None))
    for readings in session.scalars(asked):
        for one in readings.get("readings", ()):
            if requested := one.get("fields", {}).get("requested"):
                counts[str(requested)] += 1
    return counts


def _offered(session: Session, programme: Programme) -> list[Language]:
    """The languages of a programme, in its order, its language of last resort among them."""
    codes = list(dict.fromkeys([*programme.languages, programme.language]))
    rows = {row.code: row for row in session.scalars(sa.select(Language).where(Language.code.in_(codes)))}
    return [rows[code] for code in codes if code in rows]


def _dogon_codes() -> frozenset[str]:
    return frozenset(row["code"] for row in languages.shipped() if row["family"] == DOGON)


def _use(session: Session, sender: Sender, code: str, variety: str | None) -> None:
    """Note it on the phone and on who alone is reached on it; a variety we have no language for is kept as said."""
    sender.phone.language = code
    change(session, sa.update(Facilitator).where(Facilitator.phone_id == sender.phone.id).values(language=code))
    if len(sender.members) != 1 or sender.members[0].route is not Route.PHONE:
        return
    member = sender.members[0]
    if variety or member.language != code:
        member.variety = variety
    member.language = code
