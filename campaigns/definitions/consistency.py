"""Rules between the fields of a sound definition: one question block for a question, a club text for a personal step.

Knows nothing of what the texts say; `editing` reads them. Every rule gives findings, so that all are seen at once.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from campaigns.definitions import questions, slots
from campaigns.definitions.model import OF_MEMBERS, ONLY_OF, Audience, Definition, Step, merge
from campaigns.definitions.problems import Finding, Path, hint
from campaigns.definitions.slots import Slot

# dgo is a language of India; dog, dgs and dos are no Dogon variety either. Fallback among varieties is never implied.
NOT_MALI = ("dgo", "dog", "dgs", "dos")
STAGE_NEEDS = {"pregnant": "pregnancy", "lactating": "child_age", "caregiver": "child_age"}

Rule = Callable[[Step, Audience], Iterable[Finding]]


def of_campaign(definition: Definition) -> Iterator[Finding]:
    """Findings about the campaign as a whole, codes apart; the paths start at the file."""
    yield from _dates(definition)
    yield from _members_only(definition.audience, ("audience",), definition.audience.role or "member")
    yield from _languages(definition.audience, ("audience",))
    yield from _waves(definition)


def of_step(step: Step, whole: Audience) -> Iterator[Finding]:
    """Findings about one step, given the campaign's audience; the paths start at the step."""
    audience = merge(whole, step.audience)
    yield from of_slots(step)
    for rule in RULES:
        yield from rule(step, audience)


def of_codes(codes: Iterable[str | None]) -> Iterator[Finding]:
    """Step codes that stand twice, given all codes in the order of the file; a missing one is None."""
    seen: set[str] = set()
    for index, code in enumerate(codes):
        if code in seen:
            yield Finding(("steps", index, "step"), "step_twice", {"code": code})
        seen |= {code} if code else set()


def of_slots(step: Step) -> Iterator[Finding]:
    """Slots that do not exist, and braces that hold none; asks nothing but the texts. Paths start at the step."""
    for language, text in step.texts.items():
        for field, words in text.pieces():
            path = ("texts", language, *field)
            for name in dict.fromkeys(slots.names(words)):
                if name not in slots.SLOTS:
                    known = ", ".join(slots.SLOTS)
                    yield Finding(path, "slot_unknown", {"slot": name, "known": known, **hint(name, slots.SLOTS)})
            if slots.has_loose_brace(words):
                yield Finding(path, "slot_brace", {})


def _dates(definition: Definition) -> Iterator[Finding]:
    starts, ends = definition.starts, definition.ends
    if starts and ends and ends < starts:
        yield Finding(("ends",), "ends_before", {"starts": starts, "ends": ends})
    for index, step in enumerate(definition.steps):
        day = step.when.date
        if day and ((starts and day < starts) or (ends and day > ends)):
            yield Finding(("steps", index, "when", "date"), "date_outside", {"date": day})


def _waves(definition: Definition) -> Iterator[Finding]:
    """Questions of one code are compared: asked in different waves, in the same words, with the same right answers."""
    asked: dict[str, list[Step]] = {}
    for index, step in enumerate(definition.steps):
        if step.question is None:
            continue
        before = asked.setdefault(step.question.code or step.step, [])
        path: Path = ("steps", index, "question", "code")
        for other in before:
            said = {"code": step.question.code or step.step, "step": step.step, "other": other.step}
            if other.question and other.question.wave == step.question.wave:
                yield Finding(path, "question_wave", {**said, "wave": step.question.wave})
            elif field := next(_unlike(other, step), None):
                yield Finding(path, "question_words", {**said, "field": field})
        before.append(step)


def _unlike(one: Step, other: Step) -> Iterator[str]:
    """The fields in which two questions ask differently."""
    assert one.question
    assert other.question
    for name in ("type", "poll", "correct", "min", "max", "unit"):
        if getattr(one.question, name) != getattr(other.question, name):
            yield name
    for language in one.texts.keys() & other.texts.keys():
        for name in ("sms", "options"):
            if getattr(one.texts[language], name) != getattr(other.texts[language], name):
                yield f"texts/{language}/{name}"


def _members_only(audience: Audience, path: Path, role: str) -> Iterator[Finding]:
    if role != "member":
        for name in OF_MEMBERS:
            if getattr(audience, name) is not None:
                yield Finding((*path, name), "members_only", {"name": name, "role": role})
    if audience.only is not None and role not in ONLY_OF[audience.only]:
        expected = ", ".join(ONLY_OF[audience.only])
        yield Finding((*path, "only"), "only_role", {"given": audience.only, "role": role, "expected": expected})


def _languages(audience: Audience, path: Path) -> Iterator[Finding]:
    for index, code in enumerate(audience.languages or ()):
        if code in NOT_MALI:
            yield Finding((*path, "languages", index), "dogon", {"given": code})


def _who(step: Step, audience: Audience) -> Iterator[Finding]:
    if step.audience:
        yield from _members_only(step.audience, ("audience",), audience.role or "member")
        yield from _languages(step.audience, ("audience",))
    if step.send_as == "service" and audience.role == "member":
        yield Finding(("send_as",), "service_member", {})
    if step.send_as == "alert" and "warning" not in step.tags:
        yield Finding(("tags",), "alert_tag", {})


def _when(step: Step, audience: Audience) -> Iterator[Finding]:
    when = step.when
    if when.trigger == "every_days":
        if when.anchor is None:
            yield Finding(("when", "from"), "from_missing", {})
    else:
        for name, value in (("from", when.anchor), ("offset", when.offset)):
            if value:
                yield Finding(("when", name), "cycle_only", {"name": name})
    if when.series and not when.of_airing:
        yield Finding(("when", "series"), "series_only", {})
    if when.after_enrolment is not None and audience.role != "member":
        yield Finding(("when", "after_enrolment"), "enrolled_only", {"role": audience.role})
    if step.hour is None and not when.of_airing:
        yield Finding(("hour",), "hour_missing", {})
    if step.hour is not None and when.of_airing:
        yield Finding(("hour",), "hour_airing", {})


def _personal(step: Step, audience: Audience) -> Iterator[Finding]:
    if step.when.trigger == "child_month" and step.personal != "child_age":
        yield Finding(("personal",), "R16.child", {})
    if step.personal and audience.role != "member":
        yield Finding(("personal",), "R16.member", {"role": audience.role})
    for stage in (audience.life_stages or ()) if audience.role == "member" else ():
        if not step.personal:
            yield Finding(("audience", "life_stages"), "R16.stage", {"expected": STAGE_NEEDS[stage]})
    for language, text in step.texts.items():
        if step.personal and not text.club:
            yield Finding(("texts", language, "club"), "R16.club", {})
        if text.club and not step.personal and step.when.trigger != "child_month":
            yield Finding(("texts", language, "club"), "R16.alone", {})


def _texts(step: Step, _: Audience) -> Iterator[Finding]:
    if not step.texts:
        yield Finding(("texts",), "no_text", {})
    for language in step.texts:
        if language in NOT_MALI:
            yield Finding(("texts", language), "dogon", {"given": language})


def _sources(step: Step, audience: Audience) -> Iterator[Finding]:
    for language, text in step.texts.items():
        for field, words in text.pieces():
            for name in dict.fromkeys(slots.names(words)):
                if name in slots.SLOTS:
                    yield from _source(step, audience, ("texts", language, *field), slots.SLOTS[name])
        if step.kind == "bulletin" and not any(_is_report(name) for name in slots.names(text.sms)):
            yield Finding(("texts", language, "sms"), "bulletin_empty", {})


def _source(step: Step, audience: Audience, path: Path, slot: Slot) -> Iterator[Finding]:
    reported = step.kind == "bulletin"
    if path[2] in ("right", "wrong", "options"):
        yield Finding(path, "slot_answer", {})
    elif slot.source == "report" and not reported:
        yield Finding(path, "slot_report", {"slot": slot.name})
    elif slot.source.startswith("airing") and not step.when.of_airing:
        if not (reported and slot.source == "airing or report"):
            yield Finding(path, "slot_airing", {"slot": slot.name})
    elif slot.name in ("club", "club_name") and audience.role == "host":
        yield Finding(path, "slot_club", {"slot": slot.name})


def _is_report(name: str) -> bool:
    slot = slots.SLOTS.get(name)
    return slot is not None and slot.source == "report"


RULES: tuple[Rule, ...] = (_who, _when, _personal, _texts, _sources, questions.of_step)
