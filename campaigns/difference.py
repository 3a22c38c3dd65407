"""What differs between two states of a campaign, field by field; pure, knows no table and no words of a page.

A state is what `CampaignVersion.definition` holds: `{"head": {…}, "steps": [{"step": "lavage-1", …}, …]}`, the steps in
order and without their texts.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

State = Mapping[str, Any]
# What decides who gets a step and when: a change of it touches what waits. Of the head and of a step.
RULE = ("audience", "starts", "ends", "kind", "send_as", "when", "hour", "useful", "priority", "personal", "tags")


@dataclass(frozen=True)
class Change:
    """One field that differs; `step` is None for the campaign itself.

    The field `step` stands for a whole step that came (before None) or went (after None), `order` for the codes of
    the steps in their order.
    """

    step: str | None
    field: str
    before: Any
    after: Any

    @property
    def is_of_rule(self) -> bool:
        """Whether who gets what, or when, differs."""
        return self.field in RULE or self.field == "step"


def between(old: State, new: State) -> list[Change]:
    """Every difference: of the head, of each step in the new order, then the steps that went, then the order."""
    found = list(of_fields(None, old["head"], new["head"]))
    before, after = _by_code(old), _by_code(new)
    for code, step in after.items():
        found += of_fields(code, before[code], step) if code in before else [Change(code, "step", None, step)]
    found += [Change(code, "step", step, None) for code, step in before.items() if code not in after]
    kept = [code for code in before if code in after]
    moved = [code for code in after if code in before]
    return [*found, Change(None, "order", kept, moved)] if kept != moved else found


def of_fields(code: str | None, old: State, new: State) -> Iterator[Change]:
    """The fields that differ; one that is not there says the same as an empty one."""
    for name in dict.fromkeys([*old, *new]):
        before, after = _said(old.get(name)), _said(new.get(name))
        if before != after:
            yield Change(code, name, before, after)


def touched(changes: Sequence[Change]) -> set[str] | None:
    """The codes of the steps whose rule differs; None when it is that of the whole campaign."""
    rules = [one for one in changes if one.is_of_rule]
    return None if any(one.step is None for one in rules) else {one.step for one in rules if one.step}


def _by_code(state: State) -> dict[str, Mapping[str, Any]]:
    return {step["step"]: step for step in state["steps"]}


def _said(value: Any) -> Any:
    """What a value says: keys that ask nothing are left out, an empty one is None."""
    if isinstance(value, Mapping):
        value = {key: inner for key, one in value.items() if (inner := _said(one)) is not None}
    is_empty = value is False or value in (None, "", [], (), {})
    return None if is_empty else value
