"""``dtrace -l`` with every filter, ``-lv``, and the stability report of ``-v``."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

from tests.compiled import PROBES, compiled
from tests.conftest import Run

HEAD = f"{'ID':>5} {'PROVIDER':>10} {'MODULE':>17} {'FUNCTION':>33} NAME"


def rows(text: str) -> list[tuple[str, ...]]:
    """(provider, module, function, name) of each row, by dtrace's columns."""
    head, *lines = text.splitlines()
    assert head == HEAD
    found = []
    for line in lines:
        parts = re.fullmatch(r"[ \d]{5,} ([ \S]{10,}?) ([ \S]{17,}?) ([ \S]{33,}?) (\S+)", line)
        assert parts is not None, line
        found.append(tuple(part.strip() for part in parts.groups()))
    return found


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (("-P", "dtrace"), [("dtrace", "", "", name) for name in ("BEGIN", "END", "ERROR")]),
        (("-n", "BEGIN"), [("dtrace", "", "", "BEGIN")]),
        (
            ("-n", "io:::start", "-n", "dtrace:::E*"),
            [("io", "", "", "start"), *[("dtrace", "", "", name) for name in ("END", "ERROR")]],
        ),
        (("-f", "syscall::getppid"), [("syscall", "", "getppid", name) for name in ("entry", "return")]),
        (("-f", "getpp?d"), [("syscall", "", "getppid", name) for name in ("entry", "return")]),
        (("-n", "syscall::getppid:entry /pid == 1/ { trace(1); }"), [("syscall", "", "getppid", "entry")]),
        (("-n", "profile:::tick-7s"), [("profile", "", "", "tick-7s")]),
        (("-n", "tick-10*"), [("profile", "", "", name) for name in ("tick-10", "tick-100", "tick-1000")]),
        (("-n", "profile-997"), [("profile", "", "", "profile-997")]),
        (("-n", "rawtp:sched::sched_switch"), [("rawtp", "sched", "", "sched_switch")]),
        (("-i", "1"), [("dtrace", "", "", "BEGIN")]),
        (("-m", "sdt:sched", "-n", "dtrace:::BEGIN"), None),
    ],
)  # fmt: skip
def test_every_filter_lists_what_it_names(
    dtrace: Run, words: tuple[str, ...], expected: list[tuple[str, ...]] | None
) -> None:
    found = rows(dtrace("-l", *words).stdout)
    if expected is None:
        *tracepoints, last = found
        assert {row[:2] for row in tracepoints} == {("sdt", "sched")}
        assert last == ("dtrace", "", "", "BEGIN")
    else:
        assert found == expected


def test_a_program_that_is_wrong_is_not_listed(dtrace: Run) -> None:
    done = dtrace("-l", "-n", "BEGIN { trace(nosuch); }", status=1)
    assert done.stdout == ""
    assert "[D_IDENT_UNDEF]" in done.stderr


def test_a_provider_of_processes_is_named_with_one(dtrace: Run) -> None:
    assert "name one, as in pid$target" in dtrace("-l", "-n", "pid:::entry", status=1).stderr


def test_a_clause_of_probes_that_are_not_here_falls_away_with_its_variables(dtrace: Run) -> None:
    absent = "fbt:nosuch:nosuch"
    text = f"{absent}:entry {{ self->p = args[0]; }} {absent}:return /self->p/ {{ trace(self->p); }}"
    assert dtrace("-Zqn", f'{text} BEGIN {{ printf("here"); exit(0); }}').stdout.strip() == "here"
    done = dtrace("-Zqn", f"{absent}:entry {{ trace(nosuch); }} BEGIN {{ exit(0); }}", status=1)
    assert "[D_IDENT_UNDEF]" in done.stderr


def test_what_only_a_skipped_clause_makes_is_there_and_empty(dtrace: Run) -> None:
    absent = (
        "fbt::this_is_no_function:entry { self->p = args[0]; self->s = stringof(args[0]->path); @[self->s] = count(); }"
    )
    used = 'BEGIN /!self->p/ { printf("[%d]", self->s == NULL); trunc(@); printa("%s %@d", @); exit(0); }'
    assert dtrace("-Zqn", f"{absent} {used}").stdout.strip() == "[1]"


@pytest.mark.parametrize(
    "words", [("-P", "nosuch"), ("-m", "nosuch"), ("-f", "nosuch"), ("-n", "nosuch"), ("-i", "99999999")]
)
def test_what_a_filter_does_not_find_is_told(dtrace: Run, words: tuple[str, ...]) -> None:
    done = dtrace("-l", *words, status=1)
    assert done.stdout.splitlines() == [HEAD]
    assert re.match(r"dtrace: failed to match \S+: No probe matches description\n", done.stderr)


def test_a_listed_probe_has_its_stability_and_the_types_of_its_arguments(dtrace: Run) -> None:
    text = dtrace("-lv", "-n", "io:::start").stdout
    block = "\n\t\tIdentifier Names: Evolving\n\t\tData Semantics:   Evolving\n\t\tDependency Class: ISA\n"
    types = "\t\targs[0]: bufinfo_t *\n\t\targs[1]: devinfo_t *\n\t\targs[2]: fileinfo_t *\n"
    assert (
        f"\n\n\tProbe Description Attributes{block}\n\tArgument Attributes{block}\n\tArgument Types\n{types}\n" in text
    )
    assert "\n\tArgument Types\n\t\tNone\n" in dtrace("-lv", "-n", "dtrace:::BEGIN").stdout


def minimum(text: str, what: str) -> str:
    """A report's attributes in one line."""
    found = re.search(
        rf"\n\n\tMinimum {what} Attributes\n\t\tIdentifier Names: (\w+)\n\t\tData Semantics:   (\w+)\n"
        r"\t\tDependency Class: (\w+)\n",
        text,
    )
    assert found is not None, text
    return "/".join(found.groups())


@pytest.mark.parametrize(
    ("program", "descriptions", "statements"),
    [
        # The Guide's example: an Evolving probe, and curthread, whose data are Private.
        ("io:::start { trace(curthread->pid); }", "Evolving/Evolving/ISA", "Stable/Private/Common"),
        ("dtrace:::BEGIN { trace(pid); }", "Stable/Stable/Common", "Stable/Stable/Common"),
        ("BEGIN { trace(pid); }", "Unstable/Unstable/Common", "Stable/Stable/Common"),
        ("syscall:::entry { @[execname] = count(); }", "Evolving/Evolving/Common", "Stable/Stable/Common"),
        ("syscall::read:entry { @[probefunc] = count(); }", "Private/Private/ISA", "Private/Private/ISA"),
        ("syscall::re*:entry { trace(1); }", "Evolving/Evolving/Common", "Stable/Stable/Common"),
        ("profile:::tick-1s /htons(1) == 2/ { trace(1); }", "Evolving/Evolving/Common", "Evolving/Evolving/Common"),
        ("io:::start { trace(args[0]->b_bcount); }", "Evolving/Evolving/ISA", "Evolving/Evolving/ISA"),
        (
            "inline int who = curthread->pid; dtrace:::BEGIN { trace(who); }",
            "Stable/Stable/Common", "Stable/Private/Common",
        ),
        (
            "dtrace:::BEGIN { trace(((struct task_struct *)curthread)->pid); }",
            "Stable/Stable/Common", "Private/Private/Unknown",
        ),
        (
            "struct mine { int a; }; dtrace:::END { trace(((struct mine *)curthread)->a); }",
            "Stable/Stable/Common", "Stable/Private/Common",
        ),
        (
            "dtrace:::BEGIN { trace(pid); } io:::start { trace(curthread->pid); }",
            "Evolving/Evolving/ISA", "Stable/Private/Common",
        ),
    ],
)  # fmt: skip
def test_the_report_is_the_least_of_what_a_program_names(
    dtrace: Run, program: str, descriptions: str, statements: str
) -> None:
    text = dtrace("-ev", "-s", "/dev/stdin", stdin=program).stdout
    assert text.startswith("\nStability attributes for script /dev/stdin:\n")
    assert minimum(text, "Probe Description") == descriptions
    assert minimum(text, "Statement") == statements


def test_the_report_comes_before_the_trace_and_goes_to_the_output_file(dtrace: Run, tmp_path: object) -> None:
    text = dtrace("-qvn", 'dtrace:::BEGIN { printf("traced\\n"); exit(0); }').stdout
    assert text.startswith("\nStability attributes for description dtrace:::BEGIN :\n")
    assert text.index("Minimum Statement Attributes") < text.index("traced")
    file = f"{tmp_path}/out"
    assert dtrace("-qvo", file, "-n", 'dtrace:::BEGIN { printf("traced\\n"); exit(0); }').stdout == ""
    with open(file) as written:
        assert written.read() == text


def test_compiling_only_reports_each_probe_description(dtrace: Run) -> None:
    text = dtrace("-evn", "io:::start, dtrace:::END { exit(0); }", "-n", "syscall:::entry").stdout
    assert "\nio:::start\n\n\tProbe Description Attributes\n\t\tIdentifier Names: Evolving\n" in text
    assert "\n\t\targs[0]: bufinfo_t *\n" in text
    assert "\ndtrace:::END\n\n\tProbe Description Attributes\n\t\tIdentifier Names: Stable\n" in text
    # Arguments of many probes whose arguments are Private have no types to tell.
    assert text.rstrip().endswith("syscall:::entry")


@pytest.mark.needs("command:gcc")
def test_the_probes_of_processes_that_run_are_listed(dtrace: Run, tmp_path: Path) -> None:
    text = (
        PROBES
        + """
        #include <unistd.h>
        int main(void)
        {
            PROBE(listed, one__probe, 0, "-4@$1", "r"(0));
            write(1, "x", 1);
            pause();
            PROBE(listed, one__probe, 0, "");
        }
    """
    )
    program = compiled(tmp_path, "defines", text)
    with subprocess.Popen([program], stdout=subprocess.PIPE) as process:
        try:
            own = (f"listed{process.pid}", "a.out", "main", "one-probe")
            assert process.stdout
            process.stdout.read(1)
            everything = rows(dtrace("-l").stdout)
            assert everything.count(own) == 1
            assert rows(dtrace("-l", "-n", "listed*:::").stdout) == [own]
            assert rows(dtrace("-l", "-P", "listed$target", "-p", str(process.pid)).stdout) == [own]
            functions = rows(dtrace("-l", "-n", f"pid{process.pid}:a.out:mai?:entry").stdout)
            assert functions == [(f"pid{process.pid}", "a.out", "main", "entry")]
            locks = rows(dtrace("-l", "-n", f"plockstat{process.pid}:::mutex-release").stdout)
            assert {row[0] for row in locks} == {f"plockstat{process.pid}"}
        finally:
            process.kill()
    assert own not in rows(dtrace("-l").stdout)
    # A command is held meanwhile, and never runs.
    (row,) = rows(dtrace("-l", "-n", "listed$target:::", "-c", program).stdout)
    assert row[0].startswith("listed")
    assert row[1:] == own[1:]
    detailed = dtrace("-lv", "-n", "listed$target:::", "-c", program).stdout
    assert "\tOn Linux\n\t\tsite in processes, by uprobes\n" in detailed
    assert rows(dtrace("-l", "-n", "pid$target:a.out:mai?:entry", "-c", program).stdout)[0][1:] == functions[0][1:]
