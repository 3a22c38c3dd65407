"""Who may import whom: `messaging` is the ground, `campaigns` and `webhooks` stand side by side, `wsgi` joins all."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent.parent
PACKAGES = ("messaging", "campaigns", "webhooks")
OURS = (*PACKAGES, "wsgi", "tests")
MAY_IMPORT = {
    "messaging": {"messaging"},
    "campaigns": {"messaging", "campaigns"},
    "webhooks": {"messaging", "webhooks"},
    "wsgi": {"messaging", "campaigns", "webhooks"},
}
FENCES = {  # library -> where it may be imported; a folder ends in /
    "flask": ("webhooks/", "campaigns/admin/", "wsgi.py"),
    "flask_security": ("campaigns/admin/",),
    "twilio": ("messaging/gateways/",),
    "apscheduler": ("messaging/engines/local.py",),
    "procrastinate": ("messaging/engines/",),
    "click": ("messaging/cli/", "campaigns/cli/", "wsgi.py"),
    "waitress": ("wsgi.py",),
    "polib": ("messaging/languages.py",),
    "babel": ("campaigns/admin/",),
    "ruamel": ("campaigns/definitions/", "campaigns/library/"),
    "phonenumbers": ("messaging/phones.py", "messaging/people.py"),
    "cryptography": ("messaging/phones.py", "messaging/backups/envelope.py"),
}
BARE = ("webhooks/", "messaging/letters.py", "messaging/spelling.py", "messaging/findings.py",
        "messaging/lint.py", "messaging/profile.py", "messaging/fold.py", "messaging/stop.py", "messaging/codes.py",
        "messaging/hours.py", "messaging/shipped.py", "campaigns/calendar.py", "campaigns/definitions/",
        "campaigns/conversation/catalogue.py", "campaigns/conversation/grammar/")  # fmt: skip


def files() -> list[Path]:
    """Every product file but the migration scripts."""
    found = [ROOT / "wsgi.py", *(path for name in PACKAGES for path in sorted((ROOT / name).rglob("*.py")))]
    return [path for path in found if "versions" not in path.parts]


def imports(path: Path) -> Iterator[tuple[str, int]]:
    """Every module a file imports, wherever in the file, with the line."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from ((alias.name, node.lineno) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}:{node.lineno}: write the whole name of the module"
            yield node.module or "", node.lineno
            yield from ((f"{node.module}.{alias.name}", node.lineno) for alias in node.names)


def name(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def test_no_layer_imports_one_above_or_beside_it() -> None:
    wrong = [
        f"{name(path)}:{line} imports {module}: {top} may only import {', '.join(sorted(MAY_IMPORT[top]))}"
        for path in files()
        for top in [name(path).partition("/")[0].removesuffix(".py")]
        for module, line in imports(path)
        if module.partition(".")[0] in OURS and module.partition(".")[0] not in MAY_IMPORT[top]
    ]
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize("library", FENCES)
def test_a_library_stays_behind_its_fence(library: str) -> None:
    wrong = [
        f"{name(path)}:{line}"
        for path in files()
        for module, line in imports(path)
        if module.partition(".")[0] == library and not name(path).startswith(FENCES[library])
    ]
    assert not wrong, f"{library} belongs to {FENCES[library]}, but is imported at {wrong}"


def test_pure_modules_and_webhooks_know_no_database() -> None:
    wrong = [
        f"{name(path)}:{line}"
        for path in files()
        if name(path).startswith(BARE)
        for module, line in imports(path)
        if module.partition(".")[0] == "sqlalchemy"
    ]
    assert not wrong, f"no SQL here: {wrong}"


def test_there_is_no_circle_of_imports() -> None:
    modules = {name(path).removesuffix(".py").removesuffix("/__init__").replace("/", "."): path for path in files()}
    graph = {
        module: {target for target, _ in imports(path) if target in modules and target != module}
        for module, path in modules.items()
    }
    for module in graph:  # a package's own front door gathers its parts; the parts do not come back to it
        graph[module] = {target for target in graph[module] if not module.startswith(f"{target}.")}
    while leaves := [module for module, targets in graph.items() if not targets & graph.keys()]:
        for leaf in leaves:
            del graph[leaf]
    assert not graph, f"these import each other: {sorted(graph)}"


def test_every_module_says_in_one_sentence_what_it_is() -> None:
    silent = [name(path) for path in files() if not ast.get_docstring(ast.parse(path.read_text(encoding="utf-8")))]
    assert not silent


def test_no_name_that_says_nothing() -> None:
    empty = {"utils", "util", "helpers", "helper", "common", "base", "manager", "service", "misc"}
    assert not [name(path) for path in files() if path.stem in empty]
