"""What changed in a campaign, and what a change does, in the words of the page."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from campaigns.admin.when import TAGS, Names, listed, span, spell_when, whom
from campaigns.admin.words import KINDS, N_, STEP_KINDS, TOPICS, _, _n, day
from campaigns.definitions import Audience, When
from campaigns.definitions.values import span as length
from campaigns.difference import Change
from campaigns.effects import Effect
from messaging.models.post import Kind


def mark(said: Mapping[str, Any] | None, effects: Sequence[str]) -> str:
    """Stands for what was told before a change: other values, or another effect, are told again."""
    return hashlib.sha256(json.dumps([said, effects], sort_keys=True).encode()).hexdigest()[:16]


FIELDS = {
    "title": N_("Titre"),
    "topic": N_("Thème"),
    "pillar": N_("Pilier"),
    "agency": N_("Agence"),
    "serves": N_("Lignes du programme"),
    "starts": N_("Début"),
    "ends": N_("Fin"),
    "audience": N_("À qui"),
    "order": N_("Ordre des étapes"),
    "step": N_("Étape"),
    "kind": N_("Genre"),
    "send_as": N_("Envoyé comme"),
    "when": N_("Quand"),
    "hour": N_("Heure"),
    "useful": N_("Utile pendant"),
    "priority": N_("Priorité"),
    "personal": N_("Contenu personnel"),
    "facts": N_("Faits cités"),
    "national_text": N_("Texte national"),
    "facts_checked": N_("Faits vérifiés le"),
    "tags": N_("Étiquettes de risque"),
    "one_act": N_("Un seul geste"),
    "question": N_("Question"),
}
PERSONAL = {"pregnancy": N_("grossesse"), "child_age": N_("âge de l'enfant")}
QUESTIONS = {
    "single": N_("une réponse parmi plusieurs"),
    "multi": N_("plusieurs réponses"),
    "yesno": N_("oui ou non"),
    "number": N_("un nombre"),
}
WAVES = {
    "practice": N_("exercice"),
    "pre": N_("avant la campagne"),
    "mid": N_("en cours de campagne"),
    "post": N_("après la campagne"),
}
PILLARS = {"productive": N_("productif"), "financial": N_("financier"), "social": N_("social")}
ACTIONS = {
    "loaded": N_("Telle que chargée"),
    "made": N_("Créée"),
    "edited": N_("Modifiée"),
    "added": N_("Étape ajoutée"),
    "moved": N_("Étape déplacée"),
    "removed": N_("Étape retirée"),
    "restored": N_("Restaurée"),
}
EFFECTS: dict[str, Callable[[int], str]] = {
    "withdrawn": lambda num: _n(
        "%(num)s message attend : il est retiré et ne part pas.",
        "%(num)s messages attendent : ils sont retirés et ne partent pas.",
        num,
    ),
    "planned_anew": lambda num: _n(
        "%(num)s message attend selon l'ancienne règle : il est retiré, puis refait selon la nouvelle.",
        "%(num)s messages attendent selon l'ancienne règle : ils sont retirés, puis refaits selon la nouvelle.",
        num,
    ),
    "goes_on": lambda num: _n(
        "%(num)s message qui attend part comme prévu.", "%(num)s messages qui attendent partent comme prévu.", num
    ),
    "had_it": lambda num: _n(
        "%(num)s téléphone l'a déjà reçue : pas une deuxième fois.",
        "%(num)s téléphones l'ont déjà reçue : pas une deuxième fois.",
        num,
    ),
    "had_earlier": lambda num: _n(
        "%(num)s téléphone l'a déjà reçue d'autres jours ; il la reçoit encore aux jours nouveaux.",
        "%(num)s téléphones l'ont déjà reçue d'autres jours ; ils la reçoivent encore aux jours nouveaux.",
        num,
    ),
    "passed": lambda num: _n(
        "Pour %(num)s personne inscrite, le jour est passé : elle ne la recevra pas.",
        "Pour %(num)s personnes inscrites, le jour est passé : elles ne la recevront pas.",
        num,
    ),
    "at_once": lambda num: _n(
        "Pour %(num)s personne inscrite, le jour vient de passer : "
        "si la reprise est pour bientôt, elle la reçoit alors.",
        "Pour %(num)s personnes inscrites, le jour vient de passer : "
        "si la reprise est pour bientôt, elles la reçoivent alors.",
        num,
    ),
    "ahead": lambda num: _n(
        "Pour %(num)s personne inscrite, le jour est encore à venir.",
        "Pour %(num)s personnes inscrites, le jour est encore à venir.",
        num,
    ),
}
ALONE = {
    "pause_first": N_("La campagne est en cours : mettez-la d'abord en pause, le changement attend ici."),
    "approve_again": N_("La campagne redevient un brouillon : une autre personne l'approuve avant qu'elle reparte."),
    "nobody": N_("Rien n'est encore parti : ce changement ne touche personne."),
    "same_rule": N_("Ni les personnes visées ni les moments ne changent."),
    "newcomers": N_("Qui est visé et pas encore inscrit l'est à la reprise : ses jours se comptent à partir de là."),
    "date_at_once": N_("Ce moment est passé, mais l'envoi est encore utile : il part dès que la campagne reprend."),
    "date_passed": N_("Ce jour est passé : l'étape n'ira plus à personne."),
    "from_now": N_("Vaut pour les jours à venir : ceux qui sont passés ne sont pas rattrapés."),
}


@dataclass(frozen=True)
class Line:
    """One difference in words; an empty side says that there was, or is, nothing."""

    label: str
    before: str
    after: str


def lines(changes: Iterable[Change], known: Names) -> list[Line]:
    """Differences as the page says them."""
    return [line(change, known) for change in changes]


def line(change: Change, known: Names) -> Line:
    """One difference: « lavage-1 · Heure : 16:30 → 17:30 »."""
    name = _(FIELDS.get(change.field, change.field))
    label = name if change.step is None else f"{change.step} · {name}"
    if change.field == "step":
        label = _("Étape %(code)s", code=change.step)
    return Line(label, *(said(change.field, value, known) for value in (change.before, change.after)))


def said(field: str, value: Any, known: Names) -> str:
    """The value of a field in words; empty for none."""
    if value is None:
        return ""
    return SAID[field](value, known) if field in SAID else _plain(value)


def effects(found: Iterable[Effect]) -> list[str]:
    """What a change does, one sentence each."""
    return [_(ALONE[one.what]) if one.what in ALONE else EFFECTS[one.what](one.count) for one in found]


def _plain(value: Any) -> str:
    if isinstance(value, bool):
        return _("oui") if value else _("non")
    return ", ".join(map(str, value)) if isinstance(value, list | tuple) else str(value)


def _audience(value: Any, known: Names) -> str:
    return whom(Audience.model_validate(value), None, known)


def _question(value: Mapping[str, Any], _known: Names) -> str:
    expected, wave = value["type"], value.get("wave") or "practice"
    parts = [_(QUESTIONS[expected]), _(WAVES[wave])]
    if value.get("correct"):
        parts.append(_("réponse juste : %(numbers)s", numbers=_plain(value["correct"])))
    if value.get("poll"):
        parts.append(_("sondage"))
    if value.get("min") is not None:
        parts.append(f"{value['min']} – {value.get('max')} {value.get('unit') or ''}".strip())
    return " · ".join([*parts, _("close après %(span)s", span=span(length(value.get("closes") or "3d")))])


def _step(value: Mapping[str, Any], known: Names) -> str:
    shown = [said(name, value.get(name), known) for name in ("kind", "when", "hour", "audience")]
    return " · ".join(one for one in shown if one)


def _of(table: Mapping[Any, str]) -> Callable[[Any, Names], str]:
    def word(value: Any, _known: Names) -> str:
        found = [_(table[one]) if one in table else str(one) for one in (value if isinstance(value, list) else [value])]
        return listed(found)

    return word


def _day(value: Any, _known: Names) -> str:
    return day(date.fromisoformat(str(value)))


SAID: dict[str, Callable[[Any, Names], str]] = {
    "title": lambda value, _known: " / ".join(filter(None, (value.get("fr"), value.get("en")))),
    "topic": _of(TOPICS),
    "pillar": _of(PILLARS),
    "starts": _day,
    "ends": _day,
    "facts_checked": _day,
    "audience": _audience,
    "kind": _of(STEP_KINDS),
    "send_as": _of({kind.value: word for kind, word in KINDS.items() if kind is not Kind.REPLY}),
    "when": lambda value, _known: spell_when(When.model_validate(value)),
    "useful": lambda value, _known: span(length(value)),
    "personal": _of(PERSONAL),
    "tags": _of(TAGS),
    "question": _question,
    "step": _step,
    "order": lambda value, _known: " → ".join(value),
}
