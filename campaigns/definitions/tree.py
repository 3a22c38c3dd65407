"""A YAML text as plain data with the line of every part; knows nothing of campaigns.

Each scalar stays the text that was typed (`18:30`, `no`, `2026-12-01`, `007`): the model decides what it is. So no rule
of YAML about octals, dates or truth words can change what an editor wrote.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from campaigns.definitions.problems import Finding, Path

LARGEST = 1_000_000  # letters; the longest real campaign has some 60 000
NULL = "tag:yaml.org,2002:null"


@dataclass(slots=True)
class Tree:
    """Data of a file (None when it could not be read), the line of each path, and what was wrong with the YAML."""

    data: Any = None
    lines: dict[Path, int] = field(default_factory=dict)
    findings: list[Finding] = field(default_factory=list)
    seen: set[int] = field(default_factory=set)

    def line(self, path: Path) -> int:
        """The line (from 1) of the nearest part of the path that stands in the file; 1 when none does."""
        for end in range(len(path), -1, -1):
            if path[:end] in self.lines:
                return self.lines[path[:end]]
        return 1


def plant(text: str) -> Tree:
    """Read YAML 1.2 into a tree. Never raises: a text that is no YAML gives a tree with findings and no data.

    Keys that stand twice, and aliases, are findings; the first of two like keys counts.
    """
    tree = Tree()
    if len(text) > LARGEST:
        tree.findings.append(Finding((), "too_large", {"largest": LARGEST}))
        return tree
    node = _composed(text, tree)
    if node is not None:
        tree.data = _value(tree, node, ())
    return tree


def _composed(text: str, tree: Tree) -> Node | None:
    # RecursionError: thousands of open brackets. ValueError: an escape in quotes that is no character.
    try:
        node: Node | None = YAML(typ="safe", pure=True).compose(text)
    except MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        tree.lines[()] = mark.line + 1 if mark else 1
        reason = error.problem or error.context or ""
        tree.findings.append(Finding((), "syntax", {"reason": reason}))
        return None
    except (YAMLError, RecursionError, ValueError) as error:
        tree.findings.append(Finding((), "syntax", {"reason": _first_line(error)}))
        return None
    if node is None:
        tree.findings.append(Finding((), "empty_file", {}))
    return node


def _first_line(error: Exception) -> str:
    return str(error).strip().partition("\n")[0]


def _value(tree: Tree, node: Node, path: Path) -> Any:
    tree.lines.setdefault(path, node.start_mark.line + 1)
    if id(node) in tree.seen:
        tree.findings.append(Finding(path, "alias", {}))
        return None
    tree.seen.add(id(node))
    if isinstance(node, MappingNode):
        return _mapping(tree, node, path)
    if isinstance(node, SequenceNode):
        return [_value(tree, item, (*path, index)) for index, item in enumerate(node.value)]
    return node.value if isinstance(node, ScalarNode) else None


def _mapping(tree: Tree, node: MappingNode, path: Path) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, value in node.value:
        if not isinstance(key, ScalarNode):
            tree.findings.append(Finding(path, "odd_key", {}))
            continue
        place = (*path, key.value)
        if place in tree.lines:
            line = key.start_mark.line + 1
            tree.findings.append(Finding(place, "duplicate", {"key": key.value, "first": tree.lines[place]}, line))
            continue
        tree.lines[place] = key.start_mark.line + 1
        # A key without a value says the same as no key.
        if not _is_empty(value):
            found[key.value] = _value(tree, value, place)
    return found


def _is_empty(node: Node) -> bool:
    return isinstance(node, ScalarNode) and node.tag == NULL
