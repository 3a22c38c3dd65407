"""`jekulu campaign review`: by an account, or by filing the signed sheets of a person without one."""

from __future__ import annotations

from pathlib import Path

import pytest

from messaging import settings, staff, texts
from messaging.clock import utc_now
from messaging.installation import open_installation
from messaging.models import Text, TextState
from tests.scenarios.test_commands import CAMPAIGN, Desk

SECOND = CAMPAIGN[CAMPAIGN.index("  - step: savon") :].replace("savon\n", "cendre\n", 1)
TODAY = utc_now().date().isoformat()
FILED = ("--outside", "institutrice", "--variety", "Kita", "--read-on", TODAY)


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    """A campaign of two drafts, an editor and a translator."""
    here = Desk(tmp_path)
    here.json("programme", "new", "essai")
    for email, role in (("e@x.example", "editor"), ("t@x.example", "translator:fr"), ("o@x.example", "officer")):
        here.json("staff", "add", email, "--role", role)
    here.json("load", here.write("mains.yaml", CAMPAIGN + SECOND))
    return here


def look(desk: Desk) -> list[tuple[str, TextState]]:
    """The mark and state of each text."""
    here = open_installation(settings.load({"JEKULU_DATA": str(desk.folder / "data")}))
    try:
        with here.db.read() as session:
            found = [session.get_one(Text, ident) for ident in (1, 2)]
            return [(texts.mark(texts.current(session, text)), text.state) for text in found]
    finally:
        here.close()


def marks(desk: Desk) -> list[str]:
    return [printed for printed, _ in look(desk)]


def states(desk: Desk) -> list[TextState]:
    return [state for _, state in look(desk)]


def review(desk: Desk, *words: str, who: str = "e@x.example") -> tuple[int, str]:
    done = desk.run("campaign", "review", "mains", "--as", who, "--lang", "fr", *words)
    return done.exit_code, done.output


def test_only_the_texts_whose_sheets_are_filed_become_reviewed(desk: Desk) -> None:
    first, second = marks(desk)
    assert review(desk, *FILED, "--sheet", second.lower().replace("-", " - "))[0] == 0
    assert states(desk) == [TextState.DRAFT, TextState.REVIEWED]
    assert review(desk, *FILED, "--sheet", first)[0] == 0
    assert states(desk) == [TextState.REVIEWED, TextState.REVIEWED]


def test_an_account_reviews_all_drafts(desk: Desk) -> None:
    assert review(desk, "--variety", "Mopti", who="t@x.example")[0] == 0
    assert states(desk) == [TextState.REVIEWED, TextState.REVIEWED]


MISTAKES = [
    ("a sheet of no present version", (*FILED, "--sheet", "1-9-ABCD"), "e@x.example", "print it again"),
    ("a second sheet that is wrong", (*FILED, "--sheet", "FIRST", "--sheet", "2-2-2222"), "e@x.example", "2-2-2222"),
    ("read in the future", (*FILED[:-1], "2999-01-01", "--sheet", "FIRST"), "e@x.example", "lies in the future"),
    ("no sheet", FILED, "e@x.example", "--sheet MARK"),
    ("a sheet without a reader", ("--sheet", "FIRST"), "t@x.example", "--outside ROLE"),
    ("no variety", ("--outside", "x", "--read-on", TODAY, "--sheet", "FIRST"), "e@x.example", "variety"),
    ("filed by an officer", (*FILED, "--sheet", "FIRST"), "o@x.example", "is needed to file"),
    ("no date", (*FILED[:-1], "hier", "--sheet", "FIRST"), "e@x.example", "does not match"),
]


@pytest.mark.parametrize(("words", "who", "says"), [row[1:] for row in MISTAKES], ids=[row[0] for row in MISTAKES])
def test_a_mistake_files_nothing(desk: Desk, words: tuple[str, ...], who: str, says: str) -> None:
    first = marks(desk)[0]
    status, told = review(desk, *(first if word == "FIRST" else word for word in words), who=who)
    assert (status > 0, says in told) == (True, True), told
    assert states(desk) == [TextState.DRAFT, TextState.DRAFT]


@pytest.mark.parametrize("case", ["closed", "of another programme"])
def test_an_account_acts_only_while_it_is_open_and_in_its_own_programme(desk: Desk, case: str) -> None:
    desk.json("programme", "new", "autre")
    desk.json("staff", "add", "a@x.example", "--role", "approver", "--programme", "essai")
    desk.json("staff", "add", "b@x.example", "--role", "approver", "--programme", "autre")
    who = "a@x.example" if case == "closed" else "b@x.example"
    if case == "closed":
        here = open_installation(settings.load({"JEKULU_DATA": str(desk.folder / "data")}))
        with here.db.write() as session:
            staff.by_email(session, who).active = False
        here.close()
    done = desk.run("campaign", "approve", "mains", "--as", who)
    assert (done.exit_code, "is closed" in done.output or "not of this programme" in done.output) == (1, True)
    state = next(row["state"] for row in desk.json("campaign", "list") if row["campaign"] == "mains")
    assert state == "draft"
