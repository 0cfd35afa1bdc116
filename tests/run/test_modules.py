"""The runner's modules as a printed program needs them: few imports, and no name twice.

``dtrans translate`` puts their sources into one file, so that what a stand-alone program needs is checked here.
"""

from __future__ import annotations

import ast
import subprocess
import sys
from collections import defaultdict
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PURE = {
    "artifact",
    "attach",
    "cache",
    "globs",
    "errors",
    "facts",
    "files",
    "formats",
    "numerals",
    "options",
    "source",
    "typed",
    "types",
    "values",
}


def _path(module: str) -> Path:
    return ROOT / f"{module.replace('.', '/')}.py"


def _imports(tree: ast.Module) -> set[str]:
    found = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module and node.module.split(".")[0] == "dtrans":
            found.add(node.module)
        elif isinstance(node, ast.Import):
            assert not any(name.name.startswith("dtrans") for name in node.names), "written as from dtrans.x import a"
    return found


def _closure(start: str) -> dict[str, ast.Module]:
    trees: dict[str, ast.Module] = {}
    wanted = [start]
    while wanted:
        module = wanted.pop()
        if module not in trees:
            trees[module] = ast.parse(_path(module).read_text())
            wanted += _imports(trees[module])
    return trees


CLOSURE = _closure("dtrans.run.session")


def test_the_runner_needs_only_itself_and_the_shared_values() -> None:
    others = {module for module in CLOSURE if not module.startswith("dtrans.run.")}
    assert {module.removeprefix("dtrans.") for module in others} <= PURE


def test_no_top_level_name_stands_in_two_modules() -> None:
    owners: dict[str, list[str]] = defaultdict(list)
    for module, tree in CLOSURE.items():
        names: set[str] = set()
        for node in tree.body:
            match node:
                case ast.FunctionDef(name=name) | ast.ClassDef(name=name):
                    names.add(name)
                case ast.Assign(targets=targets):
                    names |= {name.id for target in targets for name in ast.walk(target) if isinstance(name, ast.Name)}
                case ast.AnnAssign(target=ast.Name(id=name)):
                    names.add(name)
        for name in names - {"__all__"}:
            owners[name].append(module)
    assert {name: modules for name, modules in owners.items() if len(modules) > 1} == {}


def test_starting_imports_neither_bcc_nor_what_is_slow() -> None:
    """What a program that ran before needs from the command line on: what `dtrans.typed` and its kin stand in for."""
    program = "import sys, dtrans.cli.main, dtrans.cli.commands.run, dtrans.cli.trace, dtrans.run.session"
    # Without `site`, which may import anything on some machine.
    line = [sys.executable, "-S", "-c", f"{program}; print(*sys.modules)"]
    done = subprocess.run(line, cwd=ROOT, capture_output=True, text=True, check=True)
    ours = {"dtrans.pipeline", "dtrans.port", "dtrans.recorded"}
    slow = {
        "dataclasses",
        "enum",
        "hashlib",
        "importlib.util",
        "json",
        "pathlib",
        "re",
        "subprocess",
        "tempfile",
        "typing",
    }
    assert not set(done.stdout.split()) & ({"bcc", "capstone", "click", "jinja2", "rich", "sly"} | slow | ours)
