"""The commands themselves: help that teaches, statuses, and a quick start."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from dtrans import __version__
from dtrans.cli.main import SUBCOMMANDS
from tests.conftest import ROOT, Run


def test_the_overview_names_every_subcommand(dtrans: Run) -> None:
    text = dtrans("--help").stdout
    assert all(f"\n  {name} " in text for name in SUBCOMMANDS)


@pytest.mark.parametrize("name", SUBCOMMANDS)
def test_every_help_has_examples(name: str, dtrans: Run) -> None:
    text = dtrans(name, "--help").stdout
    assert "Examples:\n" in text
    assert f"dtrans {name}" in text


def test_the_version_is_told(dtrans: Run, dtrace: Run) -> None:
    assert dtrans("--version").stdout == f"dtrans {__version__}\n"
    assert f"dtrans {__version__}" in dtrace("-V").stdout


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_names_the_command(shell: str, dtrans: Run) -> None:
    assert "_DTRANS_COMPLETE" in dtrans("completion", shell).stdout


@pytest.mark.parametrize("words", [["nosuch"], ["run"], ["run", "-k"], ["explain"], ["run", "-V"], ["port", "x"]])
def test_a_wrong_command_line_has_status_2(words: list[str], dtrans: Run) -> None:
    assert dtrans(*words, status=2).stderr


def test_a_wrong_line_of_dtrace_tells_its_usage(dtrace: Run) -> None:
    assert dtrace(status=2).stderr.startswith("Usage: dtrace ")
    done = dtrace("-k", status=2)
    assert done.stderr.startswith("dtrace: illegal option -- k\nUsage: dtrace ")
    assert (
        dtrace("-l", "-V", status=2).stderr == "dtrace: only one of the [-AGhlV] options can be specified at a time\n"
    )


def test_nothing_to_trace_is_told(dtrace: Run) -> None:
    assert dtrace("-q", status=1).stderr.startswith("dtrace: no probes specified\n")


def test_libraries_can_be_checked_without_a_program(dtrace: Run, tmp_path: Path) -> None:
    dtrace("-e")
    library = tmp_path / "some.d"
    library.write_text("inline int right = 1;\n")
    dtrace("-L", str(tmp_path), "-e")
    library.write_text("inline int wrong = nosuch;\n")
    assert "D_IDENT_UNDEF" in dtrace("-L", str(tmp_path), "-e", status=1).stderr
    library.write_text("BEGIN { nosuch(); }\n")
    assert "D_FUNC_UNDEF" in dtrace("-L", str(tmp_path), "-e", status=1).stderr


def test_a_script_that_is_not_there_is_told(dtrace: Run, dtrans: Run) -> None:
    message = "failed to open nosuch.d: No such file or directory"
    assert dtrace("-s", "nosuch.d", status=1).stderr == f"dtrace: {message}\n"
    assert message in dtrans("run", "nosuch.d", status=1).stderr


def test_a_header_defines_a_macro_for_each_probe(dtrace: Run, tmp_path: Path) -> None:
    (tmp_path / "app.d").write_text("provider app { probe query__start(char *, int); probe idle(); };\n")
    dtrace("-h", "-s", tmp_path / "app.d", "-o", tmp_path / "app.h")
    text = (tmp_path / "app.h").read_text()
    assert "#define APP_QUERY_START(arg0, arg1) \\\n    STAP_PROBE2(app, query__start, arg0, arg1)\n" in text
    assert "#define APP_IDLE() \\\n    STAP_PROBE(app, idle)\n" in text


def test_a_header_is_named_as_its_script_or_by_o(dtrace: Run, tmp_path: Path) -> None:
    for name in ("one.d", "two.d", "three"):
        (tmp_path / name).write_text("provider app { probe idle(); };\n")
    assert "needs the definition of a provider" in dtrace("-h", status=2).stderr
    both = ["-s", str(tmp_path / "one.d"), "-s", str(tmp_path / "two.d")]
    assert "output file (-o) if multiple scripts" in dtrace("-h", *both, status=2).stderr
    assert "output file (-o) where there is no script" in dtrace("-h", "-s", tmp_path / "three", status=2).stderr
    dtrace("-h", *both, "-o", tmp_path / "both.h")
    assert (tmp_path / "both.h").read_text().count("STAP_PROBE(app, idle)") == 2


def test_tracing_starts_without_click_and_rich(tmp_path: Path) -> None:
    script = tmp_path / "x.d"
    script.write_text("BEGIN { exit(0)")  # A syntax error: the compiler begins, and stops at once.
    line = f"import sys; sys.argv = ['dtrans', 'run', {str(script)!r}]\nfrom dtrans.cli.main import main; main()\n"
    line += "print([name for name in ('click', 'rich', 'bcc', 'dtrans.port') if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", line], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"
