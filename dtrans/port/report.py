"""The report of a port: ``report.json`` for programs, ``report.md`` for people. Every tool of the collection is in
both."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from dtrans.port.outcome import STATUSES, Outcome, Refusal


def write_report(outcomes: Sequence[Outcome], out: Path, title: str, kernel: str) -> None:
    """Writes both files below `out`. Raises OSError."""
    plain = {
        "collection": title,
        "kernel": kernel,
        "totals": {status: sum(one.status == status for one in outcomes) for status in STATUSES},
        "tools": [one.to_plain() for one in outcomes],
    }
    (out / "report.json").write_text(json.dumps(plain, indent=1) + "\n", encoding="utf-8")
    text = "\n".join(_markdown(outcomes, title, kernel)) + "\n"
    (out / "report.md").write_text(text, encoding="utf-8", errors="backslashreplace")


def summary(outcomes: Sequence[Outcome]) -> str:
    """One line: how many tools became what."""
    counts = Counter(one.status for one in outcomes)
    names = {
        "exact": "translated",
        "differs": "with stated differences",
        "idle": "without probes that are not here",
        "partly": "translated in part",
        "refused": "refused",
        "failed": "failed",
    }
    told = ", ".join(f"{counts[status]} {names[status]}" for status in STATUSES if counts[status])
    return f"{len(outcomes)} tools: {told or 'none'}"


def _markdown(outcomes: Sequence[Outcome], title: str, kernel: str) -> Iterator[str]:
    yield f"# {title} on Linux {kernel}"
    yield ""
    yield f"{summary(outcomes)}."
    yield ""
    yield from _table(
        ("state", "tools", "meaning"),
        [(status, sum(one.status == status for one in outcomes), text) for status, text in STATUSES.items()],
    )
    yield from _by_provider(outcomes)
    yield from _by_reason(outcomes)
    yield "## Tools"
    yield ""
    yield from _table(("tool", "state", "port"), [(one.path, one.status, one.output or "-") for one in outcomes])
    yield "## Tool by tool"
    yield ""
    for one in outcomes:
        yield from _tool(one)


def _by_provider(outcomes: Sequence[Outcome]) -> Iterator[str]:
    totals = {
        provider: Counter(one.status for one in outcomes if provider in one.providers)
        for provider in sorted({provider for one in outcomes for provider in one.providers})
    }
    yield "## By provider"
    yield ""
    yield from _table(
        ("provider", "tools", *STATUSES),
        [(f"`{name}`", total.total(), *(total[status] for status in STATUSES)) for name, total in totals.items()],
    )


def _by_reason(outcomes: Sequence[Outcome]) -> Iterator[str]:
    reasons = Counter((refusal.tag, refusal.message) for one in outcomes for refusal in dict.fromkeys(one.refusals))
    if reasons:
        yield "## Why tools were not translated"
        yield ""
        rows = [(number, f"`{tag}`", message) for (tag, message), number in reasons.most_common()]
        yield from _table(("tools", "tag", "reason"), rows)


def _tool(one: Outcome) -> Iterator[str]:
    yield f"### {one.path}"
    yield ""
    refused = len(one.refusals)
    counted = f"{len(one.parts) - refused} of {len(one.parts)}; " if one.status == "partly" else ""
    yield f"{one.status}: {counted}{STATUSES[one.status]} ({_kind(one)})."
    if one.aliases:
        yield f"Also called {', '.join(one.aliases)}."
    yield ""
    points = [*_refusals(one), *_differences(one)]
    yield from points
    if points:
        yield ""


def _kind(one: Outcome) -> str:
    if one.kind != "d":
        return f"a {one.interpreter} wrapper, {len(one.parts)} call{'s' * (len(one.parts) != 1)} of dtrace"
    if one.arguments:
        words = f"{one.arguments} argument{'s' * (one.arguments != 1)}"
        return f"a D script that takes {words}: it stays one, and calls dtrans when it is called"
    return "a D script"


def _refusals(one: Outcome) -> Iterator[str]:
    places: dict[Refusal, list[int]] = {}
    for part in one.parts:
        if part.refusal is not None:
            places.setdefault(part.refusal, []).append(part.line)
    for refusal, lines in places.items():
        where = (
            refusal.place
            if one.kind == "d"
            else f"the call{'s' * (len(lines) > 1)} in line {', '.join(map(str, lines))}"
        )
        hint = f" ({_flat(refusal.hint)})" if refusal.hint else ""
        yield f"- {where or one.path}: {_flat(refusal.message)} [`{refusal.tag}`]{hint}"


def _differences(one: Outcome) -> Iterator[str]:
    """What has the same to say is said once: the entry and the return of a call, say."""
    alike: dict[tuple[str, str, str], list[str]] = {}
    for each in one.differences:
        alike.setdefault((each.became, each.fidelity, each.differs), []).append(f"`{each.subject}`")
    for (became, fidelity, differs), subjects in alike.items():
        verb = " are" if len(subjects) > 1 else " is"
        yield (
            f"- {', '.join(subjects)}{f'{verb} {_flat(became)}' if became else ''}: {fidelity}"
            f"{'. ' + _flat(differs) if differs else ''}"
        )


def _table(head: Sequence[str], rows: Iterable[Sequence[object]]) -> Iterator[str]:
    yield f"| {' | '.join(head)} |"
    yield f"|{' --- |' * len(head)}"
    for row in rows:
        yield f"| {' | '.join(_flat(str(cell)).replace('|', chr(92) + '|') for cell in row)} |"
    yield ""


def _flat(text: str) -> str:
    return " ".join(text.split())
