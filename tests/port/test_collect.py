"""Tools of a collection are found: scripts, wrappers, and other names for them."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from dtrans.port.collect import Script, collect, on_linux, read_script


def script(tmp_path: Path, name: str, text: str) -> Script | None:
    path = tmp_path / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return read_script(path, Path(name))


def test_scripts_wrappers_and_aliases_are_told_apart(tmp_path: Path) -> None:
    script(tmp_path, "Disk/io.d", "#!/usr/sbin/dtrace -s\nBEGIN { }\n")
    script(tmp_path, "plain.d", "BEGIN { }\n")
    script(tmp_path, "snoop", "#!/bin/sh\ndtrace -n 'BEGIN { }'\n")
    script(tmp_path, "other", "#!/bin/sh\necho dtrace -n\n")
    script(tmp_path, "README", "dtrace -n 'BEGIN { }'\n")
    script(tmp_path, ".hidden/x.d", "BEGIN { }\n")
    (tmp_path / "data.d").write_bytes(b"\0\1")
    (tmp_path / "Bin").mkdir()
    (tmp_path / "Bin/io.d").symlink_to("../Disk/io.d")
    (tmp_path / "Bin/gone.d").symlink_to("../nowhere")

    found = collect(tmp_path)

    assert {(str(one.path), one.kind) for one in found.scripts} == {
        ("Disk/io.d", "d"), ("plain.d", "d"), ("snoop", "wrapper"),
    }  # fmt: skip
    assert found.aliases == ((Path("Bin/io.d"), Path("Disk/io.d")),)


def test_a_single_file_is_a_collection_of_one(tmp_path: Path) -> None:
    script(tmp_path, "one.d", "BEGIN { }\n")
    assert [one.path for one in collect(tmp_path / "one.d").scripts] == [Path("one.d")]


@pytest.mark.parametrize(
    "text",
    [
        "#!/usr/bin/ksh\n/usr/sbin/dtrace -qn 'BEGIN { }'\n",
        "#!/bin/sh\ndtrace=/usr/sbin/dtrace\n$dtrace -qn 'BEGIN { }'\n",
        "#!/bin/bash\nexec sudo dtrace -qn 'BEGIN { }' | awk '{ print }'\n",
        "#!/usr/bin/env bash\nprogram='BEGIN { }'\nif true; then\n\tdtrace -qn \"$program\" &\nfi\n",
        "#!/bin/sh\necho 'BEGIN { }' >/dev/null; true | /usr/sbin/dtrace -qn 'BEGIN { }' || exit 1\n",
        "#!/usr/bin/perl\n# don't print\n$_ = 'a b'; open(D, \"/usr/sbin/dtrace -qn 'BEGIN { }' |\");\n",
        "#!/usr/bin/perl\nprint `dtrace -qn 'BEGIN { }'`;\n",
        "#!/usr/bin/perl -w\nmy $d = <<END;\n/usr/sbin/dtrace -qn 'BEGIN { }'\nEND\nopen D, \"$d |\";\n",
    ],
)
def test_a_wrapper_s_program_is_what_it_would_hand_over(tmp_path: Path, text: str) -> None:
    found = script(tmp_path, "tool", text)
    assert found is not None
    assert [call.words for call in found.calls] == [("-qn", "BEGIN { }")]


def test_perl_s_own_splices_are_taken_out_first(tmp_path: Path) -> None:
    text = "#!/usr/bin/perl\n$d = <<END;\ndtrace -n '\n @n = count(); \\@sum = sum($x[0]); /pid == \\$target/\n'\nEND\n"
    found = script(tmp_path, "tool", text)
    assert found is not None
    assert found.calls[0].words[1] == "\n 1 = count(); @sum = sum(1); /pid == $target/\n"


def test_perl_s_constants_are_known(tmp_path: Path) -> None:
    text = '#!/usr/bin/perl\n$f = "";\n$f = "&& 2";\nmy $a = "-p $main::opt_p";\n'
    text += "$d = <<END;\ndtrace -n 'x$f' $a $b\nEND\n"
    found = script(tmp_path, "tool", text)
    assert found is not None
    assert found.calls[0].words == ("-n", "x", "-p", "1", "1")


@pytest.mark.parametrize(
    "text", ["cat <<'END' | dtrace -s /dev/stdin\nBEGIN { }\nEND\n", "echo 'BEGIN { }' | dtrace -s -\n"]
)
def test_a_program_that_comes_through_a_pipe_belongs_to_its_call(tmp_path: Path, text: str) -> None:
    found = script(tmp_path, "tool", f"#!/bin/sh\n{text}")
    assert found is not None
    (call,) = found.calls
    assert dict(call.files)["/dev/stdin"] == "BEGIN { }\n"


def test_what_a_wrapper_is_told_when_it_runs_may_be_a_part_of_a_name(tmp_path: Path) -> None:
    found = script(tmp_path, "tool", "#!/bin/sh\ndtrace -n 'syscall::'$1':entry'\ndtrace -n BEGIN\n")
    assert found is not None
    named, fixed = found.calls
    assert named.words[1] == "syscall::1:entry"
    assert named.other is not None
    assert named.other.words[1] == "syscall::*:entry"
    assert fixed.other is None


def test_a_command_line_in_a_file_named_like_a_script_is_a_wrapper(tmp_path: Path) -> None:
    found = script(tmp_path, "line.d", "\ndtrace -n 'BEGIN { }'\n")
    assert found is not None
    assert found.kind == "wrapper"


def test_what_is_no_regular_file_is_left_alone_and_a_link_out_of_the_folder_is_followed(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.d")
    script(tmp_path, "elsewhere/tool.d", "BEGIN { }\n")
    (tmp_path / "here").mkdir()
    (tmp_path / "here/linked.d").symlink_to("../elsewhere/tool.d")
    assert [one.path for one in collect(tmp_path / "here").scripts] == [Path("linked.d")]
    assert [one.path for one in collect(tmp_path).scripts] == [Path("elsewhere/tool.d")]


def test_a_program_in_a_here_document_belongs_to_its_call(tmp_path: Path) -> None:
    found = script(tmp_path, "tool", "#!/bin/sh\nx=1\n\ndtrace -s /dev/stdin << END\nBEGIN { trace($x); }\nEND\n")
    assert found is not None
    (call,) = found.calls
    assert dict(call.files)["/dev/stdin"] == "BEGIN { trace(1); }\n"
    assert call.line == 4


def test_a_copy_calls_another_command_and_is_else_the_same() -> None:
    text = "#!/bin/sh\n# see dtrace(1)\nd=/usr/sbin/dtrace\n/usr/sbin/dtrace -n 'dtrace:::BEGIN { }'\ndtrace -s x.d\n"
    expected = "#!/bin/sh\n# see dtrace(1)\nd=mine\nmine -n 'dtrace:::BEGIN { }'\nmine -s x.d\n"
    assert on_linux(text, "mine") == expected
