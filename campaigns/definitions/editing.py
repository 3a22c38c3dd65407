"""The editor's rules R01 to R17 for the texts of a definition, as far as they can be told from it; knows no database.

What needs a clock (how old the check of the facts is) or people (a fact that changed, who approves) is asked elsewhere.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from campaigns.definitions import slots, wording
from campaigns.definitions.model import Audience, Definition, Step, Text, When, merge
from campaigns.definitions.problems import Finding, Path, hint
from campaigns.library.facts import Fact, figures, load
from messaging import fold, letters

HEALTH = ("nutrition", "iycf", "hygiene")
SAYING = ("message", "question")
WIRE = ("sms", "club", "right", "wrong", "options")  # what goes to a phone as it stands
REPLY = ("right", "wrong")
# Who stands at the beginning of a French text by age; other languages are judged by their reviewer.
PERSON = re.compile(r"\d|bebe|enfant|nouveau ne|naissance|petit|mere|maman|famille|parents")
PERSON_WITHIN = 30  # letters
MONTH_DAYS = 31
DAYS_A_MONTH = 30.4
STOP = re.compile(r"\bSTOP\b")
LEVEL_NAMES = {
    "rule": ("une règle pour l'éditeur", "a rule for the editor"),
    "background": ("un contexte", "background"),
}


@dataclass(frozen=True, slots=True)
class View:
    """What a rule about one step looks at."""

    step: Step
    topic: str
    audience: Audience
    own: tuple[str, ...]
    facts: dict[str, Fact]


Rule = Callable[[View], Iterable[Finding]]


def check(definition: Definition, own: Iterable[str] = ()) -> list[Finding]:
    """Every finding of content in a definition, with paths from the file's start; `own` adds names no SMS may say."""
    names = (*own, definition.agency or "")
    found = list(of_campaign(definition))
    for index, step in enumerate(definition.steps):
        part = of_step(step, definition.topic, definition.audience, names)
        found += [Finding(("steps", index, *one.path), one.key, one.values) for one in part]
    return found


def of_step(step: Step, topic: str, whole: Audience, own: Iterable[str] = ()) -> list[Finding]:
    """Every finding of content in one step; the paths start at the step. A stored step given its texts will do.

    Source: the editing rules checked by the product, R01 to R16, and the words that are never in an SMS; R17, what an
    answer costs, by the page on safeguarding.
    """
    view = View(step, topic, merge(whole, step.audience), tuple(own), load())
    return [finding for rule in RULES for finding in rule(view)]


def of_campaign(definition: Definition) -> Iterator[Finding]:
    """R15: among the steps that reach members, STOP is said at least once in 31 days; R17: an answer has a price."""
    yield from _priced(definition)
    for steps in _timelines(definition):
        told = [day for day, step in steps if _says_stop(step)]
        lost = [step.step for day, step in steps if not any(abs(day - other) <= MONTH_DAYS for other in told)]
        if lost and not _is_told_again_and_again(definition):
            yield Finding(("steps",), "R15", {"steps": ", ".join(lost)})


def first_questions(definition: Definition) -> list[Step]:
    """Every question that may be the first a person gets: the earliest by enrolment, and all by other triggers."""
    asked = [step for step in definition.steps if step.kind == "question"]
    counted = [step for step in asked if step.when.after_enrolment is not None]
    first = min(counted, key=lambda step: step.when.after_enrolment or 0, default=None)
    return [step for step in asked if step not in counted or step is first]


def _priced(definition: Definition) -> Iterator[Finding]:
    """R17: the first question says what an answer costs its sender."""
    for step in first_questions(definition):
        silent = [code for code, text in step.texts.items() if slots.ANSWER_COST not in slots.names(text.sms)]
        if silent:
            path = ("steps", definition.steps.index(step), "texts", silent[0], "sms")
            yield Finding(path, "R17", {"languages": ", ".join(silent)})


def _one_act(view: View) -> Iterator[Finding]:
    if view.step.kind == "message" and not view.step.one_act:
        yield Finding(("one_act",), "R01", {})


def _age_first(view: View) -> Iterator[Finding]:
    text = view.step.texts.get("fr")
    if text and view.step.when.trigger == "child_month":
        start = fold.plain(text.sms)[:PERSON_WITHIN].replace("-", " ")
        if not PERSON.search(start.partition(":")[0]):
            yield Finding(("texts", "fr", "sms"), "R02", {})


def _size(view: View) -> Iterator[Finding]:
    for path, text, words in _wire(view.step):
        size = letters.measure(slots.stretched(words))
        if size.encoding != "GSM-7" and not text.unicode:
            dear = ", ".join(dict.fromkeys(f"{one.char} ({one.code})" for one in letters.dear(words)))
            yield Finding(path, "R04", {"letters": dear})
        elif size.segments > 1:
            yield _long(path, size)


def _long(path: Path, size: letters.Size) -> Finding:
    values = {"units": size.units, "encoding": size.encoding, "segments": size.segments}
    if path[2] in REPLY:
        return Finding(path, "R03.reply", values)
    over = size.units - letters.ALONE[size.encoding]
    fr, en = f"Enlevez {over} signes pour n'en payer qu'un.", f"Take {over} out to pay for one."
    return Finding(path, "R03", {**values, "over_fr": fr, "over_en": en})


def _facts(view: View) -> Iterator[Finding]:
    step = view.step
    if view.topic in HEALTH and step.kind in SAYING and not step.facts:
        yield Finding(("facts",), "R05.none", {})
    for index, name in enumerate(step.facts):
        yield from _fact(view, name, ("facts", index))
    if step.facts and step.facts_checked is None:
        yield Finding(("facts_checked",), "R06", {})


def _fact(view: View, name: str, path: Path) -> Iterator[Finding]:
    fact = view.facts.get(name)
    if fact is None:
        yield Finding(path, "R05.unknown", {"fact": name, **hint(name, view.facts)})
        return
    if fact.level == "C":
        yield Finding(path, "R05.c", {"fact": name})
    if fact.level == "B" and not view.step.national_text:
        yield Finding(path, "R05.b", {"fact": name})
    if fact.level == "B" and view.step.kind == "question":
        yield Finding(path, "R14.fact", {"fact": name, "level": fact.level})
    if fact.level in LEVEL_NAMES:
        fr, en = LEVEL_NAMES[fact.level]
        yield Finding(path, "R05.rule", {"fact": name, "level_fr": fr, "level_en": en})


def _figures(view: View) -> Iterator[Finding]:
    cited = [view.facts[name] for name in view.step.facts if name in view.facts]
    if not cited:
        return
    known = frozenset().union(*(fact.figures for fact in cited)) | _age_figures(view.step.when)
    for path, text, words in _pieces(view.step):
        if path[2] == "options":
            continue
        # Read aloud, the options are counted in words: one, two, three.
        counted = {str(number) for number in text.options or ()} if path[2] == "read_aloud" else set()
        lost = figures(_without_options(slots.without(words), text)) - known - counted
        if lost:
            values = {"figures": ", ".join(sorted(lost)), "facts": ", ".join(view.step.facts)}
            yield Finding(path, "R07", values)


def _age_figures(when: When) -> frozenset[str]:
    """The age that makes the step due may be said, in months and, for whole years, in years."""
    month = when.child_month
    if month is None:
        return frozenset()
    years = {str(month // 12)} if month % 12 == 0 else set()
    return frozenset({str(month), *years})


def _wordings(view: View) -> Iterator[Finding]:
    step = view.step
    for path, _, words in _pieces(step):
        said = slots.without(words)
        may = {"market": view.topic == "market", "pregnancy": _may_say_pregnancy(step, path)}
        hits = (
            *wording.words(said, view.own, **may),
            *wording.doses(said, step.facts),
            *wording.recipes(said),
            *wording.requests(said),
        )
        yield from (Finding(path, key, values) for key, values in hits)


def _forms(view: View) -> Iterator[Finding]:
    for path, text, words in _wire(view.step):
        said = _without_options(slots.without(words), text) if path[2] == "sms" else slots.without(words)
        yield from (Finding(path, key, values) for key, values in wording.forms(said))


def _may_say_pregnancy(step: Step, path: Path) -> bool:
    """The family's wording, and what is read aloud to all, may say it of nobody in particular."""
    return step.personal == "pregnancy" or path[2] in ("club", "read_aloud")


def _choices(view: View) -> Iterator[Finding]:
    question = view.step.question
    if view.step.kind != "question" or question is None:
        return
    unsaid = {1: "", 2: ""} if question.type == "yesno" else {}
    for language, text in view.step.texts.items():
        plain = fold.plain(text.sms)
        for number, option in (text.options or unsaid).items():
            if not re.search(rf"\b{number} {re.escape(fold.plain(option)) or '[a-z]'}", plain):
                values = {"option": option or number, "printed": f"{number} {option or '…'}"}
                yield Finding(("texts", language, "sms"), "R12.choices", values)


def _read_aloud(view: View) -> Iterator[Finding]:
    for language, text in view.step.texts.items():
        if not text.read_aloud:
            yield Finding(("texts", language, "read_aloud"), "R13", {})


def _pieces(step: Step) -> Iterator[tuple[Path, Text, str]]:
    for language, text in step.texts.items():
        for field, words in text.pieces():
            yield ("texts", language, *field), text, words


def _wire(step: Step) -> Iterator[tuple[Path, Text, str]]:
    return (piece for piece in _pieces(step) if piece[0][2] in WIRE)


def _without_options(words: str, text: Text) -> str:
    """The words without the options printed in them: a wrong answer may hold any figure."""
    for number, option in (text.options or {}).items():
        words = words.replace(f"{number} {option}", " ")
    return words


def _timelines(definition: Definition) -> Iterator[list[tuple[float, Step]]]:
    """The steps that reach members by day, one line for each way of counting days."""
    counted: dict[str, list[tuple[float, Step]]] = {"date": [], "after_enrolment": [], "child_month": []}
    for step in definition.steps:
        when = step.when
        if not _reaches_members(definition, step):
            continue
        if when.date:
            counted["date"].append((when.date.toordinal(), step))
        elif when.after_enrolment is not None:
            counted["after_enrolment"].append((when.after_enrolment, step))
        elif when.child_month is not None:
            counted["child_month"].append((when.child_month * DAYS_A_MONTH, step))
        else:
            yield [(0, step)]
    yield from counted.values()


def _is_told_again_and_again(definition: Definition) -> bool:
    """Whether a step that comes back all the time (weekly, a cycle, a market, an airing) says STOP to members."""
    return any(
        step.when.trigger in ("weekly", "every_days", "market", "before_airing", "after_airing")
        and _reaches_members(definition, step)
        and _says_stop(step)
        for step in definition.steps
    )


def _reaches_members(definition: Definition, step: Step) -> bool:
    return step.send_as != "service" and definition.audience_of(step).role == "member"


def _says_stop(step: Step) -> bool:
    return bool(step.texts) and all(STOP.search(text.sms) for text in step.texts.values())


RULES: tuple[Rule, ...] = (_one_act, _age_first, _size, _facts, _figures, _wordings, _forms, _choices, _read_aloud)
