"""The page `docs/languages.md`: how far each language has come, counted from the database of a fresh start."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from tempfile import TemporaryDirectory

import polib
import sqlalchemy as sa
from sqlalchemy.orm import Session

from campaigns import demonstration
from campaigns.conversation import grammar
from campaigns.definitions import slots
from campaigns.library import glossary
from campaigns.models import Campaign, Step
from messaging import languages, letters, programmes, stop, texts
from messaging.installation import open_installation
from messaging.models import Language, Text, TextState
from messaging.settings import load
from tests.structure import catalogues

FRESH = datetime(2026, 1, 1, tzinfo=UTC)
SHOWN = 20  # texts in the table of sizes
PENDING = {"type": "consent", "club": None, "text_version": ""}
# What a word of a concept must be read as, by the reader, to count as a keyword.
MEANT = {"yes": "yes", "no": "no", "stop_cease": "stop", "stop_halt": "stop", "help": "help"}

HEAD = """\
# Languages: how far each has come

This page is written by `make docs` from the database of a fresh start, so its counts are those of the shipped files.
Everything below awaits people: **no shipped text is reviewed or approved**, and none of it can reach a member's phone.
Only the simulator carries drafts, marked as drafts. Facts and words are credited in [sources.md](sources.md).

Bambara and Dogon texts are attested words side by side (`campaigns/library/glossary.toml`), never invented grammar.
They are calls, reminders, reports and one poll: **no text on health is shipped in these languages**, for words put side
by side may be read as other advice than was meant. An empty text is better than an invented one.
"""
COLUMNS = ("language", "code", "keywords", "glossary", "system replies", "campaign texts")
NOTES = """\
* *keywords*: of the attested words for yes, no, stop and help, how many the reader takes from a member of that
  language; their use as keywords is a guess. STOP, other French and English words and DABILA are taken from everybody.
* *system replies*: entries of `locales/`. Those that nobody has reviewed are left out on real gateways: the next
  language of the chain answers.
* A language without texts is a wish that is counted: its members get the next language of the programme's chain, or
  nothing.
"""
SIZES = """\
## What the letters cost

Up to {shown} texts of the library in each language, spread evenly: the official letters as written beside the SMS form
as sent, each at the longest values of its slots. They differ where official letters are outside the SMS alphabet; there
one SMS holds 70 signs instead of 160.
"""


@dataclass(frozen=True)
class Sized:
    """One text of the library with what it takes in official letters and as it is sent."""

    name: str
    written: letters.Size
    sent: letters.Size


def page() -> str:
    """The whole page."""
    with TemporaryDirectory() as folder:
        here = open_installation(load({"JEKULU_DATA": folder}), FRESH)
        with here.db.write() as session:
            for code in demonstration.PROGRAMMES.values():
                programmes.new_programme(session, code, FRESH)
            demonstration.load_library(session, FRESH)
            parts = [HEAD, _status(session), NOTES, SIZES.format(shown=SHOWN), *_sizes(session)]
        here.close()
    return "\n".join(part.rstrip("\n") + "\n" for part in parts)


# --- the status of each language


def _status(session: Session) -> str:
    steps = session.scalar(sa.select(sa.func.count(Step.id))) or 0
    known = session.scalars(sa.select(Language).order_by(Language.code != languages.LAST, Language.code))
    rows = [_status_of(session, row, steps) for row in known]
    return _table(COLUMNS, sorted(rows, key=lambda row: row[3:] == ("none",) * 3))


def _status_of(session: Session, row: Language, steps: int) -> tuple[str, ...]:
    code = row.code
    counts = (_keywords(row), _words(code), _replies(code), _texts(session, code, steps))
    return (row.name_fr, f"`{code}`", *counts)


def _keywords(row: Language) -> str:
    if row.code == languages.LAST:
        return "yes"
    is_dogon = row.family == "dogon"
    asked = [word for word in glossary.words(row.code) if word.concept in MEANT]
    taken = [word for word in asked if _is_taken(word, row.code, is_dogon)]
    if asked:
        return f"{len(taken)} of {len(asked)} words, guesses"
    return "those of the other Dogon languages, guesses" if is_dogon else "none of its own"


def _is_taken(word: glossary.Word, code: str, is_dogon: bool) -> bool:
    """Whether the reader takes the word in official and in SMS letters."""
    return all(_read(form, code, is_dogon) == MEANT[word.concept] for form in (word.official, word.sms))


def _read(form: str, code: str, is_dogon: bool) -> str:
    if stop.is_stop(form, code, dogon=is_dogon):
        return "stop"
    context = {"lang": code, "dogon": is_dogon}
    agreed = grammar.read(form, "member", {**context, "pending": PENDING}).readings[0].fields.get("granted")
    if agreed is not None:
        return "yes" if agreed else "no"
    return grammar.read(form, "member", context).readings[0].intent


def _words(code: str) -> str:
    if code == languages.LAST:
        return "not needed"
    found = glossary.words(code)
    return f"{len(found)} words for {len({word.concept for word in found})} concepts, unreviewed" if found else "none"


def _replies(code: str) -> str:
    path = catalogues.place(languages.folder(), code)
    if not path.is_file():
        return "none"
    entries = list(polib.pofile(str(path), encoding="utf-8"))
    ready, drafts = sum(entry.translated() for entry in entries), sum(entry.fuzzy for entry in entries)
    if ready == len(entries):
        return f"complete ({ready})"
    return _listed(
        (ready, "reviewed"),
        (drafts, "drafts, nobody has reviewed them"),
        (len(entries) - ready - drafts, "to translate"),
    )


def _texts(session: Session, code: str, steps: int) -> str:
    states = Counter(session.scalars(sa.select(Text.state).where(Text.language == code)))
    return _listed(
        (states[TextState.APPROVED], "approved"),
        (states[TextState.REVIEWED], "reviewed, awaiting sign-off"),
        (states[TextState.DRAFT], "drafts, awaiting review and sign-off"),
        (steps - states.total() if states else 0, "to translate"),
    )


def _listed(*counts: tuple[int, str]) -> str:
    return "; ".join(f"{count} {words}" for count, words in counts if count) or "none"


# --- what the letters cost


def _sizes(session: Session) -> Iterator[str]:
    spoken = session.scalars(sa.select(Text.language).distinct()).all()
    for code in sorted(spoken, key=lambda code: (code != languages.LAST, code)):
        found = _measured(session, code)
        name = session.get_one(Language, code).name_fr
        written = sum(one.written.segments for one in found)
        sent = sum(one.sent.segments for one in found)
        yield f"### {name} (`{code}`)\n"
        yield f"All {len(found)} texts: **{written}** SMS in official letters as written, **{sent}** as sent.\n"
        yield _table(("step", "as written", "SMS", "as sent", "SMS"), [_row(one) for one in _spread(found)])


def _measured(session: Session, code: str) -> list[Sized]:
    query = (
        sa.select(Text, Campaign.code, Step.code)
        .join(Step, Step.id == Text.step_id)
        .join(Campaign, Campaign.id == Step.campaign_id)
        .where(Text.language == code)
        .order_by(Campaign.code, Step.position)
    )
    found = []
    for text, campaign, step in session.execute(query):
        said = texts.wording(texts.current(session, text))
        sizes = (letters.measure(slots.stretched(words)) for words in (said.official, said.sms))
        found.append(Sized(f"{campaign}/{step}", *sizes))
    return found


def _spread(found: Sequence[Sized]) -> list[Sized]:
    """At most `SHOWN` of them, evenly over all campaigns."""
    shown = min(SHOWN, len(found))
    return [found[place * len(found) // shown] for place in range(shown)]


def _row(one: Sized) -> tuple[str, ...]:
    return (
        f"`{one.name}`",
        f"{one.written.encoding} {one.written.units}", str(one.written.segments),
        f"{one.sent.encoding} {one.sent.units}", str(one.sent.segments),
    )  # fmt: skip


def _table(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = (f"| {' | '.join(cells)} |" for cells in rows)
    return "\n".join([f"| {' | '.join(columns)} |", "|---" * len(columns) + "|", *lines]) + "\n"
