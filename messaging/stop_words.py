"""Further words that mean STOP, as rows: staff add them, nobody takes one away."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Session

from messaging import audit, fold, stop
from messaging.errors import DataError
from messaging.models import Language, StopWord

LONGEST = 40
SHORTEST = 2  # letters: a single one is too easily written by mistake


def rows(session: Session) -> list[StopWord]:
    """What staff added, in order."""
    return list(session.scalars(sa.select(StopWord).order_by(StopWord.word)))


def add(
    session: Session,
    word: str,
    language: str | None,
    now: datetime,
    *,
    staff_id: int | None = None,
    taken: Collection[str] = (),
) -> StopWord:
    """Add a word or a short phrase; it holds for every SMS that comes from now on.

    Args:
        session: a writing session.
        word: as people write it; capitals and accents do not matter.
        language: of those whose SMS it ends; None: of everybody.
        now: the time.
        staff_id: who adds it; None: the command line.
        taken: folded words that people write to say something else.

    Raises:
        DataError: it cannot be such a word, or is one already.
    """
    word = " ".join(word.split())
    folded = " ".join(fold.words(fold.plain(word)))
    if (
        not len(folded.replace(" ", "")) >= SHORTEST
        or len(word) > LONGEST
        or any(sign.isdigit() for sign in fold.plain(word))
    ):
        raise DataError(
            f"« {word} » ne peut pas dire STOP : écrivez un mot de {SHORTEST} à {LONGEST} lettres, sans chiffre. / "
            f"« {word} » cannot mean STOP: write a word of {SHORTEST} to {LONGEST} letters, without digits."
        )
    if folded in taken:
        raise DataError(
            f"« {word} » dit autre chose dans un SMS : il ne peut pas dire STOP. / "
            f"« {word} » says something else in an SMS: it cannot mean STOP."
        )
    if language is not None and session.get(Language, language) is None:
        raise DataError(f"Langue inconnue : {language}. / No such language: {language}.")
    extra = [row.word for row in rows(session) if row.language in (None, language)]
    if stop.is_stop(word, language or "fr", extra=extra) or session.get(StopWord, word) is not None:
        raise DataError(f"« {word} » dit déjà STOP. / « {word} » means STOP already.")
    row = StopWord(word=word, language=language)
    session.add(row)
    after = {"word": word, "language": language}
    audit.note(session, audit.actor(staff_id), "added", "stop_word", word, now, after=after)
    return row
