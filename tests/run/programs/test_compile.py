"""Finding BCC: the distribution's, and never the package of the same name on PyPI."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from dtrans.errors import DtransError
from dtrans.run.programs import bcc
from dtrans.run.programs.bcc import bcc_folder
from dtrans.run.programs.stub import stub_files


@pytest.fixture
def nowhere(monkeypatch: pytest.MonkeyPatch) -> None:
    """No distribution has installed anything."""
    monkeypatch.setattr(bcc, "_SYSTEM_FOLDERS", ())
    monkeypatch.setattr(bcc, "_SYSTEM_PATTERNS", ())
    monkeypatch.setattr(sys, "path", [])


@pytest.mark.usefixtures("nowhere")
def test_a_missing_bcc_is_told_with_the_packages_to_install() -> None:
    with pytest.raises(DtransError) as caught:
        bcc_folder()
    assert caught.value.diagnostic.tag == "D_NO_BCC"
    assert "python3-bpfcc" in caught.value.diagnostic.hint


@pytest.mark.usefixtures("nowhere")
def test_the_unrelated_package_is_recognised_and_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "bcc").mkdir()
    (tmp_path / "bcc" / "__init__.py").write_text("")
    monkeypatch.setattr(sys, "path", [str(tmp_path)])
    with pytest.raises(DtransError, match="is not the BPF Compiler Collection"):
        bcc_folder()


def test_the_distributions_is_found_behind_the_unrelated_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("venv", "system"):
        (tmp_path / name / "bcc").mkdir(parents=True)
    (tmp_path / "system" / "bcc" / "libbcc.py").write_text("")
    monkeypatch.setattr(sys, "path", [str(tmp_path / "venv")])
    monkeypatch.setattr(bcc, "_SYSTEM_FOLDERS", (str(tmp_path / "system"),))
    assert bcc_folder() == str(tmp_path / "system" / "bcc")


@pytest.mark.parametrize("machine", ["x86_64", "aarch64"])
def test_the_stub_has_registers_for_each_machine(machine: str) -> None:
    text = stub_files(machine)["include/linux/types.h"]
    assert "struct pt_regs {" in text
    assert "bpf_user_pt_regs_t regs;" in text
