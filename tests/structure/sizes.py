"""Prints functions over 50 lines and files over 350, for a person to judge; fails nothing."""

from __future__ import annotations

import ast
import statistics

from tests.structure.test_layers import files, name

LONG_FUNCTION = 50
LONG_FILE = 350


def main() -> None:
    """Print the long ones and the medians."""
    lengths = []
    for path in files():
        source = path.read_text(encoding="utf-8")
        lines = source.count("\n")
        if lines > LONG_FILE:
            print(f"{name(path)}: {lines} lines")
        for node in ast.walk(ast.parse(source)):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                length = (node.end_lineno or 0) - node.lineno + 1
                lengths.append(length)
                if length > LONG_FUNCTION:
                    print(f"{name(path)}:{node.lineno} {node.name}: {length} lines")
    lengths.sort()
    print(
        f"{len(files())} files, {len(lengths)} functions of {statistics.median(lengths):.0f} lines (median), "
        f"{lengths[int(len(lengths) * 0.9)]} (nine in ten), {lengths[-1]} (longest)"
    )


if __name__ == "__main__":
    main()
