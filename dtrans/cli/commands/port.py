"""``dtrans port``: a whole folder of scripts, translated and reported."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import click

from dtrans.port.outcome import Outcome
from dtrans.port.port import port
from dtrans.port.report import summary

HELP = """Translate every D script below FOLDER, and every wrapper that calls dtrace, into the folder OUT.

A script becomes a stand-alone BCC program, OUT/<its path>.py; a wrapper a copy that calls the drop-in. OUT/report.md
and OUT/report.json tell what became of each tool: translated as it was, with stated differences, in part, or
refused, and why.

The exit status is 0 when all was translated or refused with a reason, 1 when dtrans itself failed with a tool.

\b
Examples:
  sudo dtrans port DTraceToolkit -o ported
  sudo dtrans port scripts -o ported -j 4
"""


@click.command("port", help=HELP)
@click.argument("folder", type=click.Path(exists=True, path_type=Path))
@click.option(
    "-o", "--out", required=True, type=click.Path(file_okay=False, path_type=Path), help="The folder to write."
)
@click.option(
    "-j", "--jobs", type=click.IntRange(1), default=None, help="Processes at a time; as many as processors by default."
)
def command(folder: Path, out: Path, jobs: int | None) -> int:
    with _progress() as told:
        outcomes = port(folder, out, jobs or len(os.sched_getaffinity(0)), told)
    click.echo(f"{summary(outcomes)}\nreport: {out / 'report.md'}")
    return int(any(outcome.status == "failed" for outcome in outcomes))


@contextmanager
def _progress() -> Iterator[Callable[[Outcome, int, int], None]]:
    """A bar on a terminal; a line for each tool that was not translated elsewhere."""
    if not sys.stderr.isatty():
        yield _line
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

    with Progress(
        BarColumn(), MofNCompleteColumn(), TextColumn("{task.description}"), console=Console(stderr=True)
    ) as bar:
        task = bar.add_task("", total=None)
        yield lambda outcome, done, total: bar.update(task, completed=done, total=total, description=outcome.path)


def _line(outcome: Outcome, done: int, total: int) -> None:
    for refusal in outcome.refusals[:1]:
        click.echo(f"[{done}/{total}] {outcome.path}: {outcome.status}: {refusal.message} [{refusal.tag}]", err=True)
