"""A campaign file in, a definition or all its problems out, each with its line; knows no database and no clock."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from campaigns.definitions import consistency, editing, values
from campaigns.definitions.model import Audience, Definition, Part, Question, Step, Text, Title, When
from campaigns.definitions.problems import Finding, Path, Problem, hint, problems
from campaigns.definitions.tree import Tree, plant

SHOWN = 60  # letters of a wrong value that a sentence repeats
STATUS = ("status", "state")
PATTERNS = {
    values.CODE: "code",
    values.LANGUAGE: "language",
    values.CLUB: "club_code",
    values.ROW: "row",
    values.STEP: "step_name",
}
# pydantic's kinds of error and the sentence for each; kinds that carry a limit are said in `_limit`.
KINDS = {
    "string_type": "text",
    "int_type": "number",
    "int_parsing": "number",
    "int_from_float": "number",
    "int_parsing_size": "number",
    "bool_type": "truth",
    "bool_parsing": "truth",
    "date_type": "day",
    "date_parsing": "day",
    "date_from_datetime_parsing": "day",
    "date_from_datetime_inexact": "day",
    "string_too_short": "empty",
    "dict_type": "mapping",
    "model_type": "mapping",
    "tuple_type": "list",
    "hour": "hour",
    "span": "span",
}
# Fields whose faults leave the texts of a step readable, with a value that offends no rule in their place.
HARMLESS: dict[str, Any] = {"step": "etape", "when": {"after_enrolment": 0}}
PARTS: dict[str, type[Part]] = {
    "title": Title, "audience": Audience, "when": When, "question": Question, "texts": Text,
}  # fmt: skip
NEEDED = ("kind", "texts", "facts", "topic", "personal", "question", "national_text")


def read(text: str, name: str, own: Iterable[str] = ()) -> tuple[Definition | None, list[Problem]]:
    """Read a campaign file, in YAML 1.2.

    Args:
        text: the whole file.
        name: how the problems call it, usually its file name.
        own: names of the programme's agencies and donors, which no SMS says; the shipped words are always asked.

    Returns:
        The definition, or None when anything is an error; and every problem of the file, warnings too, in the order
        of its lines. What the content rules can still read of a faulty file is checked as well. Never raises; reading
        twice gives the same.
    """
    tree = plant(text)
    definition = None
    if not tree.findings or tree.data is not None:
        tree.findings += _ignored(tree.data)
        tree.findings += consistency.of_codes(_codes(tree.data))
        definition = _definition(tree, tuple(own))
    found = problems(tree.findings, tree.line, tree.data, name)
    has_error = any(problem.level == "error" for problem in found)
    return (None if has_error else definition), found


def check(data: dict[str, Any], own: Iterable[str] = ()) -> tuple[Definition | None, list[Finding]]:
    """Check a definition that is data already, such as a form gives it; what is not given is left out of it.

    Returns:
        The definition, or None when its form is faulty; and every finding by its path from the start. A definition
        may be sound in form and still have findings that are errors: whoever asks decides about those of its texts.
    """
    tree = Tree(data)
    tree.findings += consistency.of_codes(_codes(data))
    return _definition(tree, tuple(own)), tree.findings


def _definition(tree: Tree, own: tuple[str, ...]) -> Definition | None:
    try:
        definition = Definition.model_validate(tree.data)
    except ValidationError as error:
        errors = [_finding(one) for one in error.errors() if not _is_echo(one, tree)]
        tree.findings += errors
        tree.findings += _salvaged(tree.data, errors, own)
        return None
    tree.findings += consistency.of_campaign(definition)
    for index, step in enumerate(definition.steps):
        tree.findings += _within(index, consistency.of_step(step, definition.audience))
    tree.findings += editing.check(definition, own)
    return definition


def _is_echo(error: ErrorDetails, tree: Tree) -> bool:
    """Whether another error says the same: of official letters not given, of a list whose items are faulty."""
    is_filled = error["loc"][-1:] == ("official",) and error["loc"] not in tree.lines
    return is_filled or (error["type"] == "too_short" and bool(error["input"]))


def _codes(data: Any) -> list[str | None]:
    steps = data.get("steps") if isinstance(data, dict) else None
    dicts = [step if isinstance(step, dict) else {} for step in (steps if isinstance(steps, list) else ())]
    return [code if isinstance(code := step.get("step"), str) else None for step in dicts]


def _within(index: int, findings: Iterable[Finding]) -> Iterator[Finding]:
    return (Finding(("steps", index, *one.path), one.key, one.values) for one in findings)


# --- what the file says but is never read


def _ignored(data: Any) -> Iterator[Finding]:
    """Take `status` out of each text: whatever a file says, its texts come in as drafts."""
    steps = data.get("steps") if isinstance(data, dict) else None
    for index, step in enumerate(steps if isinstance(steps, list) else ()):
        texts = step.get("texts") if isinstance(step, dict) else None
        for language, text in texts.items() if isinstance(texts, dict) else ():
            for name in STATUS if isinstance(text, dict) else ():
                if text.pop(name, None) is not None:
                    yield Finding(("steps", index, "texts", language, name), "status_ignored", {"name": name})


# --- the errors of pydantic as our sentences


def _finding(error: ErrorDetails) -> Finding:
    path: Path = tuple(part for part in error["loc"] if part != "[key]")
    given = str(error["input"])[:SHOWN]
    kind, ctx = error["type"], error.get("ctx", {})
    if kind == "missing":
        return Finding(path, "missing", {"name": path[-1]})
    if kind == "extra_forbidden":
        return Finding(path, "unknown_field", {"name": path[-1], **hint(str(path[-1]), _fields(path))})
    if kind == "literal_error":
        expected = str(ctx["expected"]).replace("'", "").replace(" or ", ", ")
        return Finding(path, "choice", {"given": given, "expected": expected})
    if kind == "string_pattern_mismatch":
        return Finding(path, PATTERNS[str(ctx["pattern"])], {"given": given})
    if kind == "one_trigger":
        return Finding(path, kind, dict(ctx))
    if kind in KINDS:
        return Finding(path, KINDS[kind], {"given": given})
    return _limit(path, kind, ctx, given, error["msg"])


def _limit(path: Path, kind: str, ctx: dict[str, Any], given: str, message: str) -> Finding:
    if kind == "string_too_long":
        return Finding(path, "too_long", {"largest": ctx["max_length"]})
    if kind == "too_long":
        return Finding(path, "too_many", {"largest": ctx["max_length"]})
    if kind == "too_short":
        return Finding(path, "empty", {})
    if kind in ("greater_than_equal", "less_than_equal"):
        limit = ctx.get("ge", ctx.get("le"))
        fr, en = ("à partir de", "from") if "ge" in ctx else ("jusqu'à", "up to")
        return Finding(path, "range", {"given": given, "bound_fr": f"{fr} {limit}", "bound_en": f"{en} {limit}"})
    return Finding(path, "wrong", {"reason": message})


def _fields(path: Path) -> list[str]:
    """The fields that the part around this path knows, as written in a file."""
    names = [part for part in path[:-1] if isinstance(part, str)]
    part = Step if names[:1] == ["steps"] else Definition
    inner = names[1:] if part is Step else names
    fields = PARTS.get(inner[0], part).model_fields if inner else part.model_fields
    return [field.alias or name for name, field in fields.items()]


# --- the content of a file whose form is faulty


def _salvaged(data: Any, errors: list[Finding], own: tuple[str, ...]) -> Iterator[Finding]:
    """Content findings of each step whose texts can be read although something else in the file is wrong.

    Of a step that is faulty itself only errors are told: its warnings may come from the fault.
    """
    if not isinstance(data, dict) or not isinstance(data.get("steps"), list):
        return
    audience = _audience(data)
    for index, raw in enumerate(data["steps"]):
        faults = {one.path[2:] for one in errors if one.path[:2] == ("steps", index)}
        step = _sound(raw, faults)
        if step:
            names = (*own, str(data.get("agency") or ""))
            found = editing.of_step(step, str(data.get("topic")), audience, names)
            found += consistency.of_slots(step) if faults else consistency.of_step(step, audience)
            yield from _within(index, (one for one in found if not faults or one.level == "error"))


def _audience(data: dict[str, Any]) -> Audience:
    try:
        return Audience.model_validate(data.get("audience", {}))
    except ValidationError:
        return Audience()


def _sound(raw: Any, faults: set[Path]) -> Step | None:
    """The step without its faulty fields, or None when a fault lies where the content rules look."""
    if not isinstance(raw, dict) or () in faults:
        return None
    faulty = {path[0] for path in faults}
    if faulty & set(NEEDED):
        return None
    kept = {key: value for key, value in raw.items() if key not in faulty}
    filled = {**{key: value for key, value in HARMLESS.items() if key in faulty}, **kept}
    try:
        return Step.model_validate(filled)
    except ValidationError:
        return None
