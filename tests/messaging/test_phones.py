"""Phone numbers as people and spreadsheets write them, how they are hidden, and the key that keeps them."""

from __future__ import annotations

import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from messaging.phones import SENTENCES, KeyFileError, Keys, NumberError, SealError, mask, parse, redact

NUMBER = "+22376123456"
ROWS = [
    ("grouped", "76 12 34 56"),
    ("together", "76123456"),
    ("points", "76.12.34.56"),
    ("slashes", "76/12/34/56"),
    ("international", "+22376123456"),
    ("international, grouped", "+223-76-12-34-56"),
    ("two zeros", "0022376123456"),
    ("two zeros, grouped", "00 223 76 12 34 56"),
    ("plus lost", "22376123456"),
    ("brackets", "(+223) 76 12 34 56"),
    ("zero in brackets", "+223 (0) 76 12 34 56"),
    ("plus and zeros", "+0022376123456"),
    ("long dash", "76–12–34–56"),
    ("no-break and thin spaces", "76\u00a012\u202f34\u200956"),
    ("direction marks of a contact list", "\u202a+223 76 12 34 56\u202c"),
    ("Arabic-Indic digits", "٧٦ ١٢ ٣٤ ٥٦"),
    ("full-width", "＋２２３７６１２３４５６"),
    ("label", "Tél. : 76 12 34 56"),
    ("apostrophe of a spreadsheet", "'76123456"),
    ("float as text", "22376123456.0"),
    ("float as text, comma", "76123456,00"),
    ("power of ten, whole", "2.2376123456E+10"),
    ("power of ten, comma", "7,6123456E7"),
    ("whole number", 76123456),
    ("whole number, with country", 22376123456),
    ("float", 22376123456.0),
    ("line end", "76123456\n"),
]


@pytest.mark.parametrize("raw", [row[1] for row in ROWS], ids=[row[0] for row in ROWS])
def test_read(raw):
    assert parse(raw) == NUMBER


ELSEWHERE = [
    ("Mali, 5", "50123456", "ML", "+22350123456"),
    ("Mali, 8", "82123456", "ML", "+22382123456"),
    ("Mali, 9", "90123456", "ML", "+22390123456"),
    ("Burkina Faso", "+226 70 12 34 56", "ML", "+22670123456"),
    ("Côte d'Ivoire keeps its zero", "00225 07 01 02 03 04", "ML", "+2250701020304"),
    ("Senegal, at home", "77 123 45 67", "SN", "+221771234567"),
    ("France, at home", "06 12 34 56 78", "FR", "+33612345678"),
    ("fixed or mobile, nobody can tell", "+1 202 555 0123", "ML", "+12025550123"),
    ("Mali seen from Senegal", "0022376123456", "SN", NUMBER),
]


@pytest.mark.parametrize(
    ("raw", "country", "expected"), [row[1:] for row in ELSEWHERE], ids=[row[0] for row in ELSEWHERE]
)
def test_read_elsewhere(raw, country, expected):
    assert parse(raw, country) == expected


WRONG = [
    ("nothing", None, "empty"),
    ("empty", "", "empty"),
    ("blanks", " \u00a0", "empty"),
    ("words", "pas de téléphone", "unreadable"),
    ("letters inside", "76 12 3O 56", "unreadable"),
    ("plus in the middle", "76+123456", "unreadable"),
    ("plus alone", "+", "unreadable"),
    ("truth", True, "unreadable"),
    ("not a number", float("nan"), "unreadable"),
    ("endless", float("inf"), "unreadable"),
    ("half", 76123456.5, "unreadable"),
    ("negative", -76123456, "unreadable"),
    ("list", ["76123456"], "unreadable"),
    ("very large", 10**5000, "unreadable"),
    ("very long", "7" * 60_000 + "x", "unreadable"),
    ("shortened by a spreadsheet", "2.23761E+10", "shortened"),
    ("a digit", "7", "too_short"),
    ("seven digits", "7612345", "too_short"),
    ("seven digits as float", "7612345.0", "too_short"),
    ("seven digits with country", "+2237612345", "too_short"),
    ("short code", "36023", "too_short"),
    ("nine digits", "761234567", "too_long"),
    ("two numbers", "76 12 34 56 / 66 12 34 56", "too_long"),
    ("country twice", "+223 223 76 12 34 56", "too_long"),
    ("foreign without plus", "22670123456", "too_long"),
    ("no such country", "+999 76 12 34 56", "unknown_country"),
    ("landline of Bamako", "20 21 22 23", "landline"),
    ("landline with country", "+223 44 12 34 56", "landline"),
    ("landline of Paris", "+33 1 12 34 56 78", "landline"),
    ("free number of Mali", "80 12 34 56", "not_mobile"),
    ("unused range of Mali", "54 12 34 56", "not_mobile"),
    ("premium number", "+33 899 12 34 56", "premium"),
]


@pytest.mark.parametrize(("raw", "fault"), [row[1:] for row in WRONG], ids=[row[0] for row in WRONG])
def test_refused_with_a_sentence_that_does_not_repeat_the_number(raw, fault):
    with pytest.raises(NumberError) as caught:
        parse(raw)

    assert caught.value.fault == fault
    assert str(caught.value) == SENTENCES[fault]


@given(st.one_of(st.text(), st.text("0123456789+-. ()/eE"), st.integers(), st.floats()))
def test_anything_is_read_or_refused(raw):
    try:
        number = parse(raw)
    except NumberError:
        return
    assert number.startswith("+")
    assert parse(number) == number


@given(st.text())
def test_no_country_crashes(country):
    try:
        parse("76123456", country)
    except NumberError as error:
        assert error.fault


def test_masked():
    assert mask(NUMBER) == mask("76 12 34 56") == "•• 56"
    assert mask("36023") == mask("") == "••"


HIDDEN = [
    ("grouped", "appeler 76 12 34 56.", "appeler [numéro]."),
    ("international", "+223 76 12 34 56", "[numéro]"),
    ("international, brackets", "+223 (0) 76-12-34-56", "[numéro]"),
    ("two zeros", "0022376123456 svp", "[numéro] svp"),
    ("seven digits", "7612345", "[numéro]"),
    ("glued to letters", "tel76123456F12", "tel[numéro]F12"),
    ("other groups", "761 23 456 et 7612-3456", "[numéro] et [numéro]"),
    ("digit by digit", "7 6 1 2 3 4 5 6", "[numéro]"),
    ("no-break spaces", "76\u00a012\u202f34\u00a056", "[numéro]"),
    ("invisible signs", "76\u200b12\u200b34\u206956", "[numéro]"),
    ("Arabic-Indic digits", "٧٦ ١٢ ٣٤ ٥٦", "[numéro]"),
    ("two numbers", "76 12 34 56, 66.12.34.56", "[numéro], [numéro]"),
    ("beside a date", "le 10-03-2026 a 76123456", "le 10-03-2026 a [numéro]"),
]


@pytest.mark.parametrize(("text", "expected"), [row[1:] for row in HIDDEN], ids=[row[0] for row in HIDDEN])
def test_redacted(text, expected):
    assert redact(text) == expected


SHOWN = [
    ("a report", "PRES 1041 F12 H8 T20"),
    ("a positional report", "PRES 1041 12 8 20"),
    ("a price", "PRIX MAIS 12500"),
    ("an amount", "CAISSE 1 250 000 F"),
    ("a date", "10/03/2026 et 2026-03-12"),
    ("a time stamp", "2026-03-12T17:30:00.123456+00:00"),
    ("a time stamp of a log", "2026-03-12 17:30:00,123 12"),
    ("a time of day", "17:30:00.123456"),
    ("a UUID", "550e8400-e29b-41d4-a716-446655440000"),
    ("a message id", "SM0123456789abcdef0123456789abcdef"),
    ("already redacted", "[numéro]"),
    ("empty", ""),
]


@pytest.mark.parametrize("text", [row[1] for row in SHOWN], ids=[row[0] for row in SHOWN])
def test_not_redacted(text):
    assert redact(text) == text


@given(
    st.from_regex(r"(5[0-3]|[679][0-9])[0-9]{6}", fullmatch=True),
    st.sampled_from([(2, 2, 2, 2), (2, 3, 3), (3, 2, 3), (4, 4), (8,), (3, 3, 2), (2, 6)]),
    st.sampled_from([" ", ".", "-", "/", "\u00a0", " - ", "–"]),
    st.sampled_from(["", "+223", "00223", "223"]),
    st.sampled_from(["", "tel:", "appelez ", "("]),
)
def test_no_way_to_write_a_number_escapes(digits, groups, gap, country, before):
    parts, start = [country] if country else [], 0
    for size in groups:
        parts.append(digits[start : start + size])
        start += size

    assert redact(f"{before}{gap.join(parts)} merci") == f"{before}[numéro] merci"


@given(st.text("0123456789 +-./:()TSabcdef\u200b"))
def test_redacting_twice_changes_nothing(text):
    assert redact(redact(text)) == redact(text)


KEYS = Keys(bytes(range(32)))
OTHER = Keys(bytes(32))


@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_what_is_sealed_opens_again(number):
    assert KEYS.open(KEYS.seal(number)) == number


def test_two_seals_of_a_number_differ_and_hide_it():
    first, second = KEYS.seal(NUMBER), KEYS.seal(NUMBER)

    assert first != second
    assert b"76123456" not in first


@pytest.mark.parametrize("index", [0, 1, 13, -1], ids=["version", "nonce", "body", "tag"])
def test_a_changed_seal_does_not_open(index):
    sealed = bytearray(KEYS.seal(NUMBER))
    sealed[index] ^= 1

    with pytest.raises(SealError):
        KEYS.open(bytes(sealed))


@pytest.mark.parametrize("sealed", [b"", b"\x01", b"\x01" + bytes(12), b"\x01" + bytes(40)])
def test_what_was_never_sealed_does_not_open(sealed):
    with pytest.raises(SealError, match="Put back the key file"):
        KEYS.open(sealed)


def test_another_key_opens_and_finds_nothing():
    with pytest.raises(SealError):
        OTHER.open(KEYS.seal(NUMBER))
    assert OTHER.find(NUMBER) != KEYS.find(NUMBER)
    assert OTHER.fingerprint() != KEYS.fingerprint()
    assert OTHER.derive("cookie") != KEYS.derive("cookie")


def test_what_is_stored_by_this_key_stays_readable_in_later_versions():
    sealed = bytes.fromhex("01765e72d1d8bb3355df9c9062aa12d623089d3c9a92b407f89749d8a39e2f1edc7e66cf7472422fb1")

    assert KEYS.open(sealed) == NUMBER
    assert KEYS.find(NUMBER) == "035f0ec66d3f315394a48e2eda221bb53158b970aabb0a0c5f519118ce7d46a6"
    assert KEYS.fingerprint() == "d859dcd680d71c43"
    assert KEYS.derive("cookie") == "3065800af763a34d78bf43b1483615f78e6f733a79ad1490bf51fb86d39324b8"
    assert KEYS.mac("report", "twilio", "k1") == "0c3ee3c6914cfbb0"


def test_a_mac_is_bound_to_purpose_and_parts():
    mac = KEYS.mac("report", "twilio", "k1")

    assert len(mac) == 16
    assert KEYS.check_mac(mac, "report", "twilio", "k1")
    assert not KEYS.check_mac(mac, "inbound", "twilio", "k1")
    assert not KEYS.check_mac(mac, "report", "twili", "ok1")
    assert not KEYS.check_mac(mac, "report", "twiliok1")
    assert not OTHER.check_mac(mac, "report", "twilio", "k1")


@pytest.mark.parametrize("given_mac", ["", "é", "\ud800", "0" * 16, "x" * 1000])
def test_a_wrong_mac_is_refused_and_never_crashes(given_mac):
    assert not KEYS.check_mac(given_mac, "report", "twilio", "\ud800")


def test_the_secret_is_never_shown():
    assert repr(KEYS) == "Keys()"
    shown = [KEYS.fingerprint(), KEYS.derive("cookie"), KEYS.find(""), KEYS.mac("")]
    assert all(KEYS.secret.hex() not in value for value in shown)
    assert len(set(shown)) == 4


@pytest.mark.parametrize("length", [0, 16, 31, 33])
def test_a_secret_of_another_length_is_refused(length):
    with pytest.raises(KeyFileError, match="32 bytes"):
        Keys(bytes(length))


def test_the_key_file_is_made_once_for_its_owner_only(tmp_path):
    path = tmp_path / "new" / "key"

    made = Keys.load_or_make(path)

    assert Keys.load_or_make(path) == made
    assert [entry.name for entry in path.parent.iterdir()] == ["key"]
    if os.name != "nt":
        assert path.stat().st_mode & 0o777 == 0o600


def test_two_installations_have_two_keys(tmp_path):
    assert Keys.load_or_make(tmp_path / "a") != Keys.load_or_make(tmp_path / "b")


def test_many_threads_that_start_at_once_agree(tmp_path):
    with ThreadPoolExecutor(16) as pool:
        keys = list(pool.map(Keys.load_or_make, [tmp_path / "key"] * 64))

    assert len(set(keys)) == 1
    assert [entry.name for entry in tmp_path.iterdir()] == ["key"]


def test_processes_that_start_at_once_agree(tmp_path):
    code = (
        "import sys, pathlib; from messaging.phones import Keys; "
        "print(Keys.load_or_make(pathlib.Path(sys.argv[1])).fingerprint())"
    )
    root = Path(__file__).parents[2]
    started = [
        subprocess.Popen(
            [sys.executable, "-c", code, str(tmp_path / "key")], cwd=root, stdout=subprocess.PIPE, text=True
        )
        for _ in range(4)
    ]
    prints = {process.communicate(timeout=60)[0].strip() for process in started}

    assert prints == {Keys.load_or_make(tmp_path / "key").fingerprint()}


def test_a_disk_without_hard_links_gets_a_key_too(tmp_path, monkeypatch):
    def refuse(*_):
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(os, "link", refuse)
    made = Keys.load_or_make(tmp_path / "key")

    assert Keys.load_or_make(tmp_path / "key") == made
    assert [entry.name for entry in tmp_path.iterdir()] == ["key"]


BROKEN = [
    ("empty", b""),
    ("short", b"00" * 31),
    ("long", b"00" * 33),
    ("not hexadecimal", b"zz" * 32),
    ("bytes", bytes(range(128, 160))),
    ("two lines", b"00" * 16 + b"\n" + b"00" * 16),
]


@pytest.mark.parametrize("content", [row[1] for row in BROKEN], ids=[row[0] for row in BROKEN])
def test_a_broken_key_file_is_refused_and_left_alone(tmp_path, content):
    path = tmp_path / "key"
    path.write_bytes(content)

    with pytest.raises(KeyFileError, match="Put back your copy"):
        Keys.load_or_make(path)
    assert path.read_bytes() == content


def test_a_folder_in_the_place_of_the_key_is_refused(tmp_path):
    with pytest.raises(KeyFileError, match="cannot be used"):
        Keys.load_or_make(tmp_path)


def test_a_line_end_of_an_editor_does_no_harm(tmp_path):
    path = tmp_path / "key"
    path.write_bytes(bytes(range(32)).hex().encode() + b"\r\n")

    assert Keys.load_or_make(path) == KEYS


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such mode")
def test_a_key_that_others_can_read_is_told(tmp_path, caplog):
    path = tmp_path / "key"
    Keys.load_or_make(path)
    assert not caplog.records
    path.chmod(0o644)

    Keys.load_or_make(path)

    assert "chmod 600" in caplog.text
