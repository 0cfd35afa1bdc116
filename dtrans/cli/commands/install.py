"""``dtrans install-dtrace``: puts the drop-in where ``#!/usr/sbin/dtrace -s`` looks for it.

The installed file is a few lines of Python with a marker, by which it is known again: a file without the marker is
never overwritten and never removed.
"""

from __future__ import annotations

import os
import stat
import sys
from pathlib import Path

import click

from dtrans.errors import fail

MARKER = "# Made by 'dtrans install-dtrace'; 'dtrans install-dtrace --remove' removes it."
DEFAULT_PATH = "/usr/sbin/dtrace"

HELP = """Install the drop-in dtrace command, so that scripts that start with

  #!/usr/sbin/dtrace -s

run, and shell wrappers that call dtrace. A file that dtrans did not write is left alone.

\b
Examples:
  sudo dtrans install-dtrace
  dtrans install-dtrace --path ~/bin/dtrace
  sudo dtrans install-dtrace --remove
"""


@click.command("install-dtrace", help=HELP)
@click.option(
    "--path", default=DEFAULT_PATH, show_default=True, type=click.Path(dir_okay=False), help="Where to put the command."
)
@click.option("--remove", is_flag=True, help="Remove the command that was installed there.")
def command(path: str, remove: bool) -> int:
    if remove:
        click.echo(f"removed {path}" if uninstall(Path(path)) else f"nothing to remove at {path}")
    else:
        install(Path(path))
        click.echo(f"installed {path}")
    return 0


def install(path: Path) -> None:
    """Writes the drop-in, in place of an earlier one of ours. Raises DtransError D_INSTALL."""
    _refuse_foreign(path)
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        beside.write_text(launcher(), encoding="utf-8")
        beside.chmod(0o755)
        beside.replace(path)
    except OSError as error:
        beside.unlink(missing_ok=True)
        raise _failed("install", path, error) from None


def uninstall(path: Path) -> bool:
    """Removes the drop-in; False when nothing is there. Raises DtransError D_INSTALL for a file that is not ours."""
    if not _refuse_foreign(path):
        return False
    try:
        path.unlink()
    except OSError as error:
        raise _failed("remove", path, error) from None
    return True


def launcher() -> str:
    """The text of the drop-in: it starts this very dtrans with this very Python, wherever it is called from."""
    package = str(Path(__file__).resolve().parents[3])
    # -I: root must not import from the folder where a script happens to stand, nor by PYTHONPATH.
    return (
        f"#!{sys.executable} -I\n{MARKER}\n"
        f"import sys\n\nsys.path.append({package!r})\n\n"
        "from dtrans.cli.dtrace import main\n\nsys.exit(main())\n"
    )


def _refuse_foreign(path: Path) -> bool:
    """Whether a file of ours is there. Raises DtransError D_INSTALL when it is another's."""
    try:
        mode = path.lstat().st_mode
        if stat.S_ISREG(mode) and MARKER.encode() in path.read_bytes():
            return True
    except FileNotFoundError:
        return False
    except OSError as error:
        raise _failed("read", path, error) from None
    raise fail(
        "D_INSTALL",
        f"{path} is there, and dtrans did not make it",
        hint="--path names another place; or move the file away first",
    )


def _failed(what: str, path: Path, error: OSError) -> Exception:
    hint = "this needs root: sudo dtrans install-dtrace" if isinstance(error, PermissionError) else ""
    return fail("D_INSTALL", f"cannot {what} {path}: {error.strerror}", hint=hint)
