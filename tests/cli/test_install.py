"""The drop-in is installed, known again, and never put over another's file."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from dtrans.cli.commands.install import MARKER, install, uninstall
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
    assert os.listdir(tmp_path) == ["dtrace"]  # noqa: PTH208


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
