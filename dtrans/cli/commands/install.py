"""``dtrans install-dtrace``: puts the drop-in where ``#!/usr/sbin/dtrace -s`` looks for it.

The installed file is a few lines of Python with a marker, by which it is known again: a file without the marker is
never overwritten and never removed. The same holds for the header that ``--headers`` writes: scripts around D programs
read the names of errors from it where Solaris keeps them.
"""

from __future__ import annotations

import contextlib
import errno
import os
import stat
import sys
from pathlib import Path

import click

from dtrans.errors import fail

MARKER = "# Made by 'dtrans install-dtrace'; 'dtrans install-dtrace --remove' removes it."
DEFAULT_PATH = "/usr/sbin/dtrace"
HEADER_MARKER = "/* Made by 'dtrans install-dtrace --headers'; 'dtrans install-dtrace --remove' removes it. */"
HEADER_PATH = "/usr/include/sys/errno.h"

#: As <errno.h> has them.
_SECOND_NAMES = ("EWOULDBLOCK", "EDEADLOCK", "ENOTSUP")

HELP = """Install the drop-in dtrace command, so that scripts that start with

  #!/usr/sbin/dtrace -s

run, and shell wrappers that call dtrace. A file that dtrans did not write is left alone.

With --headers, also write /usr/include/sys/errno.h, where scripts such as errinfo look for the texts of errors.

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
@click.option("--headers", is_flag=True, help=f"Write {HEADER_PATH} too, in the form that Solaris gives it.")
@click.option("--remove", is_flag=True, help="Remove the command that was installed there, and the header.")
def command(path: str, headers: bool, remove: bool) -> int:
    header = Path(HEADER_PATH)
    if remove:
        click.echo(f"removed {path}" if uninstall(Path(path)) else f"nothing to remove at {path}")
        if (headers or path == DEFAULT_PATH) and uninstall_header(header):
            click.echo(f"removed {header}")
        return 0
    install(Path(path))
    click.echo(f"installed {path}")
    if headers:
        install_header(header)
        click.echo(f"installed {header}")
    return 0


def install(path: Path) -> None:
    """Writes the drop-in, in place of an earlier one of ours. Raises DtransError D_INSTALL."""
    _refuse_foreign(path, MARKER, "--path names another place; or move the file away first")
    _write(path, launcher(), 0o755)


def uninstall(path: Path) -> bool:
    """Removes the drop-in; False when nothing is there. Raises DtransError D_INSTALL for a file that is not ours."""
    if not _refuse_foreign(path, MARKER, "it is left as it is"):
        return False
    _remove(path)
    return True


def install_header(path: Path) -> None:
    """Writes the header of errors, and the folder for it. Raises DtransError D_INSTALL when another's is there."""
    _refuse_foreign(path, HEADER_MARKER, "it belongs to this system, and stays")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise _failed("install", path, error) from None
    _write(path, errno_header(), 0o644)


def uninstall_header(path: Path) -> bool:
    """Removes the header if it is ours, and its folder if nothing else is in it; False when there was none of ours."""
    try:
        ours = stat.S_ISREG(path.lstat().st_mode) and HEADER_MARKER.encode() in path.read_bytes()
    except OSError:
        return False
    if ours:
        _remove(path)
        with contextlib.suppress(OSError):
            path.parent.rmdir()
    return ours


def errno_header() -> str:
    """This system's errors as Solaris lists them: ``#define EPERM 1 /* Operation not permitted */``, by number.

    A second name of a number is defined by the first. The values are those of <errno.h>, so that both can be included.
    """
    names = {name: number for name, number in vars(errno).items() if name.startswith("E")}
    numbered = {number: name for name, number in names.items() if name not in _SECOND_NAMES}
    lines = [f"#define\t{name}\t{number}\t/* {os.strerror(number)} */" for number, name in sorted(numbered.items())]
    lines += [f"#define\t{name}\t{numbered[names[name]]}" for name in _SECOND_NAMES if name in names]
    return "\n".join((HEADER_MARKER, "#ifndef _SYS_ERRNO_H", "#define _SYS_ERRNO_H", *lines, "#endif", ""))


def launcher() -> str:
    """The text of the drop-in: it starts this very dtrans with this very Python, wherever it is called from."""
    package = str(Path(__file__).resolve().parents[3])
    # -I: root must not import from the folder where a script happens to stand, nor by PYTHONPATH.
    return (
        f"#!{sys.executable} -I\n{MARKER}\n"
        f"import sys\n\nsys.path.append({package!r})\n\n"
        "from dtrans.cli.dtrace import main\nfrom dtrans.cli.program import program\n\nprogram(main)\n"
    )


def _write(path: Path, text: str, mode: int) -> None:
    """Puts a whole file in place at once."""
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        beside.write_text(text, encoding="utf-8")
        beside.chmod(mode)
        beside.replace(path)
    except OSError as error:
        with contextlib.suppress(OSError):
            beside.unlink(missing_ok=True)
        raise _failed("install", path, error) from None


def _remove(path: Path) -> None:
    try:
        path.unlink()
    except OSError as error:
        raise _failed("remove", path, error) from None


def _refuse_foreign(path: Path, marker: str, hint: str) -> bool:
    """Whether a file of ours is there. Raises DtransError D_INSTALL when it is another's."""
    try:
        mode = path.lstat().st_mode
        if stat.S_ISREG(mode) and marker.encode() in path.read_bytes():
            return True
    except FileNotFoundError:
        return False
    except OSError as error:
        raise _failed("read", path, error) from None
    raise fail("D_INSTALL", f"{path} is there, and dtrans did not make it", hint=hint)


def _failed(what: str, path: Path, error: OSError) -> Exception:
    hint = "this needs root: sudo dtrans install-dtrace" if isinstance(error, PermissionError) else ""
    return fail("D_INSTALL", f"cannot {what} {path}: {error.strerror}", hint=hint)
