"""The second factor: what leads in and what does not, recovery codes, one lock for wrong passwords and wrong codes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import pytest
import sqlalchemy as sa
import time_machine
from argon2 import PasswordHasher

from messaging import credentials, staff, totp
from messaging.clock import utc_now
from messaging.models import Audit, Role, StaffRole
from tests.campaigns.admin.conftest import ORIGIN, PASSWORD, Browser, account, token
from tests.world import World

Browse = Callable[[str], Browser]
CODE_PAGE = "Code de l'application"

# What a person does, and where that leads: the door, the page that asks for the code, or in.
CONVERSATIONS = {
    "right": "right password → code; code now → in",
    "without javascript nobody gets past the code page": "right password → code; nothing → code",
    "wrong password": "wrong password → door; code now → door",
    "no code without password": "code now → door",
    "wrong code": "right password → code; wrong code → code; code now → in",
    "clock half a minute slow": "right password → code; code -1 → in",
    "clock half a minute fast": "right password → code; code +1 → in",
    "clock a minute slow": "right password → code; code -2 → code",
    "code used twice": "right password → code; code now → in; leave → door; right password → code; code now → code",
    "code used twice, then the next": "right password → code; code now → in; leave → door; right password → code;"
    "code now → code; wait 30 → code; code now → in",
    "older code after a newer one": "right password → code; code +1 → in; leave → door; right password → code;"
    "code now → code",
    "recovery code": "right password → code; recovery 1 → in",
    "recovery code twice": "right password → code; recovery 1 → in; leave → door; right password → code;"
    "recovery 1 → code; recovery 2 → in",
    "locked after wrong passwords": "8 × wrong password → door; right password → door; wait 899 → door;"
    "right password → door; wait 2 → door; right password → code; code now → in",
    "locked after wrong codes": "right password → code; 8 × wrong code → code; code now → code; recovery 1 → code;"
    "leave → door; right password → door; wait 901 → door; right password → code; code now → in",
    "wrong passwords and wrong codes count together": "5 × wrong password → door; right password → code;"
    "3 × wrong code → code; code now → code",
    "right password forgets no wrong codes": "right password → code; 4 × wrong code → code; right password → code;"
    "4 × wrong code → code; code now → code",
    "seven wrong tries lock nothing": "right password → code; 7 × wrong code → code; code now → in",
    "unlocked by reset": "8 × wrong password → door; reset → door; right password → code; code now → in",
    "reset takes the old second factor": "right password → code; old code → code; reset → door;"
    "right password → code; old code → code; code now → in",
    "the code page does not stay open": "right password → code; wait 901 → door; code now → door",
    "closed between password and code": "right password → code; close → door; code now → door",
}


@dataclass
class Person:
    """Somebody with an officer's account and an authenticator before a browser."""

    world: World
    browser: Browser
    access: staff.Access
    clock: time_machine.Traveller
    email: str = "oumou@essai.example"
    recovery: list[str] = field(default_factory=list)
    old: str = ""

    def does(self, act: str) -> None:
        """One act of a conversation."""
        match act.split():
            case ["right", "password"]:
                self.send("/admin/login", email=self.email, password=self.access.password)
            case ["wrong", "password"]:
                self.send("/admin/login", email=self.email, password="faux")
            case ["wrong", "code"]:
                self.type("000000" if self.code() != "000000" else "111111")
            case ["old", "code"]:
                self.type(totp.code(self.old or "A" * 32, totp.step_at(utc_now())))
            case ["code", when]:
                self.type(self.code(0 if when == "now" else int(when)))
            case ["recovery", number]:
                self.type(self.recovery[int(number)])
            case ["wait", seconds]:
                self.clock.shift(int(seconds))
            case ["nothing"]:
                pass
            case ["leave"]:
                self.browser.client.delete_cookie("jekulu", domain="sms.example.org")
            case ["reset"]:
                with self.world.db.write() as session:
                    self.old, self.access = self.access.second_factor or "", staff.reset(session, self.email, utc_now())
            case ["close"]:
                with self.world.db.write() as session:
                    staff.close(session, staff.by_email(session, self.email), utc_now(), 0)
            case _:
                raise AssertionError(act)

    def where(self) -> str:
        """Where the browser stands now."""
        if self.browser.get("/admin/").status_code == 200:
            return "in"
        return "code" if CODE_PAGE in self.browser.read("/admin/second-factor") else "door"

    def code(self, later: int = 0) -> str:
        """What the authenticator shows, some half minutes later."""
        return totp.code(self.access.second_factor or "", totp.step_at(utc_now()) + later)

    def type(self, code: str) -> None:
        """Send a code, from whatever page is there."""
        self.send("/admin/second-factor", code=code)

    def send(self, path: str, **form: str) -> None:
        """Send a form of the door with the token that its page has now."""
        page = self.browser.client.get(path, base_url=ORIGIN, follow_redirects=True).text
        data = {"csrf_token": token(page), **form}
        self.browser.client.post(path, base_url=ORIGIN, data=data, headers={"Referer": f"{ORIGIN}{path}"})


@pytest.fixture
def oumou(browse: Browse, office: World, monkeypatch: pytest.MonkeyPatch) -> Iterator[Person]:
    """An officer at the door, with her authenticator and recovery codes; the clock stands still."""
    monkeypatch.setattr(credentials, "HASHER", PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))
    with time_machine.travel(utc_now(), tick=False) as clock:
        with office.db.write() as session:
            access = staff.add(session, "oumou@essai.example", [(Role.OFFICER, "")], utc_now(), programmes=["essai"])
            person = staff.by_email(session, access.email)
            codes = credentials.new_recovery_codes(session, person, utc_now())
        yield Person(office, browse(""), access, clock, recovery=codes)


@pytest.mark.parametrize("label", CONVERSATIONS)
def test_conversation_with_the_door(oumou: Person, label: str) -> None:
    for line in CONVERSATIONS[label].split(";"):
        act, _arrow, place = (part.strip() for part in line.partition("→"))
        count, _times, act = act.rpartition("×")
        for _ in range(int(count or 1)):
            oumou.does(act.strip())
        assert oumou.where() == place, line


def test_log_says_who_came_in_and_how(oumou: Person) -> None:
    for act in ("right password", "wrong code", "recovery 0", "leave", *["wrong password"] * 8):
        oumou.does(act)
    with oumou.world.db.read() as session:
        ident = staff.by_email(session, oumou.email).id
        query = sa.select(Audit).where(Audit.object == "staff", Audit.object_id == str(ident)).order_by(Audit.id)
        lines = [(row.actor, row.action, row.after) for row in session.scalars(query)]
    assert lines[2:] == [
        (f"staff:{ident}", "recovery_code_used", {"left": 7}),
        (f"staff:{ident}", "signed_in", None),
        (f"staff:{ident}", "locked", None),
    ]


def test_signing_in_takes_a_new_session(oumou: Person) -> None:
    browser = oumou.browser
    before = token(browser.get("/admin/login?lang=en").text)
    with browser.client.session_transaction(base_url=ORIGIN) as session:
        session["planted"] = "by somebody else"
    oumou.does("right password")
    oumou.does("code now")
    assert token(browser.get("/admin/settings").text) != before
    with browser.client.session_transaction(base_url=ORIGIN) as session:
        assert "planted" not in session
        assert "awaited" not in session
        assert session["language"] == "en"  # chosen at the door


@pytest.mark.parametrize("next_page", ["/admin/essai/people", "https://ailleurs.example/"])
def test_code_page_leads_where_one_wanted_to_go_and_never_elsewhere(oumou: Person, next_page: str) -> None:
    oumou.does("right password")
    page = oumou.browser.get("/admin/second-factor").text
    answer = oumou.browser.client.post(
        "/admin/second-factor", base_url=ORIGIN, headers={"Referer": ORIGIN},
        data={"csrf_token": token(page), "code": oumou.code(), "next": next_page},
    )  # fmt: skip
    assert answer.headers["Location"] == (next_page if next_page.startswith("/") else "/admin/")


def test_role_gained_later_leads_to_the_second_factor_before_anything_else(browse: Browse, office: World) -> None:
    who = account(office, "editor")
    browser = browse("editor")
    assert browser.get("/admin/").status_code == 200
    with office.db.write() as session:
        session.add(StaffRole(staff_id=who.id, role=Role.OFFICER))
    setting_up = "/admin/settings/second-factor"
    for path in ("/admin/", "/admin/settings", "/admin/essai/people", "/simulator/"):
        assert browser.get(path).headers["Location"] == setting_up
    assert browser.post("/admin/settings", setting_up, language="en").headers["Location"] == setting_up
    page = browser.get(setting_up).text
    secret = "".join(page.split('<code class="key">')[1].split("</code>")[0].split())
    fresh = page.split('name="fresh" value="')[1].split('"')[0]
    wrong = browser.post(setting_up, setting_up, fresh=fresh, code="000000")
    assert wrong.status_code == 400
    assert fresh in wrong.text  # the same key: the telephone has read it already
    done = browser.post(setting_up, setting_up, fresh=fresh, code=totp.code(secret, totp.step_at(utc_now())))
    assert done.text.count("<li><code>") == credentials.RECOVERY_CODES
    assert browser.get("/admin/").status_code == 200
    browser.post("/admin/logout")
    assert browser.sign_in("editor").headers["Location"] == "/admin/second-factor"


def test_forged_key_for_the_second_factor_is_not_taken(editor: Browser, office: World) -> None:
    answer = editor.post("/admin/settings/second-factor", fresh="00" * 60, code="000000", password=PASSWORD)
    assert answer.status_code == 303
    with office.db.read() as session:
        assert staff.by_email(session, "editor@essai.example").tf_totp_secret is None


def test_recovery_codes_are_made_by_who_proves_to_be_there(oumou: Person) -> None:
    oumou.does("right password")
    oumou.does("code now")
    make = "/admin/settings/recovery-codes"
    for proof, status in (("faux", 400), (oumou.code(), 400), (oumou.code(1), 200), (oumou.access.password, 200)):
        answer = oumou.browser.post(make, password=proof)
        assert (answer.status_code, answer.text.count("<li><code>")) == (status, 8 if status == 200 else 0), proof
