"""Both commands on the running kernel: messages, statuses, and where the output goes."""

from __future__ import annotations

import json
import os
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from dtrans.cli.commands.install import install
from dtrans.cli.listing import HEADER
from tests.conftest import ROOT, Run
from tests.netloads import command

HELLO = 'BEGIN { printf("hello\\n"); exit(0); }'


def test_matched_probes_are_told_and_the_status_is_exit_s(dtrace: Run) -> None:
    done = dtrace("-n", "BEGIN { exit(3); }", status=3)
    assert done.stderr.splitlines()[0] == "dtrace: description 'BEGIN ' matched 1 probe"


@pytest.mark.parametrize("words", [["-qn", HELLO], ["-n", HELLO, "-q"], ["-n", "#pragma D option quiet\n" + HELLO]])
def test_quiet_prints_only_what_the_program_prints(words: list[str], dtrace: Run) -> None:
    done = dtrace(*words)
    assert (done.stdout.strip(), done.stderr) == ("hello", "")


def test_errors_at_run_time_are_not_told_where_they_are_not_to_be(dtrace: Run) -> None:
    done = dtrace(
        "-x", "noerror", "-qn", "BEGIN { trace(*(int *)0); } BEGIN, ERROR { trace(probename); } BEGIN { exit(0); }"
    )
    assert (done.stdout, done.stderr) == ("ERRORBEGIN\n", "")


def test_a_script_is_named_in_its_message(dtrace: Run, tmp_path: Path) -> None:
    script = tmp_path / "hello.d"
    script.write_text(HELLO + " END { }")
    assert f"dtrace: script '{script}' matched 2 probes" in dtrace("-s", script).stderr


def test_several_programs_are_one_trace_and_told_apart(dtrace: Run) -> None:
    done = dtrace("-n", "BEGIN { x = 7; }", "-n", 'END { printf("%d", x); }', "-n", "BEGIN { exit(0); }")
    assert done.stderr.splitlines()[:3] == [
        "dtrace: description 'BEGIN ' matched 1 probe",
        "dtrace: description 'END ' matched 1 probe",
        "dtrace: description 'BEGIN ' matched 1 probe",
    ]
    assert "7" in done.stdout


def test_operands_are_macro_arguments_wherever_they_stand(dtrace: Run) -> None:
    done = dtrace("40", "-qn", 'BEGIN { printf("%d %s", $1 + $2, $$3); exit(0); }', "2", "--", "-x")
    assert done.stdout.strip() == "42 -x"


@pytest.mark.parametrize(
    ("words", "standard"),
    [((), "0"), (("-Xc",), "1"), (("-x", "stdc=s"), "none"), (("-x", "cppargs=-D__STDC__=7 -DOTHER"), "7")],
)
def test_the_preprocessor_is_told_the_standard_and_what_else_it_is_to_be(
    dtrace: Run, tmp_path: Path, words: tuple[str, ...], standard: str
) -> None:
    script = tmp_path / "standard.d"
    script.write_text(
        '#ifdef __STDC__\n#define STANDARD __STDC__\n#else\n#define STANDARD "none"\n#endif\n'
        "BEGIN { trace(STANDARD); exit(0); }\n"
    )
    assert dtrace("-qC", *words, "-s", str(script)).stdout.strip() == standard


def test_a_program_comes_through_a_pipe(dtrace: Run) -> None:
    assert dtrace("-qs", "/dev/stdin", stdin=HELLO).stdout.strip() == "hello"


def test_scripts_run_by_their_first_line(tmp_path: Path) -> None:
    install(tmp_path / "dtrace")
    script = tmp_path / "tool.d"
    script.write_text(f'#!{tmp_path / "dtrace"} -qs\nBEGIN {{ printf("%d\\n", $1); exit(0); }}\n')
    script.chmod(0o755)
    done = subprocess.run([script, "42"], capture_output=True, text=True, check=True, timeout=60)
    assert (done.stdout.strip(), done.stderr) == ("42", "")


def test_run_honours_the_flags_of_the_first_line(dtrans: Run, tmp_path: Path) -> None:
    script = tmp_path / "tool.d"
    script.write_text(f"#!/usr/sbin/dtrace -CZqs\n#define HELLO {HELLO}\nnosuch:::probe {{ }}\nHELLO\n")
    done = dtrans("run", script)
    assert (done.stdout.strip(), done.stderr) == ("hello", "")


def test_output_is_appended_to_a_file(dtrace: Run, tmp_path: Path) -> None:
    out = tmp_path / "out"
    out.write_text("before\n")
    assert dtrace("-qo", out, "-n", HELLO).stdout == ""
    assert out.read_text().split() == ["before", "hello"]


def test_a_command_is_the_target(dtrace: Run) -> None:
    done = dtrace("-qn", 'syscall::exit_group:entry /pid == $target/ { printf("%s", execname); }', "-c", "true")
    assert done.stdout.strip() == "true"


def test_the_tracer_has_the_name_by_which_scripts_leave_it_out(dtrans: Run, dtrace: Run) -> None:
    text = "BEGIN { trace(execname); exit(0); }"
    assert [dtrace("-qn", text).stdout.strip(), dtrans("run", "-qn", text).stdout.strip()] == ["dtrace", "dtrace"]


def test_compiling_only_traces_nothing(dtrace: Run) -> None:
    done = dtrace("-e", "-n", HELLO)
    assert (done.stdout, done.stderr) == ("", "")
    done = dtrace("-b", "1m", "-e")
    assert (done.stdout, done.stderr) == ("", "")


def test_errors_name_the_program_and_the_place(dtrace: Run, tmp_path: Path) -> None:
    script = tmp_path / "bad.d"
    script.write_text("BEGIN\n{\n\ttrace(1;\n}\n")
    told = dtrace("-s", script, status=1).stderr
    assert told.startswith(f"dtrace: failed to compile script {script}:\n{script}:3:")
    told = dtrace("-n", "BEGIN { trace(1; }", status=1).stderr
    assert told.startswith("dtrace: invalid probe specifier BEGIN { trace(1; }:\n-n:1:")
    told = dtrace("-P", "no-such /pid/ { }", status=1).stderr
    assert told.startswith("dtrace: invalid probe specifier no-such /pid/ { }:\n-n:1:")


def test_a_number_that_is_no_probes_is_an_error_also_with_z(dtrace: Run) -> None:
    told = dtrace("-Z", "-i", "0", status=1).stderr
    assert "invalid probe identifier 0: Unknown probe identifier [D_PDESC_INVAL]" in told


def test_a_probe_that_linux_lacks_stands_idle_beside_others(dtrace: Run) -> None:
    listed = dtrace("-qn", "syscall::acl:entry, BEGIN { trace(probename); exit(0); }")
    assert listed.stdout.strip() == "BEGIN"
    warned = "dtrace: warning: probe description syscall::acl:entry is not served on this kernel, and its clause fires"
    assert listed.stderr.startswith(f"{warned} without it: Linux keeps access control lists")
    assert len(listed.stderr.splitlines()) == 1
    # Nothing would come of a clause of its own, and what nobody knows may be a mistake.
    assert "extended attributes" in dtrace("-n", "syscall::acl:entry { } BEGIN { exit(0); }", status=1).stderr
    assert "does not match any" in dtrace("-n", "syscall::nosuch:entry, BEGIN { exit(0); }", status=1).stderr
    # Asked for, it is no news.
    assert dtrace("-Zqn", "syscall::acl:entry, BEGIN { exit(0); }").stderr == ""


def test_a_probe_that_does_not_exist_is_an_error_but_with_z(dtrace: Run) -> None:
    assert "[D_PDESC_ZERO]" in dtrace("-n", "nosuch:::probe", status=1).stderr
    dtrace("-Zqn", f"nosuch:::probe {{ }} {HELLO}")


def test_a_program_without_clauses_matches_no_probes(dtrace: Run, tmp_path: Path) -> None:
    script = tmp_path / "none.d"
    script.write_text("/* Nothing yet. */\n")
    done = dtrace("-x", "empty", "-s", str(script), status=1)
    assert done.stderr == f"dtrace: script '{script}' matched 0 probes\ndtrace: no probes matched\n"


def test_probes_are_listed_in_dtrace_s_columns(dtrace: Run) -> None:
    head, *rows = dtrace("-l", "-n", "syscall::read:").stdout.splitlines()
    assert head == "   ID   PROVIDER            MODULE                          FUNCTION NAME" == HEADER
    assert [row.split()[-2:] for row in rows] == [["read", "entry"], ["read", "return"]]
    assert all(row.split()[1] == "syscall" for row in rows)


def test_listed_numbers_name_probes(dtrace: Run) -> None:
    number = dtrace("-l", "-n", "syscall::read:entry").stdout.split()[5]
    assert dtrace("-l", "-i", number).stdout.splitlines()[1].split()[-2:] == ["read", "entry"]


def test_listing_tells_the_arguments(dtrace: Run) -> None:
    text = dtrace("-lv", "-n", "io:::start").stdout
    assert "args[0]: bufinfo_t *" in text


def test_listing_what_does_not_exist_fails_after_the_rest(dtrace: Run) -> None:
    done = dtrace("-l", "-n", "nosuch:::", "-n", "dtrace:::BEGIN", status=1)
    assert "BEGIN" in done.stdout
    assert "nosuch:::" in done.stderr


def test_a_translated_program_runs_alone(dtrans: Run, tmp_path: Path) -> None:
    program = tmp_path / "hello.py"
    dtrans("translate", "-qn", HELLO, "-o", program)
    environment = {"PATH": os.environ["PATH"]}
    done = subprocess.run([program], cwd="/", env=environment, capture_output=True, text=True, check=False, timeout=60)
    assert done.stdout.strip() == "hello", done.stderr


def test_a_probe_is_explained(dtrans: Run) -> None:
    assert "block" in dtrans("explain", "io:::start").stdout


@pytest.mark.parametrize("stage", ["ast", "typed", "plan", "c"])
def test_every_stage_can_be_seen(stage: str, dtrans: Run) -> None:
    assert dtrans("explain", "-n", HELLO, "--stage", stage).stdout.strip()


def test_a_folder_is_ported_and_every_tool_reported(dtrans: Run, tmp_path: Path) -> None:
    tools, out = tmp_path / "tools", tmp_path / "out"
    (tools / "Bin").mkdir(parents=True)
    (tools / "hello.d").write_text(f"#!/usr/sbin/dtrace -qs\n{HELLO}\n")
    (tools / "bad.d").write_text("#!/usr/sbin/dtrace -s\nBEGIN { trace(no_such_name); }\n")
    (tools / "wrapper").write_text(f"#!/bin/sh\n/usr/sbin/dtrace -qn '{HELLO}'\n")
    (tools / "Bin" / "hello.d").symlink_to("../hello.d")
    (tools / "asks.d").write_text("#!/usr/sbin/dtrace -qs\nBEGIN { trace($$2); exit($1); }\n")
    (tools / "names.d").write_text("syscall::$1:entry { trace($2); }\n")

    done = dtrans("port", tools, "-o", out, "-j", "2")

    report = json.loads((out / "report.json").read_text())
    assert {tool["path"]: tool["status"] for tool in report["tools"]} == {
        "asks.d": "exact", "bad.d": "refused", "hello.d": "exact", "names.d": "differs", "wrapper": "exact",
    }  # fmt: skip
    assert "5 tools: 3 translated, 1 with stated differences, 1 refused" in done.stdout
    assert (
        "exact: translated; means the same on Linux (a D script that takes 2 arguments"
        in (out / "report.md").read_text()
    )
    assert (out / "asks.d").read_text().startswith("#!/usr/bin/env -S dtrans-dtrace -qs\nBEGIN")
    assert (out / "names.d").read_text().startswith("#!/usr/bin/env -S dtrans-dtrace -s\nsyscall")
    assert "bad.d:2:15: " in (out / "report.md").read_text()
    ran = subprocess.run([sys.executable, out / "hello.py"], capture_output=True, text=True, check=False, timeout=60)
    assert ran.stdout.strip() == "hello", ran.stderr


def test_a_ported_collection_has_all_that_its_tools_need(dtrans: Run, tmp_path: Path) -> None:
    tools, out = tmp_path / "tools", tmp_path / "out"
    (tools / "lib").mkdir(parents=True)
    for name, printed in (("twin", "first"), ("twin.d", "second")):
        (tools / name).write_text(f'#!/usr/sbin/dtrace -qs\nBEGIN {{ trace("{printed}"); exit(0); }}\n')
    (tools / "lib/part.d").write_text(f"{HELLO}\n")
    (tools / "whole").write_text('#!/bin/sh\nPATH=/bin\ncd "$(dirname "$0")"\ndtrace -qs lib/part.d\n')
    (tools / "idle.d").write_text("syscall::acl:entry, BEGIN { exit(0); }\n")
    (tools / "default.d").write_text("#pragma D option defaultargs\nsyscall::$1:entry { }\n")
    (tools / "directives.d").write_text(
        '/* #!x */\n#pragma D option quiet\n#define TOLD "third"\nBEGIN { trace(TOLD); exit(0); }\n'
    )
    (tools / "wanted.d").write_text("#ifdef NEVER\n#endif\nBEGIN { exit($1); }\n")
    (tools / "lists").write_text("#!/bin/sh\ndtrace -l | grep -c :\n")
    (tools / "makes").write_text("""#!/usr/bin/perl\nmy $d = "";\nsystem("dtrace -qn '$d'");\n""")
    (tools / "chooses").write_text('#!/bin/sh\ndtrace -qs "$(dirname "$0")/$1.d"\n')

    dtrans("port", tools, "-o", out, "-j", "2")

    report = json.loads((out / "report.json").read_text())
    assert {tool["path"]: (tool["status"], tool["output"]) for tool in report["tools"]} == {
        "default.d": ("differs", "default.d"), "idle.d": ("idle", "idle.py"), "lib/part.d": ("exact", "lib/part.py"),
        "directives.d": ("exact", "directives.py"), "wanted.d": ("exact", "wanted.d"), "chooses": ("refused", ""),
        "lists": ("exact", "lists"), "makes": ("refused", ""),
        "twin": ("exact", "twin.py"), "twin.d": ("exact", "twin.d.py"), "whole": ("exact", "whole"),
    }  # fmt: skip
    assert (out / "wanted.d").read_text().startswith("#!/usr/bin/env -S dtrans-dtrace -Cs\n#ifdef")
    unknown = {tool["path"] for tool in report["tools"] if "is known only when it runs" in json.dumps(tool)}
    assert unknown == {"chooses", "makes"}
    for words, printed in (
        ([sys.executable, str(out / "twin.py")], "first"),
        ([sys.executable, str(out / "twin.d.py")], "second"),
        ([sys.executable, str(out / "directives.py")], "third"),
        ([str(out / "whole")], "hello"),
    ):
        ran = subprocess.run(words, capture_output=True, text=True, check=False, timeout=60)
        assert ran.stdout.strip() == printed, ran.stderr


def test_a_provider_and_a_structure_are_explained_from_their_rows(dtrans: Run) -> None:
    told = dtrans("explain", "udp").stdout
    assert "udp:::send: close\n" in told
    assert "args[4] udpinfo_t *" in told
    assert "rawtp:net_dev_queue" in told
    assert "op-putpubfh-done: not on Linux" in dtrans("explain", "nfsv4").stdout
    assert "uint16_t udp_sport: exact\n" in dtrans("explain", "udpinfo_t").stdout


def test_a_word_that_nothing_is_called_is_told_with_near_names(dtrans: Run) -> None:
    told = dtrans("explain", "tcpsinf_t", status=1).stderr
    assert told.startswith("error: 'tcpsinf_t' is no file, provider, structure or probe description [D_FILE]\n")
    assert "do you mean tcpsinfo_t" in told
    assert "failed to open some/nosuch.d" in dtrans("explain", "some/nosuch.d", status=1).stderr


def test_the_examples_of_the_reference_run(dtrans: Run) -> None:
    script = ROOT / "docs/reference/examples/tcp.d"
    shown = dtrans("run", script, "-q", "-c", shlex.join(command("tcp", "127.0.0.1", 7777, 2, 1000))).stdout
    assert shown.count("127.0.0.1:7777 1000 bytes") == 2
    assert "client state-syn-sent -> state-established" in shown


def test_each_program_has_clause_local_variables_of_its_own(dtrace: Run) -> None:
    texts = ("BEGIN { this->x = 1; self->y = 2; }", 'BEGIN { this->x = "s"; trace(this->x); trace(self->y); exit(0); }')
    assert dtrace("-q", "-n", texts[0], "-n", texts[1]).stdout.strip() == "s2"
    refused = dtrace("-q", "-n", texts[0], "-n", "BEGIN { trace(this->x); }", status=1)
    assert "this->x has not yet been declared or assigned" in refused.stderr
