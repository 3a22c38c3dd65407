"""What a phone and what staff read by gettext: complete, in step with the code, one segment, and never by accident."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import polib
import pytest

from messaging import languages, letters
from messaging.models import Programme
from tests.attested import strangers
from tests.campaigns.admin import catalogue as pages
from tests.structure import catalogues

LOCALES = languages.folder()
TABLE = {row["code"]: row for row in languages.shipped()}
STAFF = ("fr", "en")  # the languages of the pages
REPLIES = catalogues.written()
DRAFTED = [code for code in REPLIES if code != languages.LAST]
BRACE = re.compile(r"{(\w+)}")
SLOT = re.compile(r"%\(\w+\)s")
MERGE = "run: python -m tests.structure.catalogues"
GATHER = "run: python -m tests.campaigns.admin.catalogue"

REPLY = pytest.mark.parametrize("code", REPLIES)
PAGES = pytest.mark.parametrize("code", STAFF)


def replies(code: str) -> dict[str, polib.POEntry]:
    """The entries of a language by key."""
    return {entry.msgid: entry for entry in polib.pofile(str(catalogues.place(LOCALES, code)), encoding="utf-8")}


def staff_words(code: str) -> polib.POFile:
    """The catalogue of the pages in a language."""
    return polib.pofile(str(pages.path(code)), encoding="utf-8")


@pytest.fixture
def locales(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """An empty folder of catalogues in place of our own."""
    monkeypatch.setattr(languages, "folder", lambda: tmp_path)
    languages.catalogue.cache_clear()
    yield tmp_path
    languages.catalogue.cache_clear()


def template(folder: Path, *entries: polib.POEntry) -> None:
    made = polib.POFile()
    made.metadata = {"Content-Type": "text/plain; charset=UTF-8", "Content-Transfer-Encoding": "8bit"}
    made.extend(entries)
    made.save(str(folder / "sms.pot"))


def say(folder: Path, code: str, **words: str) -> None:
    """Write words into a started catalogue; `fuzzy_` before a key marks its entry as unreviewed."""
    made = catalogues.write(code, folder)
    for key, text in words.items():
        entry = made.find(key.removeprefix("fuzzy_"))
        entry.msgstr = text
        if key.startswith("fuzzy_"):
            entry.flags.append("fuzzy")
    made.save()


# --- every catalogue


def test_every_folder_is_a_language_of_the_table() -> None:
    folders = {path.name for path in LOCALES.iterdir() if path.is_dir()}
    assert folders <= {*TABLE, *STAFF}
    assert set(REPLIES) <= set(TABLE)


@REPLY
@pytest.mark.parametrize("drafts", [False, True], ids=["sms", "sms_draft"])
def test_replies_compile_with_the_plural_forms_of_the_table(code: str, drafts: bool) -> None:
    made = languages.catalogue("sms", code, drafts)
    assert made is not None
    assert made.info()["plural-forms"] == TABLE[code]["plural_forms"]


@PAGES
def test_the_words_of_the_pages_compile_with_their_plural_forms(code: str) -> None:
    made = languages.catalogue("admin", code)
    assert made is not None
    assert made.info()["plural-forms"] == pages.PLURALS[code]


# --- what a phone reads


def test_the_template_is_in_step_with_the_code() -> None:
    keys, named = {entry.msgid for entry in catalogues.template(LOCALES)}, catalogues.keys_in_code()
    assert named <= keys, f"no entry in sms.pot for {sorted(named - keys)}"
    assert keys <= named, f"no code names {sorted(keys - named)}"


@REPLY
def test_replies_have_the_keys_of_the_template(code: str) -> None:
    assert set(replies(code)) == {entry.msgid for entry in catalogues.template(LOCALES)}, MERGE


@REPLY
def test_replies_keep_the_braces_of_the_french(code: str) -> None:
    french = replies(languages.LAST)
    for key, entry in replies(code).items():
        if entry.msgstr:
            assert set(BRACE.findall(entry.msgstr)) == set(BRACE.findall(french[key].msgstr)), key


def test_french_is_complete() -> None:
    assert not [key for key, entry in replies(languages.LAST).items() if not entry.translated()]


def test_the_longest_values_are_those_that_the_code_fills_in() -> None:
    braces = {name for entry in replies(languages.LAST).values() for name in BRACE.findall(entry.msgstr)}
    assert braces == set(catalogues.LONGEST)
    assert len(catalogues.LONGEST["service"]) == Programme.__table__.c.service_name.type.length
    assert all(letters.is_gsm7(value) for value in catalogues.LONGEST.values())


@REPLY
def test_each_reply_at_its_longest_is_one_segment_of_gsm7(code: str) -> None:
    for key, entry in replies(code).items():
        if entry.msgstr:
            said, spoken = languages.reply(key, [code], True, **catalogues.LONGEST)
            size = letters.measure(said)
            assert spoken == code
            assert (size.encoding, size.segments) == ("GSM-7", 1), f"{key}: {size.units} units, {letters.dear(said)}"


@REPLY
def test_feedback_and_sensitive_messages_get_the_same_words(code: str) -> None:
    assert replies(code)["fb.ack"].msgstr == replies(code)["sens.ack"].msgstr


@pytest.mark.parametrize("code", DRAFTED)
def test_what_nobody_reviewed_is_marked_and_what_is_not_marked_names_its_reviewer(code: str) -> None:
    for key, entry in replies(code).items():
        if entry.msgstr:
            if entry.fuzzy:
                assert "Nobody has reviewed this." in entry.tcomment, f"{key}: write where the words are from"
            else:
                assert re.search(r"[Rr]eviewed by .+ \d{4}-\d\d-\d\d", entry.tcomment), f"{key}: who reviewed it, when?"


@pytest.mark.parametrize("code", DRAFTED)
def test_drafts_hold_attested_words_only(code: str) -> None:
    drafts = {key: BRACE.sub(" ", entry.msgstr) for key, entry in replies(code).items() if entry.fuzzy}
    assert drafts
    assert not {key: lost for key, words in drafts.items() if (lost := strangers(words, code))}


# --- which language answers


def test_a_draft_answers_on_the_simulator_only() -> None:
    assert languages.reply("fb.thanks", ["bm"]) == ("Merci a vous.", "fr")
    assert languages.reply("fb.thanks", ["bm"], drafts=True) == ("I ni ce.", "bm")
    assert languages.reply("fb.thanks", ["dts", "bm"], drafts=True) == ("Birè poo.", "dts")


def test_the_next_language_of_the_chain_answers_message_by_message(locales: Path) -> None:
    template(locales, polib.POEntry(msgid="a"), polib.POEntry(msgid="b"), polib.POEntry(msgid="c"))
    say(locales, "dts", a="ay", fuzzy_b="birɛ")
    say(locales, "bm", b="bi", fuzzy_c="cɛ")
    say(locales, "fr", a="un", b="deux", c="trois")
    asked = ["dts", "dds", "bm", "fr"]  # dds has no catalogue at all
    assert [languages.reply(key, asked) for key in "abc"] == [("ay", "dts"), ("bi", "bm"), ("trois", "fr")]
    assert [languages.reply(key, asked, True)[1] for key in "abc"] == ["dts", "dts", "bm"]
    chained = languages.translations("sms", asked)
    assert [chained.gettext(key) for key in "abcd"] == ["ay", "bi", "trois", "d"]


def test_a_reply_leaves_in_sms_letters(locales: Path) -> None:
    template(locales, polib.POEntry(msgid="a"))
    say(locales, "bm", a="Ɲininkali {code}: lamɛn")
    assert languages.reply("a", ["bm"], code="1041") == ("Nyininkali 1041: lamèn", "bm")


def test_a_key_that_no_catalogue_holds_is_a_fault() -> None:
    with pytest.raises(KeyError):
        languages.reply("fb.nothing", ["bm"], drafts=True)


# --- starting and merging


def test_a_language_that_cldr_does_not_know_keeps_its_one_plural_form(locales: Path) -> None:
    template(locales, polib.POEntry(msgid="club", msgid_plural="clubs", msgstr_plural={0: ""}))
    started = catalogues.write("dts", locales)
    started.find("club").msgstr_plural = {0: "tɔn"}
    started.save()
    for _ in range(2):  # merging again takes nothing away
        merged = catalogues.write("dts", locales)
        assert merged.metadata["Plural-Forms"] == "nplurals=1; plural=0;"
    made = languages.translations("sms", ["dts"])
    assert [made.ngettext("club", "clubs", count) for count in (0, 1, 5)] == ["tɔn"] * 3


def test_merging_keeps_words_and_marks_and_drops_keys_that_are_gone(locales: Path) -> None:
    template(locales, polib.POEntry(msgid="old"), polib.POEntry(msgid="kept"))
    say(locales, "bm", old="fɔlɔ", fuzzy_kept="bi")
    template(locales, polib.POEntry(msgid="kept"), polib.POEntry(msgid="new"))
    merged = catalogues.write("bm", locales)
    assert [(entry.msgid, entry.msgstr, entry.fuzzy) for entry in merged] == [("kept", "bi", True), ("new", "", False)]


def test_a_code_that_is_not_in_the_table_is_not_started(locales: Path) -> None:
    template(locales)
    with pytest.raises(ValueError, match=r"languages\.toml"):
        catalogues.write("dog", locales)


# --- what staff read


def test_the_template_of_the_pages_is_in_step_with_them() -> None:
    stored = polib.pofile(str(LOCALES / "admin.pot"), encoding="utf-8")
    assert {entry.msgid for entry in stored} == {entry.msgid for entry in pages.gather()}, GATHER


@PAGES
def test_the_words_of_the_pages_are_complete(code: str) -> None:
    stored = staff_words(code)
    assert {entry.msgid for entry in stored} == {entry.msgid for entry in pages.gather()}, GATHER
    assert not [entry.msgid for entry in stored if not entry.translated()]


@PAGES
def test_the_words_of_the_pages_keep_their_slots(code: str) -> None:
    for entry in staff_words(code):
        forms = entry.msgstr_plural or {0: entry.msgstr}
        assert set(SLOT.findall(forms[0])) == set(SLOT.findall(entry.msgid))
        assert set(SLOT.findall(forms.get(1, ""))) == set(SLOT.findall(entry.msgid_plural))
