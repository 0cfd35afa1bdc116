"""A printed program: the same artifact, nothing that breaks out of it, nothing missing and nothing idle in it."""

from __future__ import annotations

import ast
import runpy
import subprocess
import sys
from pathlib import Path
from typing import Any, get_args

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import dtrans.artifact
import dtrans.attach
from dtrans.artifact import (
    Action,
    Aggregation,
    Artifact,
    Exit,
    Field,
    LateConstant,
    Layout,
    Printf,
    PrintStack,
    Probe,
    Program,
    Site,
)
from dtrans.attach import Attach
from dtrans.emit.bundle import bundle
from dtrans.emit.standalone import literal, prose, raw_text, standalone
from dtrans.run.messages import start_messages

NAMES = vars(dtrans.artifact) | vars(dtrans.attach)
#: Any text, with more of what ends strings and comments than chance would bring.
TEXT = st.lists(
    st.sampled_from(['"', "'", '"""', "\\", "\n", "\r", "\0", "\u202e", "\udc80", "{{", "%}"]) | st.text()
).map("".join)


def made(text: str = "x", **parts: Any) -> Artifact:
    values: dict[str, Any] = {
        "c_text": "int prog_0(void *ctx)\n{\n\treturn 0;\n}\n",
        "programs": (Program("prog_0", dtrans.attach.TestRun("BEGIN")),),
        "probes": {0: Probe(1, "dtrace", "", "", text)},
        "sites": (Site(1, 16, (Printf(text or "x", (Field("literal", 8, 4),)), Exit(Field("int", 12, 4)))),),
        "aggregations": (Aggregation(text, "count", (), 0, 8),),
        "strings": (text,),
        "layouts": (),
        "late": (),
        "options": {"quiet": "1"},
        "matched": 1,
    }
    return Artifact(**{**values, **parts})


def test_the_file_compiles_and_makes_the_same_artifact(tmp_path: Path) -> None:
    artifact = made(
        notes=(("io:::start", "counts requests"),), layouts=(Layout("OFF_0", "offset", "struct file", "f_pos"),)
    )
    path = tmp_path / "program.py"
    path.write_text(standalone(artifact, "x.d"))
    names = runpy.run_path(str(path), run_name="program")
    assert repr(names["artifact"]()) == repr(artifact)


@given(text=TEXT)
@settings(max_examples=25)
def test_no_text_of_a_program_breaks_out(text: str) -> None:
    """Whatever the D program holds, the file's statements are those of a harmless program."""
    evil = standalone(made(text, c_text=text, notes=((text, text),), options={"quiet": text}), text, (text,))
    harmless = standalone(made("x", notes=(("x", "x"),), options={"quiet": "x"}), "x", ("x",))
    evil.encode()

    def kinds(source: str) -> list[tuple[str, str]]:
        return [(type(node).__name__, getattr(node, "name", "")) for node in ast.parse(source).body]

    assert kinds(evil) == kinds(harmless)


@given(text=TEXT)
def test_raw_text_keeps_every_character(text: str) -> None:
    assert ast.literal_eval(raw_text(text)) == text


def test_raw_text_shows_c_as_it_is() -> None:
    text = '#define S "a\\n" \\\n\tx\n'
    assert raw_text(text) == f'r"""{text}"""'


@given(text=TEXT)
def test_prose_stays_in_its_docstring(text: str) -> None:
    module = ast.parse(f'"""{prose(text)}\n"""')
    assert len(module.body) == 1
    assert isinstance(module.body[0], ast.Expr)


@given(
    value=st.recursive(
        TEXT | st.integers() | st.none(), lambda inner: st.lists(inner).map(tuple) | st.dictionaries(TEXT, inner)
    )
)
def test_literals_evaluate_to_their_value(value: object) -> None:
    assert ast.literal_eval(literal(value)) == value


def test_a_long_value_stands_in_lines_that_leave_defaults_out() -> None:
    site = Site(7, 64, (Printf("%d " * 30, (Field("int", 8, 4),)), Exit(Field("int", 12, 4), present=None)))
    text = literal(site)
    assert text.startswith("Site(\n    clause=7,\n    size=64,\n    actions=(\n        Printf(\n")
    assert "present" not in text
    assert eval(text, dict(NAMES)) == site


def test_no_name_is_missing_and_no_import_idle(tmp_path: Path) -> None:
    """What was left out is missed by nothing: for a program with little, and for one with stacks and layouts."""
    stack = Site(1, 80, (PrintStack(Field("stack", 8, 72)),))
    rich = made(sites=(stack,), layouts=(Layout("OFF_0", "offset", "struct file", "f_pos"),))
    paths = [tmp_path / "poor.py", tmp_path / "rich.py"]
    for path, artifact in zip(paths, (made(), rich), strict=True):
        path.write_text(standalone(artifact, "x.d"))
    words = ["check", "--isolated", "--no-cache", "--select", "F", "--ignore", "F402"]
    done = subprocess.run([sys.executable, "-m", "ruff", *words, *paths], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_what_the_program_does_not_use_is_left_out() -> None:
    poor = standalone(made(), "x.d")
    rich = standalone(
        made(
            sites=(Site(1, 80, (PrintStack(Field("stack", 8, 72)),)),),
            layouts=(Layout("OFF_0", "offset", "struct file", "f_pos"),),
        ),
        "x.d",
    )
    for name in ("class KernelTypes", "class ElfFile", "def _member"):
        assert name not in poor
    assert "class KernelTypes" in rich
    assert "class ElfFile" in rich
    assert "case Tracemem(" not in poor
    assert "case Printf(" in poor


@pytest.mark.parametrize("text", ["%a", "%k", "%A", "%-10a"])
def test_a_format_that_names_addresses_keeps_the_symbols(text: str) -> None:
    site = Site(1, 16, (Printf(text, (Field("stack" if "k" in text else "uint", 8, 8),)),))
    assert "class ElfFile" in standalone(made(sites=(site,)), "x.d")


def test_only_the_manifest_makes_values_whose_cases_may_be_left_out() -> None:
    kinds = {kind.__name__ for kind in (*get_args(Action), *get_args(Attach))}
    runtime = bundle("dtrans.run.command", frozenset({"command"})).runtime
    calls = {
        node.func.id
        for node in ast.walk(ast.parse(runtime))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)
    }
    assert not calls & kinds


def test_the_file_needs_only_the_standard_library() -> None:
    tree = ast.parse(standalone(made(), "x.d"))
    modules = {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
    modules |= {node.module or "" for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    assert {module.partition(".")[0] for module in modules} <= sys.stdlib_module_names


def test_the_file_is_python_3_10() -> None:
    ast.parse(standalone(made(), "x.d"), feature_version=(3, 10))


def test_the_same_artifact_gives_the_same_text() -> None:
    script = (
        "from tests.emit.test_standalone import made; from dtrans.emit.standalone import standalone; import hashlib;"
        "print(hashlib.sha256(standalone(made(), 'x.d').encode()).hexdigest())"
    )
    root = Path(__file__).resolve().parents[2]
    shown = {
        subprocess.run(
            [sys.executable, "-c", script],
            cwd=root,
            env={"PYTHONHASHSEED": seed},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in ("1", "2")
    }
    assert len(shown) == 1


def test_messages_are_told_unless_the_program_is_quiet() -> None:
    quiet, loud = made(), made(options={"destructive": "1"})
    assert start_messages(quiet, ("script 'x.d'",), (1,)) == []
    assert start_messages(loud, ("script 'x.d'",), (1,)) == [
        "script 'x.d' matched 1 probe",
        "allowing destructive actions",
    ]
    assert "TITLES = (\"script 'x.d'\",)" in standalone(loud, "x.d")


def test_a_target_is_asked_for_before_anything_runs(tmp_path: Path) -> None:
    path = tmp_path / "program.py"
    path.write_text(standalone(made(late=(LateConstant(1, "target"),)), "x.d"))
    done = subprocess.run([sys.executable, "-I", path], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr.splitlines()) == (
        1,
        ["error: macro variable $target is not defined [D_MACRO_UNDEF]", "  hint: use -c COMMAND or -p PID"],
    )


def test_help_survives_any_title(tmp_path: Path) -> None:
    path = tmp_path / "program.py"
    path.write_text(standalone(made(), '100%s """ \\'))
    done = subprocess.run([sys.executable, "-I", path, "--help"], capture_output=True, text=True, check=True)
    assert '100%s """ \\' in done.stdout


def test_unknown_functions_to_leave_out_are_refused() -> None:
    with pytest.raises(ValueError, match="nowhere"):
        bundle("dtrans.run.command", frozenset({"command"}), uncalled=frozenset({"nowhere"}))
