"""``dtrans translate``: a D program as a stand-alone BCC program in Python, or as a bpftrace script."""

from __future__ import annotations

import os
from pathlib import Path

import click

from dtrans.cli.group import DtraceCommand, dtrace_options
from dtrans.cli.programs import read_words
from dtrans.cli.trace import make_pipeline
from dtrans.errors import fail

HELP = """Write a D program as a stand-alone BCC program, or as a bpftrace script.

The BCC program needs Python and the distribution's BCC where it runs, and neither D nor dtrans. Offsets of kernel
structures are looked up there, so that it runs on other kernels too. A bpftrace script says at its head what it does
otherwise; what bpftrace cannot do is refused.

\b
Examples:
  dtrans translate script.d                           to standard output
  dtrans translate script.d -o script.py
  dtrans translate -n 'io:::start { @[execname] = count(); }' -o io.py
  dtrans translate --to bpftrace script.d -o script.bt
"""


@click.command("translate", cls=DtraceCommand, help=HELP)
@click.argument("words", nargs=-1, metavar="[FILE] [ARGS]...", type=click.UNPROCESSED)
@click.option(
    "--to",
    type=click.Choice(["bcc", "bpftrace"]),
    default="bcc",
    show_default=True,
    help="What the program is written for.",
)
@click.option("-o", "dtrace_o", metavar="FILE", expose_value=False, help="The program's file, which is written anew.")
def command(words: tuple[str, ...], to: str) -> int:
    arguments = read_words(words)
    pipeline, given = make_pipeline(arguments, target=True)
    title = ", ".join(program.name.strip() for program in given)
    if to == "bpftrace":
        text = pipeline.bpftrace(title)
    else:
        from dtrans.emit.standalone import standalone

        text = standalone(pipeline.artifact, title, tuple(program.title for program in given))
    if arguments.output is None:
        click.echo(text.encode("utf-8", "surrogateescape"), nl=False)
        return 0
    write_program(Path(arguments.output), text)
    return 0


def write_program(path: Path, text: str) -> None:
    """Writes a program so that it can be started. Raises DtransError D_FILE."""
    try:
        path.write_text(text, encoding="utf-8", errors="surrogateescape")
        path.chmod(path.stat().st_mode | (0o111 & ~_umask()))
    except OSError as error:
        raise fail("D_FILE", f"failed to write {path}: {error.strerror}") from None


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask


dtrace_options("nsxwZCIDU")(command)
