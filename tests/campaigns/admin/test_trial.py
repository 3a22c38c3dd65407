"""A trial in the browser: an account confirms its own phone by a code, then gets a text on it; no number is shown."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import sqlalchemy as sa

from campaigns.admin.trial import EXAMPLES, FAULTS
from campaigns.definitions import SLOTS
from messaging import sender
from messaging.clock import utc_now
from messaging.installation import Installation
from messaging.models import Audit, Message, Programme, Staff, TextState
from messaging.phones import SENTENCES
from tests.campaigns.admin.conftest import Browser, account
from tests.campaigns.admin.test_texts import PLACE, text_of, words
from tests.world import World

Browse = Callable[[str], Browser]
PAGE = "/admin/essai/trial"
HERS = "+22376990012"
SPELLINGS = (HERS, "76990012", "76 99 00 12", "99 00 12")  # none of them may stand on a page
BUTTON = "Envoyer un essai à mon téléphone (••12)"


def carried(here: Installation, number: str = HERS) -> list[str]:
    """What the simulated carrier brought to a number by now."""
    sender.send_due(here, utc_now())
    return [text for _key, text, _at in here.adapters.book.sent(number)]


def confirm(browser: Browser, here: Installation, *, is_asked: bool = False) -> None:
    """Have the phone of an account confirmed, as she does it."""
    if not is_asked:
        assert browser.post(PAGE, PAGE, number="76 99 00 12").status_code == 303
    code = carried(here)[-1].rpartition(" ")[2]
    assert browser.post(f"{PAGE}/code", PAGE, code=code).status_code == 303


def test_code_confirms_the_phone_and_a_draft_arrives_marked(
    browse: Browse, installation: Installation, office: World
) -> None:
    editor = browse("editor")
    assert "Essayer un texte sur mon téléphone" in words(editor.get(PLACE).text)
    assert "un essai à mon téléphone" not in words(editor.get(PLACE).text)
    editor.post(PAGE, PAGE, number="76 99 00 12")
    code = carried(installation)[-1].rpartition(" ")[2]
    wrong = editor.post(f"{PAGE}/code", PAGE, code="abc")
    assert wrong.status_code == 400
    assert "Ce n'est pas le code envoyé." in words(wrong.text)
    assert editor.post(f"{PAGE}/code", PAGE, code=f" {code[:3]} {code[3:]} ").status_code == 303
    assert "Téléphone confirmé" in words(editor.get(PAGE).text)
    assert BUTTON in words(editor.get(PLACE).text)
    answer = editor.post(f"{PLACE}/bm/trial", PLACE)
    assert answer.headers["Location"] == f"{PLACE}#bm"
    assert "Essai en route vers ••12 : 1 SMS." in words(editor.get(PLACE).text)
    assert carried(installation)[-1] == "ESSAI I bolo ko ni safinè ye"
    assert text_of(office, "bm").state is TextState.DRAFT
    with office.db.read() as session:
        assert session.scalars(sa.select(Audit.actor).where(Audit.action == "trial")).all()


def test_no_page_shows_the_number(browse: Browse, installation: Installation) -> None:
    editor = browse("editor")
    pages = [editor.post(PAGE, PAGE, number="76 99 00 12 3").text]
    editor.post(PAGE, PAGE, number="76 99 00 12")
    pages += [editor.get(PAGE).text, editor.post(f"{PAGE}/code", PAGE, code="x").text]
    confirm(editor, installation, is_asked=True)
    pages += [editor.get(PAGE).text, editor.get(PLACE).text]
    assert not [spelling for page in pages for spelling in SPELLINGS if spelling in page]
    assert "••" in pages[-1]


def test_every_fault_of_a_number_has_its_french_sentence(editor: Browser) -> None:
    assert FAULTS.keys() == SENTENCES.keys()
    for number, sentence in (
        ("", "Écrivez le numéro de votre téléphone."),
        ("76 99", "Il manque des chiffres."),
        ("20 22 12 34", "C'est un téléphone fixe"),
        ("bonjour", "Ce n'est pas un numéro."),
    ):
        page = editor.post(PAGE, PAGE, number=number)
        assert page.status_code == 400
        assert sentence in words(page.text)


def test_phone_of_a_member_is_refused_with_a_sentence_that_tells_nobody_apart(editor: Browser) -> None:
    for number in ("76 00 00 11", "76 00 00 41"):  # a member's, a facilitator's
        page = editor.post(PAGE, PAGE, number=number)
        assert page.status_code == 400
        assert "Ce téléphone ne peut pas servir aux essais" in words(page.text)


def test_trial_is_refused_before_the_phone_is_confirmed(editor: Browser, installation: Installation) -> None:
    editor.post(f"{PLACE}/fr/trial", PLACE)
    assert "Confirmez d'abord votre téléphone." in words(editor.get(PLACE).text)
    confirm(editor, installation)
    before = len(carried(installation))
    editor.post(f"{PLACE}/fr/trial", PLACE, part="club")
    assert "Rien à essayer : ce texte est vide." in words(editor.get(PLACE).text)
    assert len(carried(installation)) == before


@pytest.mark.parametrize(
    ("who", "may", "languages"),
    [("translator", 200, ["fr", "bm"]), ("approver", 200, ["fr", "bm"]), ("officer", 200, []), ("evaluation", 403, [])],
)
def test_only_who_writes_or_approves_may_try(
    browse: Browse, installation: Installation, who: str, may: int, languages: list[str]
) -> None:
    browser = browse(who)
    assert browser.get(PAGE).status_code == may
    assert browser.post(PAGE, number="76 99 00 12").status_code == (303 if may == 200 else 403)
    if may == 200:
        confirm(browser, installation, is_asked=True)
    page = browser.get(PLACE).text
    assert [code for code in ("fr", "bm") if f"{PLACE}/{code}/trial" in page] == languages
    assert browser.get(f"{PLACE}/fr/trial").status_code in (404, 405)
    assert browser.post(f"{PLACE}/dts/trial", PLACE).status_code == (404 if languages else 403)


def test_screen_of_the_simulator_is_shown_to_demonstration_accounts_only(
    browse: Browse, installation: Installation, office: World
) -> None:
    editor = browse("editor")
    confirm(editor, installation)
    page = editor.get(PAGE).text
    assert "c'est le simulateur qui reçoit le code" in words(page)
    assert "Son écran" not in page
    with office.db.write() as session:
        session.get_one(Staff, account(office, "editor").id).demonstration = True
    assert "ESSAI: code" in editor.get(PAGE).text


def test_real_programme_does_not_speak_of_the_simulator(editor: Browser, office: World) -> None:
    with office.db.write() as session:
        session.execute(sa.update(Programme).values(demonstration=False))
    assert "simulateur" not in words(editor.get(PAGE).text).replace("seul le simulateur", "")


def test_examples_fill_slots_and_are_no_longer_than_they_are_counted(
    editor: Browser, installation: Installation, office: World
) -> None:
    assert all(len(example) <= SLOTS[name].longest for name, example in EXAMPLES.items())
    confirm(editor, installation)
    editor.post(f"{PLACE}/fr", seen="1", sms="Club {club}: lavez les mains a {place}.", read_aloud="x")
    editor.post(f"{PLACE}/fr/trial", PLACE)
    assert carried(installation)[-1] == "ESSAI Club 1041: lavez les mains a place."
    with office.db.read() as session:
        assert session.scalars(sa.select(Message.trial_of).where(Message.trial_of.is_not(None))).all()
