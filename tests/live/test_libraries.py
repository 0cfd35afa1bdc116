"""D libraries: ``-L``, and in what order they are read."""

from __future__ import annotations

from pathlib import Path

from tests.conftest import Run

PROGRAM = 'BEGIN { printf("%d %s\\n", ABOVE, xlate <netinfo_t *>(1)->n_name); exit(0); }'


def libraries(folder: Path, **texts: str) -> Path:
    folder.mkdir()
    for name, text in texts.items():
        (folder / f"{name}.d").write_text(text)
    return folder


def test_a_library_is_read_after_those_that_it_depends_on(dtrace: Run, tmp_path: Path) -> None:
    above = libraries(
        tmp_path / "one",
        above="#pragma D depends_on library base.d\n#pragma D depends_on provider io\ninline int ABOVE = BASE + 1;\n"
        'translator netinfo_t < int I > { n_x = I; n_name = "net"; };\nBEGIN { trace(1); }',
    )
    base = libraries(
        tmp_path / "two",
        base='inline int BASE = 41;\n#pragma D binding "1.0" BASE\n'
        "typedef struct netinfo { int n_x; string n_name; } netinfo_t;",
    )
    assert dtrace("-L", above, "-L", base, "-qn", PROGRAM).stdout.strip() == "42 net"
    assert dtrace("-x", f"libdir={above}", "-L", base, "-qn", PROGRAM).stdout.strip() == "42 net"
    assert "D_IDENT_UNDEF" in dtrace("-L", above, "-L", base, "-x", "nolibs", "-qn", PROGRAM, status=1).stderr


def test_a_library_whose_needs_are_not_met_is_left_out_with_those_that_need_it(dtrace: Run, tmp_path: Path) -> None:
    folder = libraries(
        tmp_path / "lib",
        needy="#pragma D depends_on provider nosuch\ninline int NEEDY = 1;",
        needier="#pragma D depends_on library needy.d\ninline int NEEDIER = NEEDY;",
        other="inline int OTHER = 3;",
    )
    assert dtrace("-L", folder, "-qn", 'BEGIN { printf("%d", OTHER); exit(0); }').stdout.strip() == "3"
    assert "D_IDENT_UNDEF" in dtrace("-L", folder, "-qn", "BEGIN { trace(NEEDIER); }", status=1).stderr


def test_libraries_that_need_each_other_are_refused(dtrace: Run, tmp_path: Path) -> None:
    folder = libraries(
        tmp_path / "lib",
        one="#pragma D depends_on library two.d\n",
        two="#pragma D depends_on library one.d\n",
    )
    told = dtrace("-L", folder, "-qn", "BEGIN { exit(0); }", status=1).stderr
    assert "D_PRAGMA_DEPEND" in told
    assert "one.d => two.d => one.d" in told


def test_a_library_that_is_nowhere_is_refused(dtrace: Run, tmp_path: Path) -> None:
    folder = libraries(tmp_path / "lib", one="#pragma D depends_on library nosuch.d\n")
    assert "failed to find dependency" in dtrace("-L", folder, "-qn", "BEGIN { exit(0); }", status=1).stderr
    assert (
        "failed to read the folder of libraries"
        in dtrace("-L", tmp_path / "nosuch", "-qn", "BEGIN { exit(0); }", status=1).stderr
    )
