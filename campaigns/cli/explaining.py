"""A reading in French words: what was understood and put right, why we ask, which reply would go.

Source of the codes: the page on incoming SMS, section 9.
"""

from __future__ import annotations

import string
from collections.abc import Iterator, Mapping
from typing import Any

from campaigns.conversation import slots
from campaigns.conversation.grammar import read
from campaigns.conversation.grammar.reading import Reading, Result, Role
from campaigns.conversation.grammar.sms import Sms
from messaging import languages

INTENTS = {
    "attendance": "présence au club (PRES)", "listening": "écoute d'une émission (ECOUTE)", "visit": "visite (VISITE)",
    "quiz_answer": "réponse au quiz", "hands": "vote à main levée (MAINS)", "decision": "décision du club (DECISION)",
    "join": "demande d'inscription", "consent": "réponse à la demande de consentement",
    "stop": "ne plus recevoir de messages", "start": "recevoir à nouveau les messages", "help": "demande d'aide",
    "language": "choix de la langue", "feedback": "message libre", "sensitive": "message sensible",
    "price": "prix du marché (PRIX)", "rainfall": "pluie tombée (PLUIE)", "radio_log": "passage à l'antenne (RAD)",
    "distribution_ack": "réception d'une distribution (RECU)", "fund_balance": "argent de la caisse (CAISSE)",
    "nursery": "plants de la pépinière (PEPINIERE)", "pest": "ravageur signalé (RAVAGEUR)",
    "tip_sheet": "numéro d'une fiche (FICHE)", "my_data": "demande de ses données (MES INFOS)",
    "erase": "effacement de ses données (EFFACER)", "case_answer": "avis sur la réponse à une plainte",
    "new_number": "réponse sur un nouveau numéro", "quorum": "réponse sur le quorum",
    "new_sim": "réponse sur une nouvelle carte SIM", "unknown": "message que rien n'explique",
    "noise": "aucun message d'une personne",
}  # fmt: skip
STATUSES = {
    "ok": "c'est enregistré", "confirm": "on demande de confirmer par OUI", "pending": "on attend la suite",
    "error": "rien n'est enregistré, on dit quoi faire", "partial": "une partie des réponses manque",
    "late": "gardé, mais arrivé après la fin du quiz", "ignored": "rien n'est enregistré",
}  # fmt: skip
ERRORS = {
    "unknown_number": "le numéro n'est pas encore connu", "not_facilitator": "seul un animateur peut l'envoyer",
    "club_code_invalid": "ce code de club n'existe pas : son dernier chiffre ne va pas avec les autres",
    "club_not_yours": "ce code est celui d'un club qui n'est pas à l'expéditeur",
    "club_missing": "on ne sait pas de quel club il s'agit", "date_invalid": "cette date n'existe pas",
    "date_future": "cette date n'est pas encore passée", "date_old": "la date a plus de 45 jours",
    "not_whole_number": "un nombre de personnes n'a pas de virgule", "number_too_big": "un nombre dépasse 999",
    "label_twice": "la même lettre porte deux nombres", "label_ambiguous": "M : femmes (muso) ou hommes (masculin) ?",
    "extra_number": "un nombre reste sans lettre", "counts_missing": "il manque les nombres",
    "total_mismatch": "le total n'est pas la somme", "subgroup_exceeds": "FE et FA dépassent le nombre de femmes",
    "men_missing": "il manque les hommes", "women_missing": "il manque les femmes",
    "sex_missing": "il manque les femmes et les hommes, le total seul est connu",
    "implausible": "le nombre est trop grand pour être vrai sans confirmation",
    "already_reported": "ce jour est déjà rapporté avec d'autres nombres",
    "one_answer_only": "une seule réponse est possible", "conflicting_answers": "deux réponses à la même question",
    "option_unknown": "cette réponse n'est pas proposée",
    "option_words_ambiguous": "ces mots vont à plusieurs réponses",
    "out_of_range": "le nombre est hors des limites", "pairs_unclear": "on ne sait pas quel nombre va avec quel choix",
    "hands_mismatch": "le total des mains n'est pas celui des présents",
    "village_ambiguous": "plusieurs villages portent ce nom", "village_fuzzy": "le nom du village n'est pas sûr",
    "consent_needed": "il faut d'abord l'accord de la personne", "consent_unclear": "ce n'est ni oui ni non",
    "language_missing": "il manque le nom de la langue", "language_unavailable": "cette langue n'est pas disponible",
    "text_missing": "il manque le texte", "confirm_needed": "on demande une confirmation avant d'effacer",
    "no_open_quiz": "aucune question n'est ouverte", "unknown_sender": "l'expéditeur n'est pas connu",
}  # fmt: skip
REPAIRS = {
    "keyword_missing": "le mot-clé manquait", "keyword_fuzzy": "le mot-clé était mal écrit",
    "O>0": "lettre O lue 0", "I>1": "lettre I lue 1", "l>1": "lettre l lue 1", "|>1": "barre | lue 1",
    "positional": "nombres lus dans l'ordre", "number_words": "nombres écrits en lettres",
    "number_words_fuzzy": "nombres en lettres mal écrits", "FI_ambiguous": "FI : femmes ou filles ?",
    "M=masculin": "M lu masculin", "M_ambiguous": "M lu femmes (muso)", "unread_part": "une partie n'a pas pu être lue",
    "phone_redacted": "un numéro de téléphone retiré", "joined_two_sms": "deux SMS réunis",
    "duplicate_ignored": "déjà reçu, compté une seule fois", "correction": "remplace l'ancien rapport",
    "confirmed": "confirmé par l'expéditeur", "number_for_letter": "chiffre lu comme la lettre de ce rang",
    "letter_for_number": "lettre lue comme le chiffre de ce rang", "accent_removed": "accent retiré",
    "option_words": "réponse reconnue à ses mots",
}  # fmt: skip
FIELDS = {
    "club": "club", "date": "date", "women": "femmes", "men": "hommes", "girls": "filles", "boys": "garçons",
    "total": "total", "pregnant": "enceintes", "lactating": "allaitantes", "session": "séance", "episode": "épisode",
    "note": "note", "question": "question", "replaces": "remplace", "cancelled": "annulé", "problem": "problème",
    "code_given": "code écrit", "suggest": "codes proches", "clubs": "codes de l'expéditeur", "label": "lettre",
    "value": "nombre", "total_given": "total écrit", "total_computed": "somme", "quiz": "quiz", "answers": "réponses",
    "person": "personne", "given": "écrit", "counts": "mains", "present": "présents", "text": "texte",
    "kept": "tenue", "village": "village", "commune": "commune", "communes": "communes", "already": "déjà membre",
    "granted": "accord", "text_version": "version du texte", "scope": "portée", "topic": "sujet", "lang": "langue",
    "variety": "variété", "requested": "langue demandée", "category": "catégorie", "market": "marché", "prices": "prix",
    "unit": "unité", "mm": "mm", "station": "station", "aired": "diffusé", "time": "heure",
    "distribution": "distribution", "received": "reçu", "quantity": "quantité", "amount": "montant",
    "currency": "monnaie", "plants": "plants", "crop": "culture", "number": "numéro", "case": "dossier",
    "satisfied": "satisfait",
    "request": "demande", "confirmed": "confirmé", "quorum": "quorum", "old": "ancienne carte",
    "decision": "décision",
}  # fmt: skip


def explain(text: str, role: Role, context: Mapping[str, Any]) -> Iterator[str]:
    """The lines of the explanation of one SMS."""
    sms, result = Sms(text, role, context), read(text, role, context)
    yield f"« {text} »"
    for reading in result.readings:
        yield from _reading(reading)
    if result.reply is None:
        yield "Réponse : aucune."
        return
    words = _reply(sms, result, result.reply)
    yield f"Réponse : {result.reply}" + ("" if words else " (pas encore de texte)")
    if words:
        yield f"  {words}"


def _reading(reading: Reading) -> Iterator[str]:
    """What was understood and why it is asked, its values, and what was put right."""
    why = f" : {ERRORS.get(reading.error, reading.error)}" if reading.error else ""
    yield f"Compris : {INTENTS.get(reading.intent, reading.intent)} ; {STATUSES[reading.status]}{why}."
    if reading.fields:
        yield "  " + " · ".join(f"{FIELDS.get(key, key)} {_shown(value)}" for key, value in reading.fields.items())
    if reading.repairs and reading.status != "error":
        yield "  Corrigé : " + ", ".join(REPAIRS.get(name, name) for name in reading.repairs) + "."


def _shown(value: Any) -> str:
    if isinstance(value, bool):
        return "oui" if value else "non"
    if isinstance(value, Mapping):
        return ", ".join(f"{FIELDS.get(str(key), key)} {_shown(one)}" for key, one in value.items()) or "-"
    if isinstance(value, list):
        return ", ".join(map(_shown, value)) or "-"
    return "-" if value is None else str(value)


def _reply(sms: Sms, result: Result, key: str) -> str | None:
    """The French words of the reply, filled in as far as the reading goes; None when there are none yet."""
    try:
        line, language = languages.line(key, [languages.LAST], drafts=True)
    except KeyError:
        return None
    decided = next((reading for reading in result.readings if reading.status != "ok"), result.readings[0])
    said = slots.Said(
        reading=decided, today=sms.today, language=language, own=tuple(sms.clubs), readings=result.readings,
        questions=(sms.context.get("quiz") or {}).get("questions") or (), service="Jekulu", case="...", cost="...",
    )  # fmt: skip
    names = {name for _, name, _, _ in string.Formatter().parse(line) if name}
    return line.format(**{name: _slot(name, said) for name in names})


def _slot(name: str, said: slots.Said) -> str:
    """One value; what only a table knows is left open."""
    return str(slots.SLOTS[name](said)) if name in slots.SLOTS else slots.UNKNOWN
