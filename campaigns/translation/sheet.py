"""The sheet for translators: its columns, and the texts written into it; knows no way back."""

from __future__ import annotations

from collections.abc import Collection, Iterable

import sqlalchemy as sa
from sqlalchemy.orm import Session

from campaigns.models import Campaign
from campaigns.translation.entries import Entry, notes
from messaging import sheets
from messaging.errors import DataError, RefusedError
from messaging.models import Programme

COLUMNS = {  # key -> header and width in letters
    "campaign": ("campagne", 18),
    "step": ("étape", 16),
    "part": ("partie", 11),
    "language": ("langue", 8),
    "french": ("français", 44),
    "official": ("lettres officielles", 44),
    "sms": ("lettres SMS", 44),
    "segments": ("segments", 10),
    "state": ("état", 11),
    "comment": ("commentaire", 28),
    "back_translation": ("retraduction", 36),
    "mark": ("marque", 14),
}
TITLES = {key: title for key, (title, _width) in COLUMNS.items()}
TYPED = ("official", "sms", "comment", "back_translation")  # what a translator writes; all the rest is for reading
ADVICE = (
    ("À faire", "Écrivez la traduction dans « lettres officielles ». Renvoyez tout le fichier, ou vos lignes seules."),
    ("Cases grises", "Elles servent à lire et à retrouver la ligne : ne les changez pas, surtout pas la marque."),
    ("lettres officielles", "Le vrai texte, comme il s'écrit aujourd'hui (ɛ ɔ ɲ ŋ), sans les tons."),
    ("lettres SMS", "Laissez vide : elles se font des lettres officielles. N'y écrivez que pour les vouloir autres."),
    ("sms", "Partie : le message qui part."),
    ("club", "Partie : le même conseil pour toute la famille, par le club."),
    ("option_1, option_2 …", "Parties : les réponses d'une question, que le sms imprime aussi."),
    ("right, wrong", "Parties : ce que reçoit qui répond juste, ou faux."),
    ("read_aloud", "Partie : à lire à haute voix, au club et à la radio."),
    ("{place} …", "Ces mots entre accolades se copient tels quels : le nom du village y vient à l'envoi."),
    ("segments", "Combien de SMS se paient, avec les noms les plus longs. Recompté à l'import."),
    ("commentaire", "Pour l'éditeur : un doute, un mot qui manque. Aucun téléphone ne le montre."),
    ("retraduction", "Ce que dit votre texte, remis en français, pour qui le relit sans parler la langue."),
    ("Un doute ?", "Mieux vaut une case vide qu'un texte inventé. Tout texte importé est un brouillon, à relire."),
)


def write(form: sheets.Format, texts: Iterable[Entry]) -> bytes:
    """The sheet of some texts, one row a part; in a workbook the columns for reading are grey, and advice is added."""
    for_reading = [place for place, key in enumerate(COLUMNS) if key not in TYPED]
    look = sheets.Look([width for _title, width in COLUMNS.values()], for_reading, ADVICE)
    found = (cells(entry, part) for entry in texts for part in entry.parts())
    return sheets.write(form, list(TITLES.values()), ([row[key] for key in COLUMNS] for row in found), look)


def cells(entry: Entry, part: str) -> dict[str, sheets.Cell]:
    """One row of the sheet, by key of its column."""
    return {
        "campaign": entry.campaign.code, "step": entry.step.code, "part": part, "language": entry.language,
        "french": entry.french_of(part), "official": entry.official(part), "sms": entry.sms(part),
        "segments": entry.segments(part), "state": entry.state,
        "comment": notes(entry.said.comment).get(part, ""),
        "back_translation": notes(entry.said.back_translation).get(part, ""), "mark": entry.mark,
    }  # fmt: skip


def named(
    session: Session, programme: str | None = None, codes: Collection[str] = (), spoken: Collection[str] = ()
) -> list[Campaign]:
    """The campaigns that a sheet is asked for, by programme and code; none named: all of them.

    Raises:
        DataError: there is no such programme, campaign or language.
        RefusedError: two programmes use a code, so that a sheet could not tell whose campaign it is.
    """
    query = sa.select(Campaign, Programme).join(Programme, Programme.id == Campaign.programme_id)
    found = [(row, own) for row, own in session.execute(query.order_by(Programme.id, Campaign.code))]
    if programme is not None:
        _all_known([programme], {own.code for _row, own in found}, "programme with campaigns")
        found = [(row, own) for row, own in found if own.code == programme]
    _all_known(codes, {row.code for row, _own in found}, "campaign")
    _all_known(spoken, {code for _row, own in found for code in own.languages}, "language of these programmes")
    rows = [row for row, _own in found if not codes or row.code in codes]
    twice = {row.code for row in rows if sum(row.code == other.code for other in rows) > 1}
    if twice:
        raise RefusedError(f"Two programmes have a campaign « {min(twice)} »: add --programme CODE.")
    return rows


def _all_known(given: Collection[str], known: Collection[str], what: str) -> None:
    for code in given:
        if code not in known:
            raise DataError(f"There is no {what} « {code} ». There are: {', '.join(sorted(known)) or '–'}.")
