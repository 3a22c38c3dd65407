"""Which reply leaves and with which words: the sender's own line, filled in, in one segment whatever the values."""

from __future__ import annotations

import re
from datetime import date
from typing import Any

import polib
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from campaigns.conversation import replies, slots
from campaigns.conversation.grammar.reading import Reading
from campaigns.conversation.replies import Course, Told, course
from campaigns.conversation.slots import Said
from messaging import codes, languages, letters
from tests.structure import catalogues

TODAY = date(2026, 3, 12)
OWN = tuple(codes.make(100 + place) for place in range(20))
KEYS = sorted(
    entry.msgid for entry in catalogues.template(languages.folder())
    if not re.search(rf"{{(?:{'|'.join(catalogues.OF_NOTICES)})}}", languages.line(entry.msgid, ["fr"])[0])
)  # fmt: skip
FULL = {"club": "1041", "date": "2026-03-12", "women": 12, "men": 8, "total": 20}


def spoken(
    key: str, fields: dict[str, Any], intent: str = "attendance", own: tuple[str, ...] = ("1041",), **more
) -> str:
    """The French words of a key for one reading."""
    reading = more.pop("reading", Reading(intent, "ok", fields))
    given_values = more.pop("given", None)
    said = Said(
        reading,
        TODAY,
        "fr",
        own,
        more.pop("readings", (reading,)),
        service="Info club",
        case="7",
        cost="gratuit",
        **more,
    )
    line, _ = languages.line(key, ["fr"])
    braces = re.findall(r"{(\w+)}", line)
    return replies.fit(line, slots.fill(braces, said, given_values))


@pytest.mark.parametrize(
    ("key", "fields", "intent", "expected"),
    [
        ("att.ok", FULL, "attendance", "OK 1041 12/03 F12 H8 T20. Erreur? CORR 1041 F.. H.. T.."),
        ("att.ok", {**FULL, "date": "2026-03-10"}, "attendance",
         "OK 1041 10/03 F12 H8 T20. Erreur? CORR 1041 10/03 F.. H.. T.."),
        ("att.ok", {**FULL, "session": 3, "girls": 2, "boys": 1, "total": 23, "pregnant": 1, "lactating": 2},
         "attendance",
         "OK 1041 12/03 S3 F12 H8 JF2 JG1 T23 FE1 FA2. Erreur? CORR 1041 F.. H.. T.."),
        ("att.ok", {"club": "1041", "date": "2026-03-12", "girls": 4, "boys": 0, "total": 4}, "attendance",
         "OK 1041 12/03 JF4 JG0 T4. Erreur? CORR 1041 F.. H.. T.."),
        ("listen.ok", {**FULL, "episode": 12, "question": "et l'eau?"}, "listening",
         "OK 1041 12/03 E12 F12 H8 T20. Ecoute notee. Erreur? CORR 1041 F.. H.. T.."),
        ("att.already", FULL, "attendance", "Deja recu: 1041 12/03 F12 H8 T20. Rien a refaire."),
        ("att.corrected", {**FULL, "replaces": {"women": 11, "men": 8}}, "attendance",
         "Corrige: 1041 12/03 F12 H8 T20. Avant: F11 H8."),
        ("att.confirm", {**FULL, "women": 0, "men": 14, "total": 14}, "attendance",
         "1041 12/03 F0 H14 T14: juste? Repondez OUI. Sinon: PRES 1041 F.. H.. T.."),
        ("att.confirm", {**FULL, "date": "2025-08-20"}, "visit",
         "1041 20/08/2025 F12 H8 T20: juste? Repondez OUI. Sinon: VISITE 1041 20/08/2025 F.. H.. T.."),
        ("att.replace?", {**FULL, "replaces": {"women": 11, "men": 8}}, "attendance",
         "1041 12/03: deja F11 H8. Remplacer par F12 H8 T20? OUI ou NON"),
        ("att.not_recorded", {"club": "1041", "date": "2026-03-12"}, "attendance",
         "Rien n'est note. Ex: PRES 1041 F12 H8 T20"),
        ("att.total_mismatch", {"club": "1041", "women": 12, "men": 8, "total_given": 21, "total_computed": 20},
         "attendance", "1041: 12+8=20, pas 21. Renvoyez: PRES 1041 F12 H8 T.."),
        ("att.club_invalid", {"code_given": "1401", "suggest": ["1041"]}, "attendance",
         "Code 1401 inconnu. Peut-etre 1041? Ex: PRES 1041 F12 H8 T20"),
        ("att.club_invalid", {"code_given": "9999", "suggest": []}, "hands",
         "Code 9999 inconnu. Peut-etre 1041? Ex: MAINS 1041 Q3 1=12 2=5"),
        ("att.club_not_yours", {"code_given": "1055"}, "attendance",
         "Le code 1055 n'est pas a vous. Vos codes: 1041. Message garde."),
        ("att.which_club", {"clubs": ["2035", "3115"], "women": 6, "men": 9}, "visit",
         "Quel club? Repondez le code: 2035, 3115. Nombres gardes: F6 H9."),
        ("att.which_club", {"clubs": ["2035", "3115"]}, "attendance",
         "Quel club? Repondez le code: 2035, 3115. Nombres gardes: aucun."),
        ("att.label_ambiguous", {"club": "1041", "label": "M", "value": 12}, "attendance",
         "M12: femmes ou hommes? Renvoyez: PRES 1041 F.. H.. T.."),
        ("att.date_future", {"club": "1041", "date": "2026-03-15"}, "attendance",
         "Le 15/03 n'est pas encore passe. Ex: PRES 1041 12/03 F12 H8 T20"),
        ("att.date_invalid", {}, "listening", "Cette date n'existe pas. Ex: ECOUTE 1041 12/03 F12 H8 T20"),
        ("att.counts_missing", {}, "attendance", "Il manque les nombres. Ex: PRES 1041 F12 H8 T20"),
        ("att.men_missing", {"club": "1041", "date": "2026-03-12", "women": 12}, "attendance",
         "1041: F12 garde. Et les hommes? Repondez H et le nombre, H0 si aucun."),
        ("att.women_missing", {"club": "1041", "date": "2026-03-12", "men": 8}, "attendance",
         "1041: H8 garde. Et les femmes? Repondez F et le nombre, F0 si aucune."),
        ("att.sex_missing", {"club": "1041", "date": "2026-03-12", "total": 25}, "attendance",
         "1041: T25 garde. Combien de femmes et d'hommes? Ex: F12 H8"),
        ("att.subgroup_exceeds", {"club": "1041", "women": 4, "pregnant": 3, "lactating": 5}, "attendance",
         "FE et FA depassent F4. Renvoyez: PRES 1041 F.. H.. FE.. FA.."),
        ("att.extra_number", {"club": "1041"}, "attendance", "Nombres pas clairs. Renvoyez: PRES 1041 F12 H8 T20"),
        ("att.cancelled", {"club": "1041", "date": "2026-03-12", "cancelled": True}, "attendance",
         "OK 1041 12/03 annule."),
        ("listen.problem", {"club": "1041", "date": "2026-03-12", "episode": 12, "problem": "no_signal"}, "listening",
         "OK 1041 E12: pas capte. Merci."),
        ("hands.ok", {"club": "1041", "question": 3, "counts": {"1": 12, "2": 5}, "date": "2026-03-12"}, "hands",
         "OK 1041 Q3: 1=12 2=5. Total 17. Erreur? MAINS 1041 Q3 1=.. 2=.."),
        ("hands.confirm", {"club": "1041", "question": 3, "counts": {"1": 12, "2": 5}, "present": 20}, "hands",
         "1041 Q3: 17 mains, 20 presents. Juste? OUI ou NON"),
        ("hands.not_recorded", {"club": "1041", "date": "2026-03-12"}, "hands",
         "Rien n'est note. Ex: MAINS 1041 Q3 1=12 2=5"),
        ("decision.ok", {"club": "1041", "text": "frapper", "date": "2026-03-12"}, "decision",
         "OK 1041 12/03: decision notee. Merci."),
        ("price.confirm", {"market": "KITA", "prices": {"mais": 12500}, "unit": "XOF/kg"}, "price",
         "mais 12500: juste? Repondez OUI ou NON"),
        ("rain.ok", {"mm": 12.5, "date": "2026-03-11"}, "rainfall",
         "OK 11/03: 12,5 mm. Erreur? Renvoyez PLUIE et le bon nombre."),
        ("fund.ok", {"club": "1041", "amount": 25000, "currency": "XOF", "date": "2026-03-12"}, "fund_balance",
         "OK 1041 12/03: caisse notee. Merci."),
        ("nursery.ok", {"club": "1041", "plants": {"moringa": 120, "baobab": 80}, "date": "2026-03-12"}, "nursery",
         "OK 1041 12/03: moringa 120, baobab 80. Merci."),
        ("radio.not_aired", {"station": "R01", "episode": 12, "aired": False, "date": "2026-03-12", "note": "attaque"},
         "radio_log", "OK E12 12/03: pas diffusee. Merci."),
        ("join.consent", {"club": "1041"}, "join",
         "Info club: messages du club 1041, gratuit. Accepter? OUI, NON ou INFO. Arreter a tout moment: STOP"),
        ("join.consent", {"village": "Bendougouni"}, "join",
         "Info club: messages du club Bendougouni, gratuit. Accepter? OUI, NON ou INFO. Arreter a tout moment: STOP"),
        ("join.which_commune", {"village": "Dourou", "communes": ["Dourou", "Métoumou"]}, "join",
         "Dourou: quelle commune? Repondez par son nom: Dourou, Métoumou"),
    ],
)  # fmt: skip
def test_the_words_hold_what_was_understood(key: str, fields: dict[str, Any], intent: str, expected: str) -> None:
    assert spoken(key, fields, intent) == expected


SINGLE = {"n": 1, "type": "single", "options": {"1": "la cendre", "2": "rien", "3": "de l'eau"}}
YESNO = {"n": 2, "type": "yesno"}
AGE = {"n": 3, "type": "number", "min": 0, "max": 24, "unit": "mois"}


@pytest.mark.parametrize(
    ("key", "questions", "fields", "expected"),
    [
        ("quiz.options", [SINGLE], {"given": ["7"]}, "Repondez par 1, 2 ou 3"),
        ("quiz.options", [{"n": 1, "type": "single", "options": {"A": "", "B": ""}}], {}, "Repondez par A ou B"),
        ("quiz.options", [YESNO], {}, "Repondez par 1 ou 2"),
        ("quiz.options", [SINGLE, YESNO], {}, "Repondez par Q1 2 Q2 2"),
        ("quiz.one_only", [SINGLE], {"given": ["1", "2"]}, "Une seule reponse svp: 1, 2 ou 3"),
        ("quiz.one_only", [SINGLE, YESNO], {"question": 2, "given": ["1", "2"]}, "Une seule reponse svp: 1 ou 2"),
        ("quiz.range", [AGE], {"given": 99}, "Un nombre de 0 a 24 svp."),
        ("quiz.remaining", [SINGLE, YESNO, AGE], {"answers": {"1": "2"}}, "Merci. Il reste: Q2, Q3."),
    ],
)
def test_a_quiz_says_what_may_be_answered(key: str, questions: list, fields: dict, expected: str) -> None:
    assert spoken(key, fields, "quiz_answer", questions=questions) == expected


def test_two_reports_are_echoed_one_after_the_other() -> None:
    second = Reading("attendance", "ok", {**FULL, "club": "1055", "women": 9, "men": 11})
    both = (Reading("attendance", "ok", FULL), second)
    assert spoken("att.ok_many", {}, readings=both) == "OK 1041 12/03 F12 H8 T20; 1055 12/03 F9 H11 T20"


def test_a_list_names_at_most_eight_codes() -> None:
    said = spoken("att.which_club", {"clubs": list(OWN), "women": 6, "men": 9}, own=OWN)
    assert f"{', '.join(OWN[:8])}, etc. Nombres" in said


def test_what_somebody_typed_freely_never_goes_back() -> None:
    """Notes, questions, texts, reasons, amounts: whoever reads the phone learns nothing from a reply."""
    told = {
        **FULL, "note": "SECRET", "question": "SECRET", "text": "SECRET", "crop": "SECRET", "amount": 777,
        "quantity": 777, "market": "SECRET", "station": "SECRET", "person": "SECRET", "requested": "SECRET",
        "variety": "SECRET", "category": "SECRET", "time": "SECRET",
    }  # fmt: skip
    for key in KEYS:
        for intent in (*slots.KEYWORDS, "feedback", "sensitive", "distribution_ack"):
            said = spoken(key, told, intent)
            assert "SECRET" not in said and "777" not in said, key


# --- one segment, whatever the values

NUMBERS = st.integers(min_value=0, max_value=999)
NAMES = st.text(min_size=1, max_size=80)
CODES = st.sampled_from(OWN)
FIELDS = st.fixed_dictionaries(
    {},
    optional={
        **dict.fromkeys((*slots.SEXES, "pregnant", "lactating", "episode", "session", "value", "present"), NUMBERS),
        "total": st.integers(0, 3996), "total_given": NUMBERS, "total_computed": st.integers(0, 3996), "club": CODES,
        "date": st.dates(date(2024, 1, 1), date(2028, 1, 1)).map(date.isoformat), "code_given": CODES,
        "suggest": st.lists(CODES, max_size=20), "clubs": st.lists(CODES, max_size=20),
        "replaces": st.fixed_dictionaries({"women": NUMBERS, "men": NUMBERS}),
        "counts": st.dictionaries(st.sampled_from("123456789"), NUMBERS), "question": st.integers(0, 10**30),
        "prices": st.dictionaries(NAMES, st.integers(0, 10**30)), "plants": st.dictionaries(NAMES, NUMBERS),
        "mm": st.floats(0, 10**9), "village": NAMES, "communes": st.lists(NAMES), "lang": NAMES,
        "number": st.integers(0, 10**30),
    },
)  # fmt: skip
QUESTIONS = st.lists(
    st.fixed_dictionaries(
        {"n": st.integers(1, 99), "type": st.sampled_from(["single", "multi", "yesno", "number"])},
        optional={
            "options": st.dictionaries(st.sampled_from("123456789ABCDEFGH"), NAMES),
            "min": NUMBERS,
            "max": NUMBERS,
        },
    ),
    max_size=12,
)
GIVEN = st.dictionaries(st.sampled_from(["clubs", "club", "lang", "names", "service", "village"]), NAMES)
READINGS = st.builds(
    Reading, st.sampled_from([*slots.KEYWORDS, "quiz_answer", "join"]),
    st.sampled_from(["ok", "confirm", "pending", "error"]), FIELDS,
)  # fmt: skip


@settings(max_examples=150, deadline=None)
@given(readings=st.lists(READINGS, min_size=1, max_size=12), questions=QUESTIONS, values=GIVEN, service=NAMES)
def test_every_reply_is_one_segment_of_gsm7(readings: list, questions: list, values: dict, service: str) -> None:
    cost = "1000000 FCFA par SMS"
    said = Said(readings[0], TODAY, "fr", OWN, tuple(readings), questions, service[:40], "1234567890", cost)
    for key in KEYS:
        line, _ = languages.line(key, ["fr"])
        filled = slots.fill(set(re.findall(r"{(\w+)}", line)), said, values)
        size = letters.measure(replies.fit(line, filled))
        assert (size.encoding, size.segments) == ("GSM-7", 1), key


@settings(max_examples=100, deadline=None)
@given(fields=FIELDS)
def test_no_number_of_a_report_is_cut(fields: dict) -> None:
    said = spoken("att.ok", fields, own=OWN)
    for label, name in slots.COUNTS:
        if name in fields:
            assert re.search(rf"\b{label}{fields[name]}\b", said), said


def test_every_brace_has_a_value_and_a_longest_one() -> None:
    assert set(slots.SLOTS) | catalogues.OF_NOTICES == set(catalogues.LONGEST)


def test_a_brace_that_nobody_knows_is_a_fault() -> None:
    with pytest.raises(KeyError):
        slots.fill(["nothing"], Said(Reading("attendance", "ok"), TODAY))


@pytest.mark.parametrize(
    ("typed", "sent"), [("Bôkò", "Bokò"), ("Ɲɛnɛ", "Nyènè"), ("a\nb", "a b"), ("日本", ".."), ("", "..")]
)
def test_a_value_is_spelt_in_gsm7(typed: str, sent: str) -> None:
    assert slots.plain(typed) == sent


def test_drafts_keep_the_braces_that_the_code_knows() -> None:
    for code in catalogues.written():
        for entry in polib.pofile(str(catalogues.place(languages.folder(), code)), encoding="utf-8"):
            known = set(slots.SLOTS) | catalogues.OF_NOTICES
            assert set(re.findall(r"{(\w+)}", entry.msgstr)) <= known, (code, entry.msgid)


# --- whether it may leave

OK = Reading("attendance", "ok", FULL)
WRONG = Reading("attendance", "error", {}, "counts_missing")
THANKS = Reading("feedback", "ok", {"category": "thanks"})
NO = Reading("attendance", "ignored", {})
HALF = Reading("attendance", "pending", {}, "men_missing")
CORRECTED = Reading("attendance", "ok", FULL, repairs=("correction",))


@pytest.mark.parametrize(
    ("label", "reading", "told", "expected"),
    [
        ("the first report", OK, Told(), Course.SAY),
        ("the fourth within ten minutes", OK, Told(replies=3, reports=3), Course.GATHER),
        ("one more while others wait", OK, Told(gathering=True), Course.GATHER),
        ("a question to us in between", THANKS, Told(replies=3, reports=3, gathering=True), Course.SAY),
        ("the answer NON in between", NO, Told(replies=3, reports=3), Course.SAY),
        ("the second refusal", WRONG, Told(replies=1, errors=1), Course.SAY),
        ("the third refusal", WRONG, Told(replies=2, errors=2), Course.LAST),
        ("the fourth refusal", WRONG, Told(replies=3, errors=3, reports=3), Course.KEEP),
        ("a good report after three refusals", OK, Told(replies=3, errors=3), Course.SAY),
        ("what we asked for, however many", OK, Told(replies=4, reports=4, typed=True, last="pending"), Course.SAY),
        ("a correction of what we echoed", CORRECTED, Told(replies=4, reports=4, typed=True, last="ok"), Course.SAY),
        ("half a report, typed while others wait", HALF, Told(reports=4, gathering=True, typed=True), Course.SAY),
        ("half a report that waited with the others", HALF, Told(reports=4, gathering=True), Course.GATHER),
        ("a further report after an echo", OK, Told(replies=4, reports=4, typed=True, last="ok"), Course.GATHER),
        ("a refusal in a burst", WRONG, Told(replies=3, errors=2, reports=3), Course.GATHER),
        ("the tenth reply", THANKS, Told(replies=9), Course.SAY),
        ("the eleventh reply", THANKS, Told(replies=10), Course.LOOP),
        ("a report after ten replies", OK, Told(replies=10, reports=3), Course.LOOP),
        ("STOP after ten replies", Reading("stop", "ok", {"scope": "phone"}), Told(replies=10), Course.SAY),
    ],
)
def test_what_becomes_of_a_reply(label: str, reading: Reading, told: Told, expected: Course) -> None:
    assert course(reading, told) is expected, label
