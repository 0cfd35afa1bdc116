"""``dtrans doctor``: what this machine can trace, feature by feature, and how to get what is missing."""

from __future__ import annotations

import platform
from pathlib import Path

import click

from dtrans import __version__
from dtrans.cli.commands.install import DEFAULT_PATH, MARKER
from dtrans.cli.doctor import Finding, Machine, works

HELP = """Tell what this machine can trace, and how to get what is missing.

Each line is a trial made just now. The exit status is 0 when D programs can run, 1 when something they all need is
missing.

\b
Examples:
  sudo dtrans doctor
  sudo dtrans doctor && sudo dtrans run script.d
"""

_MARKS = {True: ("yes", "green"), False: ("no", "red")}


@click.command("doctor", help=HELP)
def command() -> int:
    click.echo(f"dtrans {__version__}, Linux {platform.release()} on {platform.machine()}\n")
    findings = []
    for finding in Machine().findings():
        findings.append(finding)
        show(finding)
    click.echo(f"\nThe drop-in dtrace: {drop_in(Path(DEFAULT_PATH))}")
    good = works(findings)
    click.echo("D programs can run here." if good else "D programs cannot run here: see the lines marked 'needed'.")
    return 0 if good else 1


def show(finding: Finding) -> None:
    """One line, and below it the remedy."""
    word, colour = _MARKS[finding.good]
    if not finding.good and finding.weight != "needed":
        colour = "yellow"
    mark = click.style(f"{word:<4}", fg=colour)
    detail = f" ({finding.detail})" if finding.detail else ""
    click.echo(f"  {mark}{finding.name:<22}{finding.weight:<8}{finding.serves}{detail}")
    if finding.remedy:
        click.echo(f"{'':36}to have it: {finding.remedy}")


def drop_in(path: Path) -> str:
    """What stands where the drop-in would be installed."""
    try:
        ours = MARKER.encode() in path.read_bytes()
    except FileNotFoundError:
        return f"not installed; 'dtrans install-dtrace' puts it at {path}"
    except OSError as error:
        return f"{path} cannot be read: {error.strerror}"
    return f"{path}" if ours else f"{path} is another dtrace"
