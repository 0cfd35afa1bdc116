"""What the manual says of options must be what the program says."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from docs.generate import pages
from dtrans.options import OPTIONS, Option

ROOT = Path(__file__).resolve().parent.parent
PLACES = ("*.md", "docs/**/*.md", "examples/*.md", "bench/*.md")
PAGES = sorted(page for pattern in PLACES for page in ROOT.glob(pattern))
ROWS = {
    cells[1].strip(" `"): cells
    for line in (ROOT / "docs/manual/options.md").read_text().splitlines()
    if line.startswith("| `") and (cells := line.split("|"))
}


def test_the_manual_has_every_option_and_no_other() -> None:
    assert sorted(ROWS) == sorted(OPTIONS)


@pytest.mark.parametrize("option", OPTIONS.values(), ids=lambda option: option.name)
def test_the_manual_gives_each_options_default_and_why_it_has_no_effect(option: Option) -> None:
    _, _, values, default, text, _ = ROWS[option.name]
    assert default.strip() == (option.default or "-")
    assert ("no effect" in text) == bool(option.reason)
    assert option.reason in text
    assert all(f"`{choice}`" in values for choice in option.choices)


def test_the_manual_says_which_options_can_be_changed_and_which_a_program_cannot_give() -> None:
    text = (ROOT / "docs/manual/options.md").read_text()
    changed = re.search(r"these: (.*?)\. Others", text, re.DOTALL)
    outside = re.search(r"not in a program: (.*?)\.\n", text)
    assert changed is not None
    assert outside is not None
    assert re.findall(r"`(\w+)`", changed[1]) == [name for name, option in OPTIONS.items() if option.dynamic]
    assert re.findall(r"`(\w+)`", outside[1]) == [name for name, option in OPTIONS.items() if option.outside]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_between_pages_lead_somewhere(page: Path) -> None:
    for target in re.findall(r"\]\(([^)#:]+)\)", page.read_text()):
        assert (page.parent / target).exists(), target


def test_the_pages_made_from_data_are_up_to_date() -> None:
    made = pages()
    for path, text in made.items():
        assert path.read_text() == text, f"{path.relative_to(ROOT)}: run: make docs"
    assert {*(ROOT / "docs/reference").glob("*.md")} <= set(made), "a page without a provider"


def test_each_provider_has_an_example_and_what_it_printed() -> None:
    providers = {page.stem for page in (ROOT / "docs/reference").glob("*.md")} - {"README", "variables"}
    examples = ROOT / "docs/reference/examples"
    assert {
        name for name in providers if not ((examples / f"{name}.d").exists() and (examples / f"{name}.out").exists())
    } == set()
