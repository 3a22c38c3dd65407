"""What stands in the braces of a reply: the sender's own line, filled in; pure, knows no table.

Each value is in GSM-7 whatever was typed. A list or a name may be cut so that the reply is one SMS; a number never is.
Nothing that somebody typed freely goes back, no name of a person and no money of anybody.

Source: the page on incoming SMS, 9.5 and 10.2; the safeguarding rules, 5.2.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from campaigns.conversation.grammar.reading import Reading
from messaging import figures, languages, letters
from messaging.profile import sms_value

UNKNOWN = ".."  # stands where a number must still be written
NO_CODE = "...."
NO_COUNTS = "F.. H.."
LISTED = 8  # codes in a list; then `etc`
NAMES = ("club", "lang", "service", "village")  # braces that hold one
NAME = 20  # letters of a village, a commune, a language
TOO_BIG = 10**9  # no count and no price is
KEYWORDS = {
    "attendance": "PRES", "listening": "ECOUTE", "visit": "VISITE", "hands": "MAINS", "decision": "DECISION",
    "price": "PRIX", "rainfall": "PLUIE", "fund_balance": "CAISSE", "nursery": "PEPINIERE", "pest": "RAVAGEUR",
    "radio_log": "RAD",
}  # fmt: skip
FILLED = {"hands": "Q3 1=12 2=5", "decision": "..."}  # what follows the code in an example; of a report the counts
COUNTS = (
    ("E", "episode"), ("S", "session"), ("F", "women"), ("H", "men"), ("JF", "girls"), ("JG", "boys"), ("T", "total"),
    ("FE", "pregnant"), ("FA", "lactating"),
)  # fmt: skip
ALL = tuple(key for _, key in COUNTS)
SEXES = ("women", "men", "girls", "boys")  # what a total is the sum of


@dataclass(frozen=True)
class Cut:
    """A value that may lose parts at its end: codes of a list, letters of a name."""

    parts: tuple[str, ...]
    joint: str = ", "
    end: str = "etc"
    whole: bool = True

    def __str__(self) -> str:
        """The parts as they stand in the SMS."""
        return self.joint.join(self.parts if self.whole else (*self.parts, self.end))

    @property
    def shorter(self) -> Cut | None:
        """The same without its last part; None when only one is left."""
        return Cut(self.parts[:-1], self.joint, self.end, whole=False) if len(self.parts) > 1 else None


Value = str | Cut


@dataclass(frozen=True)
class Said:
    """All that a reply may be filled from: what was read, who wrote, on what day."""

    reading: Reading  # the one that decided the reply
    today: date
    language: str = "fr"  # that the reply is in
    own: tuple[str, ...] = ()  # codes that the sender may report for
    readings: tuple[Reading, ...] = ()
    questions: Sequence[Mapping[str, Any]] = ()  # of the open quiz
    service: str = ""
    case: str = ""
    cost: str = ""

    @property
    def fields(self) -> Mapping[str, Any]:
        """What was read."""
        return self.reading.fields


def fill(names: Iterable[str], said: Said, given: Mapping[str, str] | None = None) -> dict[str, Value]:
    """The values of these braces; `given` ones, by a handler, come first.

    Raises:
        KeyError: there is no such brace.
    """
    own = given or {}
    return {brace: _as_given(brace, own[brace]) if brace in own else SLOTS[brace](said) for brace in names}


def _as_given(brace: str, value: str) -> Value:
    """A handler's value: a name, a list with commas, else what is never cut."""
    if brace in NAMES:
        return name(value)
    parts = [plain(part) for part in value.split(", ")]
    is_whole = len(parts) == 1 or parts[-1] != "etc"
    return Cut(tuple(parts if is_whole else parts[:-1]), whole=is_whole) if len(parts) > 1 else parts[0]


def plain(value: str) -> str:
    """A value in GSM-7 on one line: the letters that cost are spelt without, what no table knows is left out."""
    spelt = sms_value(" ".join(str(value).split()))
    known = (char if letters.is_gsm7(char) else _bare(char) for char in spelt)
    return "".join(known) or UNKNOWN


def name(value: str, most: int = 40) -> Cut:
    """A name, which may lose letters at its end."""
    return Cut(tuple(plain(value)[:most].strip()), joint="", end=".")


def listed(values: Iterable[Any], joint: str = ", ") -> Cut:
    """At most eight values, then `etc`."""
    parts = tuple(plain(str(value)) for value in values)
    return Cut(parts[:LISTED] or (NO_CODE,), joint, whole=len(parts) <= LISTED)


def counts(fields: Mapping[str, Any], *which: str) -> str:
    """`E12 F12 H8 T20`: what was counted, in the order of the card; empty when nothing was."""
    wanted = which or ALL
    return " ".join(f"{label}{fields[key]}" for label, key in COUNTS if key in wanted and fields.get(key) is not None)


def code(said: Said) -> str:
    """The club that was read, else the sender's own."""
    return str(said.fields.get("club") or _own(said))


def day(said: Said) -> str:
    """`12/03`; the day that was read, else today."""
    return _short(said.fields.get("date"), said.today)


def ref(said: Said) -> str:
    """The code and, when it is not today, the day: what a corrected line must begin with."""
    shown, here = day(said), figures.day(said.today)
    return code(said) if shown == here else f"{code(said)} {shown}"


def reports(readings: Iterable[Reading], today: date) -> Cut:
    """`1041 02/03 03/03, 1055 03/03`: reports by club and day, as many as fit."""
    days: dict[str, list[str]] = {}
    for reading in sorted(readings, key=lambda reading: str(reading.fields.get("date") or "")):
        days.setdefault(_head(reading), []).append(_mark(reading, today))
    parts: list[str] = []
    for head, marks in days.items():
        first, *others = dict.fromkeys(marks)
        run = [f"{head} {first}".strip(), *others]
        parts += [*run[:-1], f"{run[-1]},"]
    return Cut((*parts[:-1], parts[-1].rstrip(",")) if parts else (UNKNOWN,), joint=" ")


def _head(reading: Reading) -> str:
    """Whose report it is: its club, after the keyword when that is not PRES."""
    keyword, fields = KEYWORDS.get(reading.intent, ""), reading.fields
    written = fields.get("club") or fields.get("code_given") or ""
    return f"{'' if keyword == 'PRES' else keyword} {written}".strip() or NO_CODE


def _mark(reading: Reading, today: date) -> str:
    """What tells it from others of the club: its day, or the counts when no day was read."""
    return _short(reading.fields["date"], today) if reading.fields.get("date") else counts(reading.fields)


def _report(reading: Reading, today: date) -> str:
    fields = reading.fields
    return f"{_head(reading)} {_mark(reading, today)} {counts(fields) if fields.get('date') else ''}".strip()


def _short(when: Any, today: date) -> str:
    try:
        found = when if isinstance(when, date) else date.fromisoformat(str(when))
    except ValueError:
        found = today
    return figures.day(found, today)


def _bare(char: str) -> str:
    return "".join(part for part in unicodedata.normalize("NFKD", char) if letters.is_gsm7(part))


def _number(value: Any) -> str:
    """A number as an SMS writes it; a run of digits that can be no count and no price is left open."""
    return figures.number(value) if isinstance(value, int | float) and abs(value) < TOO_BIG else UNKNOWN


def _field(key: str, missing: str = UNKNOWN) -> Callable[[Said], Value]:
    return lambda said: missing if said.fields.get(key) is None else _number(said.fields[key])


def _own(said: Said) -> str:
    return said.own[0] if said.own else NO_CODE


def _before(said: Said) -> str:
    return counts(said.fields.get("replaces") or {}) or NO_COUNTS


def _addends(said: Said) -> str:
    return "+".join(str(said.fields[key]) for key in SEXES if said.fields.get(key) is not None) or UNKNOWN


def _sum(said: Said) -> str:
    hands = said.fields.get("counts")
    return _number(sum(hands.values())) if hands else str(_field("total_computed")(said))


def _pairs(said: Said) -> Value:
    hands = said.fields.get("counts") or {}
    return Cut(tuple(f"{option}={count}" for option, count in hands.items()) or (UNKNOWN,), joint=" ")


def _given(said: Said) -> str:
    """The code or the total that was typed."""
    return plain(str(said.fields.get("code_given") or said.fields.get("total_given") or UNKNOWN))[:4]


def _suggest(said: Said) -> Value:
    """Codes that are meant perhaps; the sender's own ones when none is near."""
    return listed(said.fields.get("suggest") or said.own, _or(said))


def _clubs(said: Said) -> Value:
    return listed(said.fields.get("clubs") or said.own)


def _club(said: Said) -> Value:
    """Whose messages one agrees to: the club's code, or the village that was named."""
    return name(str(said.fields.get("club") or said.fields.get("village") or NO_CODE), NAME)


def _items(key: str) -> Callable[[Said], Value]:
    def shown(said: Said) -> Value:
        items = said.fields.get(key) or {}
        return listed(f"{plain(what)} {_number(many)}" for what, many in items.items())

    return shown


def _communes(said: Said) -> Value:
    return listed(str(place)[:NAME] for place in said.fields.get("communes") or ())


def _options(said: Said) -> Value:
    """What may be answered: `1, 2 ou 3`; a filled line when several questions are open."""
    asked = said.fields.get("question")
    shown = [one for one in said.questions if asked in (None, one.get("n"))]
    if len(shown) == 1:
        *others, last = _choices(shown[0])
        return _or(said).join([", ".join(others), last]) if others else last
    return Cut(tuple(f"Q{one['n']} {_choices(one)[min(place + 1, len(_choices(one)) - 1)]}"
               for place, one in enumerate(shown)) or ("1",), joint=" ")  # fmt: skip


def _choices(question: Mapping[str, Any]) -> list[str]:
    if question.get("type") == "number":
        return [f"{question.get('min')}-{question.get('max')}"]
    return [str(option) for option in question.get("options") or ("1", "2")]


def _open_questions(said: Said) -> Value:
    answered = said.fields.get("answers") or {}
    return listed(f"Q{one['n']}" for one in said.questions if str(one["n"]) not in answered)


def _limit(key: str) -> Callable[[Said], Value]:
    def shown(said: Said) -> Value:
        asked = [one for one in said.questions if one.get("type") == "number"]
        return _number(asked[0].get(key)) if asked else UNKNOWN

    return shown


def _language(said: Said) -> Value:
    code = str(said.fields.get("lang") or said.language)
    known = {row["code"]: row["name_fr"] for row in languages.shipped()}
    return name(known.get(code, code), NAME)


def _or(said: Said) -> str:
    return " ou " if said.language == "fr" else ", "


SLOTS: Mapping[str, Callable[[Said], Value]] = {
    "addends": _addends,
    "again": lambda said: reports((one for one in said.readings if one.status != "ok"), said.today),
    "age": lambda said: UNKNOWN,
    "before": _before,
    "case": lambda said: said.case,
    "club": _club,
    "clubs": _clubs,
    "code": code,
    "communes": _communes,
    "cost": lambda said: said.cost,
    "counts": lambda said: counts(said.fields) or ("aucun" if said.language == "fr" else UNKNOWN),
    "day": day,
    "days": lambda said: "14",
    "e": _field("episode"),
    "f": _field("women"),
    "filled": lambda said: FILLED.get(said.reading.intent, "F12 H8 T20"),
    "given": _given,
    "keyword": lambda said: KEYWORDS.get(said.reading.intent, "PRES"),
    "lang": _language,
    "lines": lambda said: Cut(tuple(_report(one, said.today) for one in said.readings) or (UNKNOWN,), joint="; "),
    "max": _limit("max"),
    "min": _limit("min"),
    "mm": _field("mm"),
    "n": _field("question", "3"),
    "names": lambda said: listed(row["name_fr"] for row in languages.shipped()[:3]),
    "number": _field("number"),
    "options": _options,
    "own": _own,
    "pairs": _pairs,
    "parts": lambda said: counts(said.fields, *SEXES) or NO_COUNTS,
    "people": lambda said: UNKNOWN,
    "plants": _items("plants"),
    "present": _field("present"),
    "prices": _items("prices"),
    "questions": _open_questions,
    "ref": ref,
    "reports": lambda said: reports((one for one in said.readings if one.status == "ok"), said.today),
    "service": lambda said: name(said.service),
    "sex": lambda said: UNKNOWN,
    "suggest": _suggest,
    "sum": _sum,
    "t": _field("total"),
    "taken": lambda said: str(sum(one.status == "ok" for one in said.readings)),
    "today": lambda said: figures.day(said.today),
    "v": _field("value"),
    "village": lambda said: name(str(said.fields.get("village") or NO_CODE), NAME),
}
