"""The order of reading: what wins over what, what is screened, which words are keywords, what pending states take."""

from __future__ import annotations

from typing import Any

import pytest

from campaigns.conversation.grammar import read
from tests.campaigns.in_short import NOW, TODAY, reading, repairs

CLUB = {"clubs": ["1041"]}
SINGLE = {"quiz": {"id": "Q", "open": True, "late": False,
                   "questions": [{"n": 1, "type": "single", "options": {"1": "eau", "2": "savon"}}]}}  # fmt: skip
YESNO = {"quiz": {"id": "Q", "open": True, "late": False, "questions": [{"n": 1, "type": "yesno"}]}}
FREE = ("feedback ok", None, {"category": "unclassified"}, "fb.ack")
NOISE = ("noise ignored", None, {}, None)


def pending(kind: str, **kept: Any) -> dict[str, Any]:
    return {"pending": {"type": kind, **kept}}


# --- what wins over what

INTENTS = [
    ("an operator is never read", "STOP", "operator", {}, "noise"),
    ("nothing left after folding", " \u200b \u2060\n", "member", {}, "noise"),
    ("a beep without a question", "STOP", "member", {"event": "missed_call", "called": "1"}, "noise"),
    ("a beep with a question", "", "member", {**SINGLE, "event": "missed_call", "called": "2"}, "quiz_answer"),
    ("STOP before the screen", "mon mari me frappe, je ne veux plus recevoir", "member", {}, "stop"),
    ("STOP before consent", "STOP", "unknown", pending("consent", club="1041"), "stop"),
    ("STOP before a question", "ARRETER", "member", SINGLE, "stop"),
    ("a report before STOP", "PRES 1041 F12 H8 arreter les sms", "facilitator", CLUB, "attendance"),
    ("the screen before consent", "oui mais il me frappe", "unknown", pending("consent", club="1041"), "sensitive"),
    ("the screen before a question", "2 viol", "member", SINGLE, "sensitive"),
    ("consent takes a keyword", "PRES 1041 F12 H8", "unknown", pending("consent", club="1041"), "consent"),
    ("consent before a question", "OUI", "member", {**YESNO, **pending("consent", club=None)}, "consent"),
    ("a keyword before a question", "AIDE", "member", SINGLE, "help"),
    ("QUESTION is no answer", "QUESTION 1 2", "member", SINGLE, "feedback"),
    ("a question before bare words", "bambara", "member",
     {"quiz": {**SINGLE["quiz"], "questions": [{"n": 1, "type": "single", "options": {"1": "bambara", "2": "bobo"}}]}},
     "quiz_answer"),
    ("a report without keyword before a question", "F12 H8", "facilitator", {**CLUB, **SINGLE}, "attendance"),
    ("bare words of a stranger", "info", "unknown", {}, "help"),
    ("a language of a stranger", "bambara", "unknown", {}, "language"),
    ("other words of a stranger", "A", "unknown", {}, "unknown"),
    ("a lone sign", "(4)", "member", {}, "unknown"),
    ("a letter that is no option", "E", "member", {}, "feedback"),
    ("a zero is no option", "0", "member", {}, "feedback"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("text", "role", "context", "intent"), [row[1:] for row in INTENTS], ids=[r[0] for r in INTENTS]
)
def test_order(text: str, role: Any, context: dict[str, Any], intent: str) -> None:
    assert reading(text, role, **context)[0].split()[0] == intent


def test_scope_of_a_stop() -> None:
    scopes = {
        role: reading("STOP", role)[2]["scope"] for role in ("member", "unknown", "facilitator", "advisor", "radio")
    }  # type: ignore[arg-type]
    assert scopes == {"member": "phone", "unknown": "phone", "facilitator": "broadcasts", "advisor": "broadcasts",
                      "radio": "broadcasts"}  # fmt: skip


# --- the screen

SCREENED = [
    ("on a attaqué le village", "security"), ("des hommes en ARMES", "security"), ("tirs a cote", "security"),
    ("une bombe", "security"), ("il a été kidnappé", "security"), ("ils ont enlevé deux filles", "security"),
    ("il veut coucher avec elle", "psea"), ("viols", "psea"), ("c'est du harcèlement sexuel", "psea"),
    ("des attouchements", "psea"), ("l'agent veut de l'argent", "fraud"), ("payer pour etre sur la liste", "fraud"),
    ("les semences sont détournées par l'agent", "fraud"), ("bakchich pour l'inscription", "fraud"),
    ("elle est battue", "protection"), ("mariage forcé a Dourou", "protection"), ("viol2fois", "psea"),
    ("attaque, il m'a frappé", "security"), ("viol et argent pour la liste", "psea"),
]  # fmt: skip


@pytest.mark.parametrize("role", ["member", "facilitator", "radio", "unknown"])
@pytest.mark.parametrize("opening", ["", "Bonjour. ", "PLAINTE ", "AVIS ", "QUESTION ", "AIDE ", "JOIN ", "RECU "])
@pytest.mark.parametrize(("text", "category"), SCREENED, ids=[text for text, _ in SCREENED])
def test_screened(text: str, category: str, opening: str, role: Any) -> None:
    reply = "sens.not_emergency" if category == "security" else "sens.ack"
    found = reading(opening + text, role, **CLUB, distribution="D3")
    assert found == ("sensitive ok", None, {"category": category}, reply)


NOT_SCREENED = [
    ("words that hold one", "le tirage et l'armee d'alarmes, un couché de soleil"),
    ("money without a list", "l'argent du mil"), ("the order counts", "la liste des semences coute de l'argent"),
    ("a marriage", "le mariage de force tranquille de Awa"), ("one letter more", "bagarre entre tireurs"),
]  # fmt: skip


@pytest.mark.parametrize("text", [row[1] for row in NOT_SCREENED], ids=[row[0] for row in NOT_SCREENED])
def test_not_screened(text: str) -> None:
    assert reading(text) == FREE


SPARED = [
    ("a report", "PRES 1041 F12 H8 une femme battue", "facilitator", "attendance"),
    ("a mistyped report", "PRSE 1041 F12 H8 une femme battue", "facilitator", "attendance"),
    ("a report of who may not", "PRES 1041 F12 H8 une femme battue", "member", "attendance"),
    ("a sheet", "FICHE 12 sexe", "member", "tip_sheet"),
    ("a pest", "RAVAGEUR mil attaque de chenilles", "facilitator", "pest"),
    ("a pest that cannot be read", "RAVAGEUR attaque", "facilitator", "feedback"),
    ("a decision", "DECISION 1041 payer l'agent", "facilitator", "decision"),
    ("hands", "MAINS 1041 Q3 1=12 2=5 viol", "facilitator", "hands"),
    ("an airing", "RAD E12 NON attaque", "radio", "radio_log"),
]


@pytest.mark.parametrize(("text", "role", "intent"), [row[1:] for row in SPARED], ids=[row[0] for row in SPARED])
def test_the_screen_passes_over(text: str, role: Any, intent: str) -> None:
    assert reading(text, role, **CLUB, station="R01")[0].split()[0] == intent


CAUGHT = [
    ("a pest of who may not report it", "RAVAGEUR mil attaque de chenilles", "member"),
    ("an airing of who may not report it", "RAD E12 NON attaque", "facilitator"),
    ("a keyword of reports in plain words", "SEANCE: mon mari me frappe", "member"),
    ("a sheet without a number", "FICHE sur le viol", "member"),
    ("hands that are none", "MAINS propres, on nous attaque", "facilitator"),
    ("counts without a keyword", "1041 F12 H8 une femme battue", "facilitator"),
]


@pytest.mark.parametrize(("text", "role"), [row[1:] for row in CAUGHT], ids=[row[0] for row in CAUGHT])
def test_the_screen_catches(text: str, role: Any) -> None:
    assert reading(text, role, **CLUB)[0] == "sensitive ok"


# --- keywords

KEYWORDS = [
    ("AVIS trop tard", "feedback", {"category": "suggestion"}, "fb.ack"),
    ("Bonjour chef! avis: trop tard", "feedback", {"category": "suggestion"}, "fb.ack"),
    ("PLAINTE 😀", "feedback", {"category": "complaint_minor"}, "fb.ack_case"),
    ("QUESTIION quand semer", "feedback", {"category": "question"}, "fb.ack_question"),
    ("AIDDE", "help", {}, "help.member"),
    ("i ni sogoma, aide moi", "help", {}, "help.member"),
    ("HELP PRESENCES", "help", {"topic": "attendance"}, "help.attendance"),
    ("aide pour pres", "help", {"topic": "attendance"}, "help.attendance"),
    ("(START)", "start", {}, "start.done"),
    ("reprendre les messages svp", "start", {}, "start.done"),
    ("UNSTOP", "start", {}, "start.done"),
    ("FICHE 12", "tip_sheet", {"number": 12}, "tip.12"),
    ("fiche no 7 svp", "tip_sheet", {"number": 7}, "tip.7"),
    ("FICHE07", "tip_sheet", {"number": 7}, "tip.7"),
    ("MES INFO", "my_data", {}, "data.summary"),
    ("mes  infos, svp", "my_data", {}, "data.summary"),
    ("LANGUE bambara", "language", {"lang": "bm"}, "lang.done"),
]


@pytest.mark.parametrize(("text", "intent", "fields", "reply"), KEYWORDS, ids=[row[0] for row in KEYWORDS])
def test_keyword(text: str, intent: str, fields: dict[str, Any], reply: str) -> None:
    assert reading(text) == (f"{intent} ok", None, fields, reply)


def test_a_keyword_alone_waits_for_its_text() -> None:
    for text in ("PLAINTE", "avis.", "Question ?", "salut, AVIS !"):
        assert reading(text) == ("feedback pending", "text_missing", {}, "fb.say_more")
    assert reading("EFFACER mes donnees") == ("erase pending", "confirm_needed", {}, "data.erase?")
    assert repairs("FICHE l2") == ["l>1"]


NO_KEYWORDS = [
    *("les avis", "aider", "mesinfos", "fiches 12", "FICHE", "FICHE douze", "PRES de chez nous", "mains propres"),
    *("startup", "avisé par radio", "d'aide"),
]


@pytest.mark.parametrize("text", NO_KEYWORDS)
def test_no_keyword(text: str) -> None:
    assert reading(text) == FREE


@pytest.mark.parametrize(
    ("role", "reply"),
    [("facilitator", "help.facilitator"), ("advisor", "help.facilitator"), ("radio", "help.radio"),
     ("member", "help.member"), ("unknown", "help.who_we_are")],
)  # fmt: skip
def test_help_by_role(role: Any, reply: str) -> None:
    assert reading("AIDE", role)[3] == reading("?", role)[3] == reply


BARE = [
    ("?", {}, True), (" ?? ", {}, True), ("Aidez-moi !", {}, True), ("AIDEZ", {}, True), ("INFO.", {}, True),
    ("innfo", {}, True), ("dɛmɛ", {}, True), ("KUNNAFONI", {}, True), ("mui bara", {"lang": "dts"}, True),
    ("bara", {"lang": "dds"}, True), ("bara", {}, False), ("infos de la radio", {}, False), ("info 12", {}, False),
    ("!", {}, False), ("aidez les enfants", {}, False),
]  # fmt: skip


@pytest.mark.parametrize(("text", "context", "is_help"), BARE, ids=[f"{row[0]} {row[1]}" for row in BARE])
def test_bare_words_for_help(text: str, context: dict[str, Any], is_help: bool) -> None:
    assert (reading(text, **context)[0] == "help ok") == is_help


FREE_TEXT = [
    ("merci beaucoup", "thanks", "fb.thanks"), ("MERCI !", "thanks", "fb.thanks"),
    ("merci, c'est quand ?", "thanks", "fb.thanks"), ("c'est quand ?", "question", "fb.ack_question"),
    ("quand? je ne sais", "unclassified", "fb.ack"), ("remerciements", "unclassified", "fb.ack"),
    ("😀👍", "unclassified", "fb.ack"), ("70061482", "unclassified", "fb.ack"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "category", "reply"), FREE_TEXT, ids=[row[0] for row in FREE_TEXT])
def test_free_text(text: str, category: str, reply: str) -> None:
    assert reading(text) == ("feedback ok", None, {"category": category}, reply)


# --- pending states

CASE, NUMBER = pending("case_closed", case=7), pending("new_number", request=3)
QUORUM = pending("quorum", club="1041", date="2026-03-10")
PRICE = pending("price_confirm", market="KITA", prices={"mais": 12500}, unit="XOF/kg", date=TODAY)
VILLAGE = pending("join_village", village="Bendougouni")
ANSWERS = [
    ("a case, content", CASE, "oui", "case_answer ok", {"case": 7, "satisfied": True}, "case.thanks"),
    ("a case, not content", CASE, "NON.", "case_answer ok", {"case": 7, "satisfied": False}, "case.reopened"),
    ("a number", NUMBER, "Owo", "new_number ok", {"request": 3, "confirmed": True}, "number.ok"),
    ("no number", NUMBER, "ayi", "new_number ok", {"request": 3, "confirmed": False}, "number.no"),
    ("a quorum", QUORUM, "ouii merci", "quorum ok", {"club": "1041", "date": "2026-03-10", "quorum": True},
     "quorum.thanks"),
    ("no quorum", QUORUM, "non", "quorum ok", {"club": "1041", "date": "2026-03-10", "quorum": False}, "quorum.thanks"),
    ("a price", PRICE, "OK", "price ok",
     {"market": "KITA", "prices": {"mais": 12500}, "unit": "XOF/kg", "date": TODAY}, "price.ok"),
    ("no price", PRICE, "non", "price ignored", {"market": "KITA", "date": TODAY}, "price.not_recorded"),
    ("the village", VILLAGE, "wi", "join pending", {"village": "Bendougouni"}, "join.consent"),
    ("not the village", VILLAGE, "non", "join pending", {}, "join.which_club"),
    ("erase", pending("erase"), "Oui", "erase ok", {}, "data.erased"),
    ("erase nothing", pending("erase"), "no", "erase ignored", {}, "data.kept"),
    ("a new card", pending("new_sim", old=4), "oui", "new_sim ok", {"granted": True, "old": 4}, "sim.moved"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("context", "text", "status", "fields", "reply"), [r[1:] for r in ANSWERS], ids=[r[0] for r in ANSWERS]
)
def test_pending(context: dict[str, Any], text: str, status: str, fields: dict[str, Any], reply: str) -> None:
    found = reading(text, "facilitator", **context)
    assert (found[0], found[2], found[3]) == (status, fields, reply)


def test_a_confirmed_price_says_so() -> None:
    assert repairs("oui", "advisor", **PRICE) == ["confirmed"]
    assert repairs("non", "advisor", **PRICE) == []


@pytest.mark.parametrize("kind", ["case_closed", "new_number", "quorum", "price_confirm", "join_village", "erase"])
def test_what_is_no_answer_is_read_as_ever(kind: str) -> None:
    assert reading("le mil pousse bien", **pending(kind)) == FREE
    assert reading("oui non", **pending(kind)) == FREE
    assert reading("AIDE", **pending(kind))[0] == "help ok"
    assert reading("oui", **pending("something new")) == FREE


CONSENT = [
    ("oui", {}, True), ("OUII!!", {}, True), ("ok merci", {}, True), ("Bonjour oui", {}, True), ("iyo", {}, True),
    ("non", {}, False), ("faux", {}, False), ("no", {}, False), ("aayi", {"lang": "bm"}, False),
    ("ee", {"lang": "dts"}, True), ("ha", {"lang": "djm"}, True), ("ay", {"lang": "dto"}, False),
    ("{dts.yes}", {"lang": "dts"}, True), ("{dts.no}", {"lang": "dts"}, False),
    ("ok c'est qui?", {}, None), ("oui non", {}, None), ("oui 13 8", {}, None), ("no merci", {}, None),
    ("ouioui", {}, None), ("ookk", {}, None), ("ee", {}, None), ("ay", {"lang": "fr"}, None), ("1", {}, None),
    ("bonjour oui merci", {}, None), ("😀", {}, None),
]  # fmt: skip


@pytest.mark.parametrize(("text", "context", "granted"), CONSENT, ids=[f"{row[0]} {row[1]}" for row in CONSENT])
def test_consent(text: str, context: dict[str, Any], granted: bool | None) -> None:
    found = reading(text, "unknown", **context, **pending("consent", club="1041", text_version="3"))
    if granted is None:
        assert found == ("consent pending", "consent_unclear", {"club": "1041"}, "join.who_we_are")
    else:
        fields = {"granted": granted, "club": "1041", "text_version": "3"}
        assert found == ("consent ok", None, fields, "join.welcome" if granted else "join.declined")


TEXT = pending("feedback_text", category="complaint_minor")
SAID = ("feedback ok", None, {"category": "complaint_minor"}, "fb.ack_case")


@pytest.mark.parametrize("text", ["on n'a rien recu", "2", "bambara", "info", "merci", "PRIX trop cher", "F12 H8"])
def test_the_text_of_a_complaint_may_be_anything(text: str) -> None:
    assert reading(text, **TEXT, **SINGLE) == SAID


@pytest.mark.parametrize(("text", "intent"), [("AIDE", "help"), ("JOIN 1041", "join"), ("QUESTION quand?", "feedback")])
def test_unless_a_keyword_leads(text: str, intent: str) -> None:
    found = reading(text, **TEXT)
    assert found != SAID
    assert found[0].split()[0] == intent


def test_dogon_is_told_by_the_language_or_by_the_caller() -> None:
    context = {"now": NOW, "lang": "qxk", "pending": {"type": "consent"}}
    assert read("ee", "member", context).readings[0].status == "pending"
    assert read("ee", "member", {**context, "dogon": True}).readings[0].fields["granted"] is True
