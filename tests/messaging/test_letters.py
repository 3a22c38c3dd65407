"""What a text costs: the agreed vectors, and what must hold for any text."""

from __future__ import annotations

import json
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from messaging import letters

VECTORS = json.loads((Path(__file__).parents[1] / "data" / "segments_vectors.json").read_text("utf-8"))["vectors"]

ANY_LETTERS = st.text(st.characters(exclude_categories=["Cs"]))
# Short alphabets repeated: texts of several segments with pairs at the borders.
LONG = st.lists(st.sampled_from(["a", "é", "€", "|", "aaaaaaa", "b" * 60, "\r\n"]), max_size=120).map("".join)
LONG_DEAR = st.lists(st.sampled_from(["a", "ɛ", "😀", "👩🏿", "b" * 31, "€"]), max_size=90).map("".join)
TEXTS = st.one_of(ANY_LETTERS, LONG, LONG_DEAR)


@pytest.mark.parametrize("vector", VECTORS, ids=[vector["id"] for vector in VECTORS])
def test_agreed_vector(vector):
    text = vector["text"]

    assert letters.measure(text) == letters.Size(
        vector["encoding"], vector["units"], vector["segments"], tuple(vector["segment_units"])
    )
    assert letters.encoding(text) == vector["encoding"]
    assert letters.units(text) == vector["units"]
    assert letters.segments(text) == vector["segments"]
    assert letters.segment_units(text) == vector["segment_units"]


def test_all_vectors_are_there():
    assert len(VECTORS) == 104


@given(TEXTS)
def test_segments_add_up_and_each_fits(text):
    size = letters.measure(text)
    room = letters.ALONE if size.segments == 1 else letters.JOINED

    assert sum(size.segment_units) == size.units
    assert len(size.segment_units) == size.segments >= 1
    assert max(size.segment_units) <= room[size.encoding]


@given(TEXTS)
def test_parts_joined_are_the_text_and_fill_the_segments(text):
    parts = letters.split(text)

    assert "".join(parts) == text
    weights = [sum(weight(char, letters.encoding(text)) for char in part) for part in parts]
    assert weights == letters.segment_units(text)


def weight(char, encoding):
    return 1 + (char in letters.EXTENSION if encoding == "GSM-7" else char > "\uffff")


@given(TEXTS)
def test_a_segment_ends_only_where_the_next_letter_does_not_fit(text):
    parts, kind = letters.split(text), letters.encoding(text)
    for part, following in pairwise(parts):
        used = sum(weight(char, kind) for char in part)
        assert used + weight(following[0], kind) > letters.JOINED[kind]


@given(TEXTS)
def test_dear_letters_are_why_a_text_is_ucs2(text):
    found = letters.dear(text)

    assert bool(found) == (letters.encoding(text) == "UCS-2") == (not letters.is_gsm7(text))
    assert all(text[one.index] == one.char for one in found)
    cheap = "".join(char for index, char in enumerate(text) if index not in {one.index for one in found})
    assert letters.is_gsm7(cheap)


def test_dear_letters_carry_place_and_code():
    assert letters.dear("être à ɲ 😀") == [
        letters.Dear(0, "ê", "U+00EA"),
        letters.Dear(7, "ɲ", "U+0272"),
        letters.Dear(9, "😀", "U+1F600"),
    ]


def test_the_table_has_each_code_once():
    assert len(letters.BASIC) == len(set(letters.BASIC)) == 128
    assert letters.BASIC.index("\n") == 0x0A
    assert letters.BASIC.index("\x1b") == 0x1B
    assert letters.BASIC.index("A") == 0x41
    assert not set(letters.EXTENSION) & set(letters.BASIC)


# --- on the wire: 3GPP TS 23.038, 6.1.2.1.1 (septets in octets) and 6.2.1 (codes)

CODES = {char: [code] for code, char in enumerate(letters.BASIC)} | {
    char: [0x1B, code] for char, code in letters.EXTENSION.items()
}
CHEAP = st.text([char for char in CODES if char != "\x1b"])


def septets(text):
    return [code for char in text for code in CODES[char]]


def packed(codes):
    bits = sum(code << 7 * place for place, code in enumerate(codes))
    return bits.to_bytes((7 * len(codes) + 7) // 8, "little")


def unpacked(octets, count):
    bits = int.from_bytes(octets, "little")
    return [bits >> 7 * place & 0x7F for place in range(count)]


def read(codes):
    chars = {tuple(code): char for char, code in CODES.items()}
    found, codes = [], iter(codes)
    for code in codes:
        found.append(chars[code, next(codes)] if code == 0x1B else chars[code,])
    return "".join(found)


def test_packed_as_the_standard_shows():
    assert packed(septets("hello")).hex() == "e8329bfd06"
    assert packed(septets("€")).hex() == "9b32"


@given(st.one_of(CHEAP, LONG))
def test_a_cheap_text_survives_the_wire(text):
    codes = septets(text)

    assert letters.is_gsm7(text)
    assert len(codes) == letters.units(text)
    assert read(unpacked(packed(codes), len(codes))) == text


@given(st.one_of(CHEAP, LONG))
def test_each_part_of_a_cheap_text_survives_alone(text):
    parts = letters.split(text)

    assert "".join(read(unpacked(packed(septets(part)), letters.units(part))) for part in parts) == text
    assert not [part for part in parts if septets(part)[-1:] == [0x1B]]


@given(TEXTS)
def test_each_part_of_a_text_is_whole_in_utf16(text):
    parts = letters.split(text)

    assert "".join(part.encode("utf-16-be").decode("utf-16-be") for part in parts) == text
    if letters.encoding(text) == "UCS-2":
        assert [len(part.encode("utf-16-be")) // 2 for part in parts] == letters.segment_units(text)


@given(TEXTS, TEXTS)
def test_segments_never_fall_when_text_is_added(text, more):
    assert letters.segments(text) <= letters.segments(text + more)
    assert letters.segments(text) <= letters.segments(more + text)


def test_a_bare_escape_is_no_letter():
    assert not letters.is_gsm7("\x1b")
