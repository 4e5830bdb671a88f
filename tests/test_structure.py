"""A name stands for one thing, and what is long is split."""

from __future__ import annotations

import ast
from collections import defaultdict
from pathlib import Path

from import_rules import program_files

ROOT = Path(__file__).resolve().parent.parent
TREES = {path.relative_to(ROOT): ast.parse(path.read_text(encoding="utf-8")) for path in program_files(ROOT)}

LONGEST_FUNCTION = 60
LONGEST_CLASS = 250
LONGEST_MODULE = 350
"""In lines, each from its first to its last."""


def _public_classes(tree: ast.Module) -> list[str]:
    return [node.name for node in tree.body if isinstance(node, ast.ClassDef) and not node.name.startswith("_")]


def test_a_class_name_is_defined_once():
    """A reader who finds a name somewhere knows what it is everywhere."""
    modules = defaultdict(list)
    for path, tree in TREES.items():
        for name in _public_classes(tree):
            modules[name].append(path.as_posix())
    assert {} == {name: paths for name, paths in modules.items() if len(paths) > 1}


def _lines(node: ast.AST) -> int:
    return node.end_lineno - node.lineno + 1


def test_nothing_is_too_long_to_be_seen_at_once():
    """No function, class or module has more lines than a reader can keep in mind."""
    limits = {
        ast.FunctionDef: LONGEST_FUNCTION,
        ast.AsyncFunctionDef: LONGEST_FUNCTION,
        ast.ClassDef: LONGEST_CLASS,
    }
    long = [
        f"{path.as_posix()}:{node.lineno} {node.name} has {_lines(node)} lines"
        for path, tree in TREES.items()
        for node in ast.walk(tree)
        if type(node) in limits and _lines(node) > limits[type(node)]
    ]
    modules = {path.as_posix(): len((ROOT / path).read_text(encoding="utf-8").splitlines()) for path in TREES}
    long += [f"{path} has {lines} lines" for path, lines in modules.items() if lines > LONGEST_MODULE]
    assert [] == long
