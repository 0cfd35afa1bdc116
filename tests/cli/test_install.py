"""The drop-in is installed, known again, and never put over another's file."""

from __future__ import annotations

import errno
import os
import re
import subprocess
from pathlib import Path

import pytest

from dtrans.cli.commands.install import (
    HEADER_MARKER,
    MARKER,
    errno_header,
    install,
    install_header,
    uninstall,
    uninstall_header,
)
from dtrans.errors import DtransError


def test_the_installed_command_is_dtrace_wherever_it_is_called_from(tmp_path: Path) -> None:
    path = tmp_path / "dtrace"
    install(path)
    done = subprocess.run([path, "-V"], cwd="/", env={}, capture_output=True, text=True, check=True)
    assert done.stdout.startswith("dtrace: Sun D 1.")


def test_a_script_runs_through_it_by_its_first_line(tmp_path: Path) -> None:
    install(tmp_path / "dtrace")
    script = tmp_path / "x.d"
    script.write_text(f"#!{tmp_path / 'dtrace'} -k\n")
    script.chmod(0o755)
    done = subprocess.run([script], capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert done.stderr.startswith("dtrace: illegal option -- k\n")


def test_installing_again_replaces_our_own(tmp_path: Path) -> None:
    path = tmp_path / "dtrace"
    path.write_text(f"#!/nowhere/python\n{MARKER}\n")
    install(path)
    assert "/nowhere" not in path.read_text()
    assert os.listdir(tmp_path) == ["dtrace"]


@pytest.mark.parametrize("kind", ["file", "link", "folder", "binary"])
def test_what_is_not_ours_is_left_alone(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "dtrace"
    match kind:
        case "file":
            path.write_text("#!/bin/sh\n")
        case "binary":
            path.write_bytes(b"\x7fELF\xff")
        case "folder":
            path.mkdir()
        case "link":
            (tmp_path / "real").write_text(MARKER)
            path.symlink_to("real")
    before = path.lstat()
    for change in (install, uninstall):
        with pytest.raises(DtransError) as caught:
            change(path)
        assert caught.value.diagnostic.tag == "D_INSTALL"
    assert path.lstat() == before


def test_removing_removes_ours_and_nothing_when_nothing_is_there(tmp_path: Path) -> None:
    path = tmp_path / "dtrace"
    install(path)
    assert uninstall(path)
    assert not path.exists()
    assert not uninstall(path)


def test_a_folder_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(DtransError, match=r"cannot install .*: No such file or directory"):
        install(tmp_path / "none" / "dtrace")


def test_the_header_gives_each_error_its_number_and_text(tmp_path: Path) -> None:
    path = tmp_path / "sys" / "errno.h"
    install_header(path)
    found = dict(re.findall(r"^#define\s+(\w+)\s+\d+\s+/\*(.*)\*/", path.read_text(), re.MULTILINE))
    assert found["EPERM"].strip() == "Operation not permitted"
    assert {errno.errorcode[getattr(errno, name)] for name in found} == set(errno.errorcode.values())


@pytest.mark.needs("command:gcc")
def test_the_header_agrees_with_that_of_c(tmp_path: Path) -> None:
    source = "#include <errno.h>\n" + errno_header()
    words = ["gcc", "-Werror", "-fsyntax-only", "-xc", "-"]
    subprocess.run(words, input=source, text=True, check=True, timeout=60)


def test_the_header_comes_and_goes_with_its_folder(tmp_path: Path) -> None:
    path = tmp_path / "sys" / "errno.h"
    install_header(path)
    install_header(path)
    assert path.read_text().startswith(HEADER_MARKER)
    assert uninstall_header(path)
    assert os.listdir(tmp_path) == []
    assert not uninstall_header(path)


def test_a_header_of_the_system_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "errno.h"
    path.write_text("#include <errno.h>\n")
    with pytest.raises(DtransError, match="dtrans did not make it"):
        install_header(path)
    assert not uninstall_header(path)
    assert path.read_text() == "#include <errno.h>\n"
