"""`dtrans.data` finds the data folders in a checkout and in an installed package, and says so when they are gone."""

from __future__ import annotations

from pathlib import Path

import pytest

from dtrans import data
from dtrans.errors import DtransError


def test_a_checkout_has_its_folders_at_the_top() -> None:
    assert data.data_dir("translators") == str(Path(data.__file__).resolve().parents[1] / "translators")


def test_an_installed_package_has_them_inside(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    inside, outside = tmp_path / "dtrans/_data/translators", tmp_path / "translators"
    inside.mkdir(parents=True)
    outside.mkdir()
    monkeypatch.setattr(data, "_PACKAGE", tmp_path / "dtrans")
    assert data.data_dir("translators") == str(inside)


def test_a_missing_folder_is_an_error_that_names_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(data, "_PACKAGE", tmp_path / "dtrans")
    with pytest.raises(DtransError, match="lacks its folder 'translators'") as caught:
        data.data_dir("translators")
    assert caught.value.diagnostic.tag == "D_DATA"
