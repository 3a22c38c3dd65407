"""A step as the fields of its form, and the fields typed as the step of a campaign file; asks no database.

Every field carries the name that it has in the file, so that a finding of the checks finds its place by its path. Of
the triggers only the chosen one is read, of the question nothing unless the step asks one.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from werkzeug.datastructures import MultiDict

from campaigns.definitions import Finding

Form = MultiDict[str, str]
# Each trigger with the fields that it reads, its own first.
TRIGGERS: dict[str, tuple[str, ...]] = {
    "after_enrolment": ("after_enrolment",),
    "date": ("date",),
    "weekly": ("weekly",),
    "every_days": ("every_days", "from", "offset"),
    "market": ("market",),
    "child_month": ("child_month",),
    "before_airing": ("before_airing", "series"),
    "after_airing": ("after_airing", "series"),
}
OF_AIRING = ("before_airing", "after_airing")
PLAIN = ("step", "kind", "send_as", "useful", "priority", "personal", "national_text", "facts_checked")
AUDIENCE = ("role", "sex", "only", "received")
QUESTION = ("type", "wave", "min", "max", "unit", "closes")
TICKED = ("weekly", "club_kinds", "languages", "life_stages", "hea", "tags")  # several boxes of one name
LISTED = ("places", "clubs", "facts", "correct")  # one line, parted by commas
OWNER = {"when": "trigger", "audience": "role", "question": "type"}  # beside what a finding about a whole part stands


def step(form: Form, kept: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """What was typed, as the step of a file; `kept` is the stored one, of which the form leaves `serves` alone."""
    data: dict[str, Any] = _given(form, PLAIN)
    data["when"] = when(form)
    if form.get("trigger") not in OF_AIRING:
        data |= _given(form, ("hour",))
    data |= _several(form, ("facts", "tags"))
    if asked := audience(form):
        data["audience"] = asked
    if form.get("kind") == "question":
        data["question"] = _given(form, QUESTION) | _several(form, ("correct",))
        data["question"]["poll"] = "poll" in form
    data["one_act"] = "one_act" in form
    return data | ({"serves": kept["serves"]} if kept and kept.get("serves") else {})


def when(form: Form) -> dict[str, Any]:
    """The chosen trigger with its fields; its own field also when nothing is typed there, so that this is told."""
    chosen = form.get("trigger", "")
    if chosen not in TRIGGERS:
        return {}
    first, *others = TRIGGERS[chosen]
    own: Any = form.getlist(first) if first in TICKED else form.get(first, "").strip()
    return {first: own} | _given(form, others)


def audience(form: Form) -> dict[str, Any]:
    """Who is meant, as far as anything is said; places and clubs as they were typed."""
    return _given(form, AUDIENCE) | _several(form, ("places", "clubs", "club_kinds", "languages", "life_stages", "hea"))


def of_step(definition: Mapping[str, Any]) -> Form:
    """A stored step as the fields of the form."""
    form = of_audience(definition.get("audience") or {})
    for part in (definition, definition["when"], definition.get("question") or {}):
        _fill(form, part)
    form["trigger"] = next(name for name in TRIGGERS if definition["when"].get(name) is not None)
    return form


def of_audience(definition: Mapping[str, Any]) -> Form:
    """A stored audience as the fields of the form."""
    form: Form = MultiDict()
    _fill(form, definition)
    return form


def beside(findings: Iterable[Finding], language: str) -> dict[str, list[str]]:
    """The sentences of findings by the field that each stands beside."""
    found: dict[str, list[str]] = {}
    for one in findings:
        found.setdefault(field_of(one), []).append(one.say(language))
    return found


def field_of(finding: Finding) -> str:
    """The field that a finding is about."""
    names = [str(part) for part in finding.path if isinstance(part, str)]
    inner = names[1] if len(names) > 1 and names[0] in OWNER else names[0] if names else "step"
    return OWNER.get(inner, inner)


def parted(typed: str) -> list[str]:
    """The items of a line, parted by commas, semicolons or line ends."""
    return [item.strip() for item in re.split(r"[,;\n]", typed) if item.strip()]


def _given(form: Form, names: Iterable[str]) -> dict[str, Any]:
    return {name: typed for name in names if (typed := form.get(name, "").strip())}


def _several(form: Form, names: Iterable[str]) -> dict[str, list[str]]:
    found = {name: form.getlist(name) if name in TICKED else parted(form.get(name, "")) for name in names}
    return {name: items for name, items in found.items() if items}


def _fill(form: Form, part: Mapping[str, Any]) -> None:
    for name, value in part.items():
        if name in TICKED:
            form.setlist(name, [str(one) for one in value or ()])
        elif name in LISTED:
            form[name] = ", ".join(map(str, value or ()))
        elif value is True:
            form[name] = "on"
        elif value is not None and value is not False and not isinstance(value, dict | list):
            form[name] = str(value)
