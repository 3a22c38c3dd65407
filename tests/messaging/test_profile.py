"""The letter profile: the agreed lint cases, each finding where it belongs and where not, and no letter lost."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from messaging import letters, lint, profile
from messaging.findings import LEVELS, sentences

FRENCH, MANDING = "french", "manding-dogon"
GSM, UCS = "GSM-7", "UCS-2"

# label, profile, kind, text, SMS form, size as given, size as sent, findings (with how many), with French letters taken
LINT = [
    (
        "bm, open vowels", MANDING, "official", "sinji, safunɛ, tɛgɛ", "sinji, safunè, tègè",
        (UCS, 19), (GSM, 19), "", None,
    ),
    ("bm, nasal", MANDING, "official", "ɲininkali", "nyininkali", (UCS, 9), (GSM, 10), "", None),
    ("bm, capital nasal", MANDING, "official", "Ɲininkali", "Nyininkali", (UCS, 9), (GSM, 10), "", None),
    ("bm, all capitals", MANDING, "official", "ƝININKALI", "NYININKALI", (UCS, 9), (GSM, 10), "", None),
    ("bm, capital open vowels", MANDING, "official", "DƐMƐ", "DèMè", (UCS, 4), (GSM, 4), "capital_open_vowel:2", None),
    ("bm, capital open o", MANDING, "official", "Ɔwɔ", "òwò", (UCS, 3), (GSM, 3), "capital_open_vowel:1", None),
    ("bm, elision", MANDING, "official", "K’a", "K'a", (UCS, 3), (GSM, 3), "", None),
    ("bm old", MANDING, "old", "safunè, tègè", "safunè, tègè", (GSM, 12), (GSM, 12), "", None),
    (
        "bm, old as official", MANDING, "official", "safunè", "safunè",
        (GSM, 6), (GSM, 6), "old_letters_in_official", None,
    ),
    ("bm, mixed", MANDING, "official", "tègɛ", "tègè", (UCS, 4), (GSM, 4), "mixed_orthography", None),
    (
        "bm, tone", MANDING, "official", "dɛ\u0300mɛ", "dè\u0300mè",
        (UCS, 5), (UCS, 5), "tone_mark combining_mark not_gsm7", None,
    ),
    ("dts, caron", MANDING, "linguistic", "sǎmnɛ\u0300", "samnè", (UCS, 6), (GSM, 5), "", None),
    ("dts, length", MANDING, "linguistic", "dǐ:", "dii", (UCS, 3), (GSM, 3), "", None),
    ("dts, nasal sign", MANDING, "linguistic", "nǒyⁿ súmɔ\u0301", "noyn sumò", (UCS, 10), (GSM, 9), "", None),
    ("dts, glottal", MANDING, "linguistic", "ɔ\u0301ⁿʔɔ\u0300ⁿ", "òn'òn", (UCS, 7), (GSM, 5), "", None),
    ("djm, tones", MANDING, "linguistic", "ɛ\u0300jú", "èju", (UCS, 4), (GSM, 3), "", None),
    (
        "dto, tones before letters", MANDING, "linguistic", "gòdú ḿ mɔ\u0301 ɛ\u0300lɛ\u0300lú sɛ\u0300lɛ\u0301",
        "godu m mò èlèlu sèlè", (UCS, 25), (GSM, 20), "", None,
    ),
    ("dts, linguists' sign", MANDING, "official", "arⁿa", "arⁿa", (UCS, 4), (UCS, 4), "linguist_sign not_gsm7", None),
    ("bm, invisible sign", MANDING, "official", "n\u200bi", "ni", (UCS, 3), (GSM, 2), "", None),
    ("bm, N'Ko", MANDING, "official", "ߛߌ߲", "ߛߌ߲", (UCS, 3), (UCS, 3), "no_sms_profile not_gsm7", None),
    (
        "fr, guillemets", FRENCH, "official", "Lavez-vous les mains « avant » le repas",
        'Lavez-vous les mains "avant" le repas', (UCS, 39), (GSM, 37), "", None,
    ),
    ("fr, NFD", FRENCH, "official", "Pre\u0301parez", "Préparez", (UCS, 9), (GSM, 8), "", None),
    ("fr, ligature", FRENCH, "official", "l’œuf", "l'oeuf", (UCS, 5), (GSM, 6), "", None),
    ("fr, number sign", FRENCH, "official", "règle nº 1", "règle no 1", (UCS, 10), (GSM, 10), "", None),
    ("fr, one and a half", FRENCH, "official", "1½ tasse", "1 1/2 tasse", (UCS, 8), (GSM, 11), "", None),
    ("fr, a half", FRENCH, "official", "½ tasse", "1/2 tasse", (UCS, 7), (GSM, 9), "", None),
    (
        "fr, circumflex", FRENCH, "official", "être prêt", "être prêt", (UCS, 9), (UCS, 9),
        "accent_suggested:2 not_gsm7:2", ("etre pret", GSM, 9),
    ),
    (
        "fr, capital À", FRENCH, "official", "À 6 mois", "À 6 mois", (UCS, 8), (UCS, 8),
        "accent_suggested not_gsm7", ("A 6 mois", GSM, 8),
    ),
    ("fr, capital Ç", FRENCH, "official", "Ça va", "Ça va", (GSM, 5), (GSM, 5), "", None),
    (
        "fr, maize", FRENCH, "official", "le maïs", "le maïs", (UCS, 7), (UCS, 7),
        "accent_suggested confusable_word not_gsm7", ("le mais", GSM, 7),
    ),
    (
        "fr, month", FRENCH, "official", "9 août", "9 août", (UCS, 6), (UCS, 6),
        "month_name accent_suggested not_gsm7", ("9 aout", GSM, 6),
    ),
    ("fr, grouping", FRENCH, "official", "3\u202f000", "3 000", (UCS, 5), (GSM, 5), "number_grouping", None),
    ("fr, degrees", FRENCH, "official", "38 °C", "38 °C", (UCS, 5), (UCS, 5), "not_gsm7", None),
    (
        "fr, extension", FRENCH, "official", "[A] ~10 €", "[A] ~10 €",
        (GSM, 13), (GSM, 13), "extension_character:4", None,
    ),
]  # fmt: skip


def size(text):
    return letters.encoding(text), letters.units(text)


@pytest.mark.parametrize("case", LINT, ids=[row[0] for row in LINT])
def test_agreed_lint_case(case):
    _, name, kind, text, sms, before, after, codes, suggested = case
    spelt = profile.spell(text, name, kind)

    assert spelt.sms == sms
    assert size(text) == before
    assert (spelt.size.encoding, spelt.size.units) == after
    expected = dict(one.partition(":")[::2] for one in codes.split())
    assert {one.code for one in spelt.findings} == set(expected)
    for one in spelt.findings:
        assert len(one.places) == int(expected[one.code] or len(one.places))
    assert spelt.suggested == (suggested[0] if suggested else None)
    if suggested:
        assert size(spelt.suggested) == suggested[1:]


def test_all_lint_cases_are_there():
    assert len(LINT) == 34


# finding, profile, kind, a text that has it and its places, a text beside it that has not
FOUND = [
    ("not_gsm7", FRENCH, "official", "38 °C", ["°"], "38 degrés"),
    ("not_gsm7", MANDING, "official", "çaɛ", ["ç"], "Çaɛ"),
    ("emoji", FRENCH, "official", "Bravo 👩🏿‍🌾 ✌️ 1️⃣ 🇲🇱!", ["👩🏿‍🌾", "✌️", "1️⃣", "🇲🇱"], "Bravo 1 # * ©!"),
    ("no_sms_profile", FRENCH, "official", "la radio إذاعة", list("إذاعة"), "la rɔdiⁿ ê"),
    ("no_sms_profile", MANDING, "official", "ߛi", ["ߛ"], "ɛi µ Ω"),
    ("mixed_orthography", MANDING, "official", "tègɛ kòrɔ", ["è", "ò"], "tɛgɛ kɔrɔ"),
    ("mixed_orthography", MANDING, "old", "tègɛ", ["ɛ"], "tègè"),
    ("old_letters_in_official", MANDING, "official", "kòrò", ["ò", "ò"], "kɔrɔ"),
    ("old_letters_in_official", MANDING, "official", "kòrò nyè", ["ò", "ò", "è"], "kòrò ɲè"),
    ("tone_mark", MANDING, "official", "bá mǎ tê ɲɛ\u0301", ["á", "ǎ", "ê", "\u0301"], "ba à ma ù te"),
    ("tone_mark", MANDING, "old", "só", ["ó"], "sò"),
    ("linguist_sign", MANDING, "official", "aⁿ ʔa ɣa aː ba:ra ñe ã", ["ⁿ", "ʔ", "ɣ", "ː", ":", "ñ", "ã"], "an: 20h30"),
    ("linguist_sign", FRENCH, "official", "aⁿ", ["ⁿ"], "radio:dimanche"),
    ("combining_mark", FRENCH, "official", "x\u0304a", ["\u0304"], "e\u0301"),
    ("accent_suggested", FRENCH, "official", "Où êtes-vous, garçon?", ["ê", "ç"], "Où es-tu, Çà?"),
    (
        "confusable_word", FRENCH, "official", "MAÏS mûres, jeûnes pêche côte",
        ["MAÏS", "mûres", "jeûnes", "pêche", "côte"], "même être mais sur bébé côté",
    ),
    ("capital_open_vowel", MANDING, "official", "Ɛ Ɔ", ["Ɛ", "Ɔ"], "ɛ ɔ E O"),
    ("foreign_accent", MANDING, "official", "Ségou à Ù", ["é", "à", "Ù"], "Segu ɛ è ò"),
    ("fraction", FRENCH, "official", "1/2, ½ et 1/2 par jour", ["1/2", "1/2", "1/2"], "1/2 tasse, 09/08, 1/2 {unit}"),
    (
        "number_grouping", FRENCH, "official", "3 000, 3.000, 3,000 et 1 250 000 F",
        ["3 000", "3.000", "3,000", "1 250 000"], "3000 F, 70 12 34 56, 1,5 ou 0,125, 20h30 100 F",
    ),
    ("month_name", FRENCH, "official", "le 9 août, en AOÛT", ["9 août", "AOÛT"], "mars, décembre, 09/08"),
    ("month_name", MANDING, "official", "mɛ, zuwɛn, 3 sɛtanburu", ["mɛ", "zuwɛn", "3 sɛtanburu"], "dɛ\u0300mɛ, uti"),
    ("too_long", FRENCH, "official", "a" * 153 + "b" * 8, ["b"], "a" * 160),
    ("too_long", MANDING, "official", "ɛ" * 153 + "ɔ" * 8, ["ò"], "ɛ" * 160),
    ("extension_character", FRENCH, "official", "|€ {a}^{", ["|", "€", "^", "{"], "{place} {price_riz}"),
]  # fmt: skip


def places(code, text, name, kind):
    return [place for one in profile.find(text, name, kind) if one.code == code for place in one.places]


@pytest.mark.parametrize("case", FOUND, ids=[f"{row[0]}, {row[1]}, {row[2]}" for row in FOUND])
def test_finding_stands_where_it_belongs_and_only_there(case):
    code, name, kind, text, found, without = case

    assert [place.char for place in places(code, text, name, kind)] == found
    assert not places(code, without, name, kind)


@pytest.mark.parametrize("code", lint.RULES)
def test_each_finding_has_its_cases_and_its_sentences(code):
    assert code in {row[0] for row in FOUND}
    row = sentences()[code]
    assert row["level"] in LEVELS
    assert row["fr"] != row["en"]


def test_no_sentence_without_a_rule():
    assert set(sentences()) == set(lint.RULES)


OTHER_PROFILE = [
    ("French letters in Bambara are no suggestion", "accent_suggested", "ê", MANDING),
    ("French words in Bambara", "confusable_word", "maïs", MANDING),
    ("grave e in French", "old_letters_in_official", "mère", FRENCH),
    ("acute e in French", "foreign_accent", "été", FRENCH),
    ("circumflex in French", "tone_mark", "fête", FRENCH),
    ("both e in French", "mixed_orthography", "è ɛ", FRENCH),
    ("open vowel in French", "capital_open_vowel", "Ɛ", FRENCH),
]


@pytest.mark.parametrize("case", OTHER_PROFILE, ids=[row[0] for row in OTHER_PROFILE])
def test_finding_of_one_profile_is_not_made_in_the_other(case):
    _, code, text, name = case

    assert not places(code, text, name, "official")


def test_place_is_counted_in_the_text_as_given():
    (found,) = places("not_gsm7", "Œuf\u200b «  e\u0302tre »", FRENCH, "official")

    assert found == profile.Place(8, "ê", "U+00EA", "LATIN SMALL LETTER E WITH CIRCUMFLEX", "e")


SUGGESTED = [
    ("French letter", "not_gsm7", FRENCH, "ê", "e"),
    ("old capital vowel", "not_gsm7", MANDING, "È", "è"),
    ("letter with a mark that no table has", "not_gsm7", FRENCH, "ā", "a"),
    ("degrees", "not_gsm7", FRENCH, "°", "degres"),
    ("figure above the line", "not_gsm7", FRENCH, "²", "2"),
    ("figure of another script", "not_gsm7", FRENCH, "٣", "3"),
    ("picture", "not_gsm7", FRENCH, "😀", ""),
    ("letter nobody can turn", "not_gsm7", FRENCH, "ɓ", None),
    ("tone", "tone_mark", MANDING, "ǎ", "a"),
    ("length between letters", "linguist_sign", MANDING, "ba:ra", "a"),
    ("plain colon between letters", "linguist_sign", MANDING, "an:bi", ": "),
    ("nasal by tilde", "linguist_sign", MANDING, "õ", "on"),
    ("Senegalese n", "linguist_sign", MANDING, "ñ", "ɲ"),
    ("day and month", "month_name", FRENCH, "1er août", "01/08"),
    ("month alone", "month_name", MANDING, "zuwɛn", "06"),
    ("grouped number", "number_grouping", FRENCH, "1 250 000", "1250000"),
    ("maize", "confusable_word", FRENCH, "Maïs", "mais (céréale)"),
]


@pytest.mark.parametrize("case", SUGGESTED, ids=[row[0] for row in SUGGESTED])
def test_what_to_write_instead(case):
    _, code, name, text, suggest = case

    assert [place.suggest for place in places(code, text, name, "official")] == [suggest]


def test_a_finding_gives_the_mended_text_in_its_own_letters():
    found = {one.code: one.suggest for one in profile.find("tègɛ bá 3 000", MANDING)}

    assert found["mixed_orthography"] == "tɛgɛ bá 3 000"
    assert found["tone_mark"] == "tègɛ ba 3 000"
    assert found["number_grouping"] == "tègɛ bá 3000"
    assert found["not_gsm7"] is None


SENTENCES = [
    (
        "fête, 38 °C", FRENCH, "not_gsm7",
        "Hors de GSM-7 : ê (U+00EA), ° (U+00B0). Un SMS ne tient plus que 70 signes au lieu de 160 ; ce texte coûte "
        "1 SMS. Corrigez : ê → e, ° → degres, ou demandez l'envoi en Unicode.",
        "Outside GSM-7: ê (U+00EA), ° (U+00B0). An SMS now holds 70 signs instead of 160; this text costs 1 SMS. "
        "Change: ê → e, ° → degres, or ask to send it as Unicode.",
    ),
    (
        "fê" * 40, FRENCH, "accent_suggested",
        "Lettres qui coûtent : ê. Telles quelles 80 signes en UCS-2, 2 SMS ; sans elles 80 en GSM-7, 1 SMS. "
        "Corrigez : ê → e.",
        "Letters that cost: ê. As they stand 80 signs in UCS-2, 2 SMS; without them 80 in GSM-7, 1 SMS. Change: ê → e.",
    ),
    (
        "dɛ\u0300mɛ", MANDING, "tone_mark",
        "Marque de ton : U+0300 (combining grave accent). Un message s'écrit sans les tons. "
        "Corrigez : U+0300 → à enlever.",
        "Tone mark: U+0300 (combining grave accent). A message is written without tones. Change: U+0300 → leave out.",
    ),
    (
        "a" * 170, FRENCH, "too_long",
        "Trop long : 170 signes en GSM-7, 2 SMS. Enlevez 10 signes pour n'en payer qu'un.",
        "Too long: 170 signs in GSM-7, 2 SMS. Take 10 signs out to pay for one.",
    ),
]  # fmt: skip


@pytest.mark.parametrize("case", SENTENCES, ids=[row[2] for row in SENTENCES])
def test_sentence_says_what_is_wrong_and_what_to_write(case):
    text, name, code, fr, en = case
    (found,) = (one for one in profile.find(text, name) if one.code == code)

    assert found.say() == found.say("fr") == fr
    assert found.say("en") == en


def test_a_value_in_braces_counts_at_its_longest():
    text = "a" * 150 + " {place}"

    assert not profile.spell(text, FRENCH).findings
    assert profile.spell(text, FRENCH, longest={"place": 9}).findings == ()
    (found,) = profile.spell(text, FRENCH, longest={"place": 10}).findings
    assert found.code == "too_long"
    assert found.places[0].char == "{"
    assert found.values["units"] == 161


def test_french_text_knows_no_kind():
    assert profile.spell("été à Ségou", FRENCH, "linguistic").sms == "été à Ségou"


def test_a_text_as_it_stands_takes_no_step():
    found = profile.as_it_stands("e\u0301 ’ ɛ ")

    assert found.sms == "e\u0301 ’ ɛ "
    assert found.suggested is None
    assert [one.code for one in found.findings] == ["not_gsm7", "combining_mark"]
    assert [place.suggest for place in found.findings[0].places] == ["", "'", "è"]


@pytest.mark.parametrize(("name", "kind"), [("nko", "official"), (FRENCH, "modern")])
def test_unknown_profile_or_kind_is_refused(name, kind):
    with pytest.raises(ValueError, match="no letter profile"):
        profile.spell("a", name, kind)


# --- values of a slot

VALUES = [
    ("French circumflex", "Bê", "Be"),
    ("letters of GSM-7 stay", "Kendié à Ségué Çà", "Kendié à Ségué Çà"),
    ("small cedilla", "Français", "Francais"),
    ("accented capitals", "À Êtes ÎLE Ô ÙÛ", "A Etes ILE O UU"),
    ("NFD", "Pre\u0301parez", "Préparez"),
    ("mark behind an invisible sign", "Pre\u200b\u0301parez", "Préparez"),
    ("official letters", "safunɛ, tɔrɔ", "safunè, tòrò"),
    ("nasals", "ɲininkali saŋge", "nyininkali sangge"),
    ("one capital nasal", "Ɲininkali Ŋa", "Nyininkali Nga"),
    ("capital nasal among capitals", "ƝININKALI BAŊ", "NYININKALI BANG"),
    ("capital open vowels are lowered", "DƐMƐ Ɔwɔ", "DèMè òwò"),
    ("apostrophe", "K’a", "K'a"),
    ("guillemets", "« Dandoli »", '"Dandoli"'),
    ("empty guillemets", "«  »", '""'),
    ("curly quotes", "“Radio” ‘Kita’", "\"Radio\" 'Kita'"),
    ("dashes and dots", "Bara–Sara… − •", "Bara-Sara... - -"),
    ("ligatures", "l’œuf Œuf ŒUF", "l'oeuf Oeuf OEUF"),
    ("fraction after a digit", "1½ tasse", "1 1/2 tasse"),
    ("fraction alone", "½ tasse", "1/2 tasse"),
    ("number sign", "club nº 4, N° 5", "club no 4, No 5"),
    ("degrees are no number sign", "38 °C", "38 °C"),
    ("odd blanks", "\u00a0Pignari\u202f\tBana ", "Pignari Bana"),
    ("invisible signs", "So\u00adro\u200bly\ufeff", "Soroly"),
    ("times", "3×4", "3x4"),
    ("line ends", "a \r\n b\rc", "a\nb\nc"),
    ("another script is left", "ߛߌ", "ߛߌ"),
    ("empty", "", ""),
]


@pytest.mark.parametrize(("value", "spelt"), [row[1:] for row in VALUES], ids=[row[0] for row in VALUES])
def test_value_of_a_slot(value, spelt):
    assert profile.sms_value(value) == spelt


@given(st.text("aàâçéèêëîïôöùûüÿœæÀÂÇÉÈÊËÎÏÔÙÛŸŒɛɔɲŋƐƆƝŊ’«» \u00a0-–…½0123456789"))
def test_value_in_french_and_official_letters_is_always_cheap(value):
    assert letters.is_gsm7(profile.sms_value(value))
    assert profile.sms_value(profile.sms_value(value)) == profile.sms_value(value)


# --- what must hold for any text

ANYTHING = st.text(st.characters(exclude_categories=["Cs"]))
TYPED = st.text(
    "aenoyKN ɛɔɲŋƐƆƝŊœŒèòéàêçËÏñ’«»“”…–½×€[{}]:/.,01239\n\r\t\u00a0\u200b\u00ad\u0300\u0301\u0302\u0323ⁿʔɣ😀ߛ"
)
TEXTS = st.one_of(ANYTHING, TYPED)
PROFILES = st.sampled_from(profile.PROFILES)
KINDS = st.sampled_from(["official", "old"])
# From the tables of the page on languages, written anew: every letter that becomes another, in small letters.
BECOMES = {"œ": "oe", "×": "x", "ʼ": "", "ʹ": ""}
BECOMES_OLD = {**BECOMES, "ɛ": "è", "ɔ": "ò", "ɲ": "ny", "ŋ": "ng"}


def of_letters(text):
    """The letters of a text in their order, in small letters."""
    return "".join(char for char in text if char.isalpha() or char == "×").lower()


def composed(text):
    """A text as it is read: nothing invisible between its letters, and each in one piece."""
    return unicodedata.normalize("NFC", "".join(char for char in text if char not in "\u200b\u200c\u2060\ufeff\u00ad"))


@given(TEXTS.filter(lambda text: not set(text) & set("º°")), PROFILES, KINDS)
def test_no_letter_is_lost_silently(text, name, kind):
    """Each letter is there in its order: by the tables as another, else as it was and told."""
    spelt = profile.spell(text, name, kind)
    table = BECOMES_OLD if name == MANDING else BECOMES

    assert of_letters(spelt.sms) == "".join(table.get(char, char) for char in of_letters(composed(text)))
    told = [place.char for one in spelt.findings if one.code == "not_gsm7" for place in one.places]
    assert told == [char for char in spelt.sms if not letters.is_gsm7(char)]


@given(st.text("abegiknoruyɛɔɲŋ áèìǒûḿɔɛ\u0300\u0301\u0302\u030c\u0304ⁿʔɣ-"))
def test_linguistic_form_keeps_each_letter_without_its_tone(text):
    bare = "".join(filter(str.isalpha, unicodedata.normalize("NFD", text)))
    table = {"ɛ": "è", "ɔ": "ò", "ɲ": "ny", "ŋ": "ng", "ⁿ": "n", "ɣ": "g", "ʔ": ""}
    spelt = profile.spell(text, MANDING, "linguistic")

    assert "".join(filter(str.isalpha, spelt.sms)) == "".join(table.get(char, char) for char in bare)
    assert spelt.size.encoding == GSM


@given(TEXTS, TEXTS, PROFILES, KINDS)
def test_segments_never_fall_when_words_are_added(text, more, name, kind):
    before, after = profile.spell(text, name, kind).size, profile.spell(f"{text} {more}", name, kind).size

    assert before.segments <= after.segments


# Nearly full segments, so that one letter more tips over into the next.
FULL = st.lists(st.sampled_from(["a" * 60, "€" * 20, "ɛ" * 30, "ê" * 33, "😀" * 17, "« ", "½", "b"]), max_size=9)


@given(FULL.map("".join), st.sampled_from(["a", "ɛ", "ê", "€", "😀", "»", "\u0301"]), PROFILES)
def test_segments_never_fall_at_the_border_of_a_segment(text, more, name):
    before, after = profile.spell(text, name).size, profile.spell(f"{text} {more}", name).size

    assert before.segments <= after.segments


@given(TEXTS, PROFILES, st.sampled_from(profile.KINDS))
def test_a_cheap_result_is_spelt_as_it_is(text, name, kind):
    sms = profile.spell(text, name, kind).sms
    if letters.is_gsm7(sms):
        assert profile.spell(sms, name, "old").sms == sms
        assert profile.spell(sms, name, "official").sms == sms


@given(TEXTS, PROFILES, st.sampled_from(profile.KINDS))
def test_every_finding_has_places_in_the_text_and_two_sentences(text, name, kind):
    spelt = profile.spell(text, name, kind)
    for one in spelt.findings:
        assert one.places
        assert [place.index for place in one.places] == sorted(place.index for place in one.places)
        assert all(0 <= place.index < len(text) for place in one.places)
        assert one.say("fr")
        assert one.say("en")
    ranks = [LEVELS.index(one.level) for one in spelt.findings]
    assert ranks == sorted(ranks)


@given(TEXTS.map(composed), PROFILES, KINDS)
def test_a_place_points_at_its_letter(text, name, kind):
    for one in profile.find(text, name, kind):
        if one.code in ("not_gsm7", "tone_mark", "foreign_accent", "accent_suggested"):
            assert [text[place.index] for place in one.places] == [place.char for place in one.places]


@given(TEXTS.map(composed).filter(lambda text: not any(map(unicodedata.combining, text))), PROFILES, KINDS)
def test_mended_text_has_no_more_of_what_was_mended(text, name, kind):
    for one in profile.find(text, name, kind):
        if one.suggest is not None:
            assert one.code not in {again.code for again in profile.find(one.suggest, name, kind)}
