"""What became of each tool of a collection: the values of the report, to and from JSON."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

#: exact: means the same. differs: runs, with stated differences. idle: runs, but some of its probes do not exist here
#: (it asked to run without them: -Z). partly: some programs of a wrapper are refused, and it runs the others. refused:
#: dtrans says why. failed: a fault of dtrans.
Status = Literal["exact", "differs", "idle", "partly", "refused", "failed"]
STATUSES: Mapping[Status, str] = {
    "exact": "translated; means the same on Linux",
    "differs": "translated; what differs is stated",
    "idle": "translated; some of its probes do not exist here, and it runs without them",
    "partly": "some of its programs are translated; the reason for the others is stated",
    "refused": "not translated; the reason is stated",
    "failed": "not translated, by a fault of dtrans",
}


@dataclass(frozen=True, slots=True)
class Difference:
    """One probe or member that is not the same on Linux: what it becomes, how faithful, and in one sentence how it
    differs."""

    subject: str
    became: str
    fidelity: str
    differs: str


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a program was not translated: an error's tag, message and place (``file:line:column``, "" when none)."""

    tag: str
    message: str
    place: str = ""
    hint: str = ""


@dataclass(frozen=True, slots=True)
class Part:
    """What became of one program. A script is one; a wrapper has one for each of its calls. `line` is the wrapper's."""

    status: Status
    providers: tuple[str, ...] = ()
    matched: int = 0
    differences: tuple[Difference, ...] = ()
    refusal: Refusal | None = None
    line: int = 0


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one tool. `output` is the file written, relative to the output folder, "" for none; `aliases` are
    other names for the tool in the collection. `arguments` is how many words a script must be given: such a one stays
    D, and is compiled when it is called."""

    path: str
    kind: Literal["d", "wrapper"]
    interpreter: str
    parts: tuple[Part, ...]
    output: str = ""
    aliases: tuple[str, ...] = ()
    arguments: int = 0
    seconds: float = field(default=0.0, compare=False)

    @property
    def status(self) -> Status:
        """The worst of its parts; partly, where some are refused and others are not."""
        states = {part.status for part in self.parts}
        if "refused" in states and states - {"refused", "failed"}:
            states = states - {"refused"} | {"partly"}
        return max(states, key=list(STATUSES).index, default="exact")

    @property
    def providers(self) -> tuple[str, ...]:
        return tuple(sorted({provider for part in self.parts for provider in part.providers}))

    @property
    def refusals(self) -> tuple[Refusal, ...]:
        return tuple(part.refusal for part in self.parts if part.refusal is not None)

    @property
    def differences(self) -> tuple[Difference, ...]:
        """Each difference once, in the order of the program."""
        return tuple(dict.fromkeys(one for part in self.parts for one in part.differences))

    def to_plain(self) -> dict[str, Any]:
        """For JSON."""
        return {"status": self.status, "providers": self.providers, **asdict(self)} | {
            "seconds": round(self.seconds, 3)
        }
