"""Networks of their own: namespaces that this process makes and nobody else has. They go when it ends, however it ends.

What one end of a veth pair sends the other takes in at once, in the same process.
"""

from __future__ import annotations

import ctypes
import os
import socket
import subprocess
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Self

_LIBC = ctypes.CDLL(None, use_errno=True)
_NEW_NETWORK = 0x40000000  # CLONE_NEWNET


class Space:
    """A new network namespace; ``with space:`` is inside."""

    def __init__(self) -> None:
        with _Here():
            if _LIBC.unshare(_NEW_NETWORK):
                raise OSError(ctypes.get_errno(), "unshare")
            self._file = os.open("/proc/self/ns/net", os.O_RDONLY)
        self._before: list[_Here] = []
        self.path = f"/proc/{os.getpid()}/fd/{self._file}"

    def __enter__(self) -> Self:
        self._before.append(_Here().__enter__())
        _LIBC.setns(self._file, _NEW_NETWORK)
        return self

    def __exit__(self, *_: object) -> None:
        self._before.pop().__exit__()

    def run(self, *lines: str) -> None:
        """Lines for ip(8), or for tc(8) where they begin so; ``set NAME VALUE`` writes a file below /proc/sys/net."""
        with self:
            for line in lines:
                match line.split():
                    case ["set", name, value]:
                        Path("/proc/sys/net", name).write_text(value)
                    case ["tc", *words]:
                        subprocess.run(["tc", *words], check=True)
                    case words:
                        subprocess.run(["ip", *words], check=True)


class _Here:
    """Comes back to the namespace of now."""

    def __enter__(self) -> Self:
        self._file = os.open("/proc/self/ns/net", os.O_RDONLY)
        return self

    def __exit__(self, *_: object) -> None:
        _LIBC.setns(self._file, _NEW_NETWORK)
        os.close(self._file)


def pair(one: Space, two: Space, number: int) -> None:
    """A network of two: devices ``far<number>`` with the addresses 10.77.<number>.1 and .2, fd77:<number>::1 and ::2,
    which know each other's hardware addresses 02:00:00:00:<number>:01 and :02."""
    device = f"far{number}"
    one.run(f"link add {device} type veth peer name {device} netns {two.path}")
    for own, (space, other) in enumerate(((one, 2), (two, 1)), 1):
        space.run(
            f"set ipv6/conf/{device}/addr_gen_mode 1",
            f"link set {device} address 02:00:00:00:{number:02x}:{own:02x} up",
            f"addr add 10.77.{number}.{own}/24 dev {device}",
            f"addr add fd77:{number}::{own}/64 dev {device} nodad",
            f"neigh add 10.77.{number}.{other} lladdr 02:00:00:00:{number:02x}:{other:02x} dev {device}",
            f"neigh add fd77:{number}::{other} lladdr 02:00:00:00:{number:02x}:{other:02x} dev {device}",
        )


def send(packet: bytes, device: str, to: str) -> None:
    """An IP packet over a device to a hardware address, as it is."""
    kind = 0x0800 if packet[0] >> 4 == 4 else 0x86DD
    with socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM) as link:
        link.sendto(packet, (device, kind, 0, 0, bytes.fromhex(to.replace(":", ""))))


def take_processor() -> None:
    """From now on this process has one CPU, before all others. So a timer of the kernel that was set by what it does
    runs in this process, while it works."""
    os.sched_setaffinity(0, [min(os.sched_getaffinity(0))])
    os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(1))


def work_until(happened: Callable[[], bool], seconds: float = 20.0, after: float = 0.0) -> None:
    """Works until something has happened, or too long; not before `after` seconds, since the kernel takes the processor
    away from one that works for a second."""
    end = time.monotonic() + seconds
    time.sleep(after)
    while not happened() and time.monotonic() < end:
        pass


def _routed(*steps: str) -> None:
    """Three machines in a row: 10.77.1.1 - 10.77.1.2, 10.77.2.1 - 10.77.2.2. The one in the middle is a router of both
    versions.

    Steps: ``send HEX`` is a packet from the first one to the router, by hardware address; ``datagram ADDRESS SIZE`` one
    of UDP that the router sends, or fails to; ``work SECONDS`` lets time pass (see `work_until`). The others are for
    `Space.run` of the router."""
    first, router, last = Space(), Space(), Space()
    pair(first, router, 1)
    pair(router, last, 2)
    router.run("set ipv4/ip_forward 1", "set ipv6/conf/all/forwarding 1")
    take_processor()
    for step in steps:
        match step.split():
            case ["send", packet]:
                with first:
                    send(bytes.fromhex(packet), "far1", "02:00:00:00:01:02")
            case ["datagram", address, size]:
                family = socket.AF_INET6 if ":" in address else socket.AF_INET
                with router, socket.socket(family, socket.SOCK_DGRAM) as one, suppress(OSError):
                    one.sendto(bytes(int(size)), (address, 9))
            case ["work", seconds]:
                work_until(lambda: False, float(seconds), after=float(seconds) / 2)
            case _:
                router.run(step)


def _backlog() -> None:
    """A packet of each version, of which a CPU gets more than a thousand copies at once: 32 mirrors, of which each has
    32."""
    near, far = Space(), Space()
    for number in (1, 2, 3):
        pair(near, far, number)
    for number in (1, 2):
        mirrors = f"action mirred egress mirror dev far{number + 1} " * 32
        near.run(
            f"tc qdisc add dev far{number} clsact",
            f"tc filter add dev far{number} egress protocol all u32 match u32 0 0 {mirrors}",
        )
    with near:
        for packet in (b"\x45" + bytes(59), b"\x60" + bytes(59)):
            with suppress(OSError):  # The last of them is the packet itself.
                send(packet, "far1", "02:00:00:00:01:02")


def _apart(times: str, size: str) -> None:
    """Two machines: connections of both versions to 10.77.1.2 and fd77:1::2, port 7777, writes of `size` bytes, each
    read before the next; datagrams likewise; and a connection to port 7778, where no one listens. The client closes
    first."""
    near, far = Space(), Space()
    pair(near, far, 1)
    for address, family in (("10.77.1.2", socket.AF_INET), ("fd77:1::2", socket.AF_INET6)):
        with far:
            listener, server = socket.socket(family), socket.socket(family, socket.SOCK_DGRAM)
        with near:
            client, sender, refused = (
                socket.socket(family),
                socket.socket(family, socket.SOCK_DGRAM),
                socket.socket(family),
            )
        with listener, server, client, sender, refused:
            for one in (listener, server):
                one.bind((address, 7777))
            listener.listen(8)
            client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            client.connect((address, 7777))
            accepted, _ = listener.accept()
            with accepted:
                for _ in range(int(times)):
                    client.sendall(bytes(int(size)))
                    accepted.recv(int(size), socket.MSG_WAITALL)
                    sender.sendto(bytes(int(size)), (address, 7777))
                    server.recv(int(size))
                client.shutdown(socket.SHUT_WR)
                accepted.recv(1)
            assert refused.connect_ex((address, 7778))


KINDS: dict[str, Callable[..., None]] = {
    "routed": _routed,
    "backlog": _backlog,
    "apart": _apart,
}
