"""Programs of a command line become sources, as the command line names them."""

from __future__ import annotations

import os
import threading
from pathlib import Path

import pytest

from dtrans.errors import DtransError
from dtrans.invocation.arguments import Arguments, Spec, read_arguments
from dtrans.invocation.request import given_programs, included_files, merged, script_arguments


@pytest.mark.parametrize(
    ("line", "options", "cpp"),
    [
        ("#!/usr/sbin/dtrace -s", {}, False),
        ("#!/usr/sbin/dtrace -Zs", {"zdefs": "1"}, False),
        ("#!/usr/sbin/dtrace -qs", {"quiet": "1"}, False),
        ("#!/usr/sbin/dtrace -CZs", {"cpp": "1", "zdefs": "1"}, True),
        ("#!/usr/sbin/dtrace -wqs", {"destructive": "1", "quiet": "1"}, False),
        ("#! /usr/bin/dtrace -q -s", {"quiet": "1"}, False),
        ("#!/usr/bin/env -S dtrace -qs", {"quiet": "1"}, False),
        ("#!/usr/sbin/dtrace", {}, False),
        ("#!/usr/bin/env -S dtrans run -q", {"quiet": "1"}, False),
        ("BEGIN", {}, False),
    ],
)
def test_flags_of_the_first_line_count(line: str, options: dict[str, str], cpp: bool) -> None:
    arguments = script_arguments("x.d", f"{line}\nBEGIN {{ }}\n")
    assert arguments.specs == (Spec("script", "x.d"),)
    assert arguments.options == options
    assert arguments.cpp is cpp


def test_a_script_of_another_interpreter_is_named_as_such() -> None:
    with pytest.raises(DtransError, match=r"x is no D script: its first line names /bin/sh -e"):
        script_arguments("x", "#!/bin/sh -e\ndtrace -n BEGIN\n")


def test_a_script_is_read_once_so_that_a_pipe_will_do() -> None:
    read, write = os.pipe()

    def give() -> None:
        os.write(write, b"BEGIN { }")
        os.close(write)

    writer = threading.Thread(target=give)
    writer.start()
    (program,) = given_programs(Arguments(specs=(Spec("script", f"/dev/fd/{read}"),)))
    writer.join()
    os.close(read)
    assert program.source.text == "BEGIN { }"
    assert program.title == f"script '/dev/fd/{read}'"


def test_text_that_is_no_utf8_is_kept_byte_for_byte(tmp_path: Path) -> None:
    script = tmp_path / "latin.d"
    script.write_bytes(b'BEGIN { trace("\xe9"); }')
    (program,) = given_programs(Arguments(specs=(Spec("script", str(script)),)))
    assert program.source.text.encode("utf-8", "surrogateescape") == script.read_bytes()


def test_a_script_that_is_not_there_is_refused_by_name() -> None:
    with pytest.raises(DtransError, match=r"failed to open nosuch\.d: No such file or directory"):
        given_programs(Arguments(specs=(Spec("script", "nosuch.d"),)))


def test_given_texts_stand_for_files() -> None:
    (program,) = given_programs(read_arguments(["-s", "/dev/stdin"]), {"/dev/stdin": "END { }"})
    assert program.source.text == "END { }"


def test_what_is_written_later_decides() -> None:
    both = merged(read_arguments(["-qb1k", "-s", "x.d"]), read_arguments(["-b2k", "one", "-p1"]))
    assert both.options == {"quiet": "1", "bufsize": "2k"}
    assert (both.specs, both.operands, both.pids) == ((Spec("script", "x.d"),), ("one",), (1,))


@pytest.mark.needs("command:cpp")
def test_the_preprocessor_gets_its_words_and_tells_what_it_read(tmp_path: Path) -> None:
    (tmp_path / "top.h").write_text("#define TOP 10\n")
    script = tmp_path / "x.d"
    script.write_text('#include "top.h"\nBEGIN { trace(TOP + MORE); }\n')
    (program,) = given_programs(read_arguments([f"-CI{tmp_path}", "-DMORE=5", "-s", str(script)]))
    assert "trace(10 + 5)" in program.source.text
    assert included_files(program) == (str(tmp_path / "top.h"),)
