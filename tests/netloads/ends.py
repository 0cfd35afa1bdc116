"""Connections and datagrams over the loopback interface, and packets made byte by byte."""

from __future__ import annotations

import socket
import struct
from collections.abc import Callable
from contextlib import suppress


def _tcp(address: str, port: str, times: str, size: str) -> None:
    """A connection to a server in this process, and writes of `size` bytes, each read before the next. The client
    closes first."""
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    with socket.socket(family) as listener, socket.socket(family) as client:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((address, int(port)))
        listener.listen(8)
        client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        client.connect((address, int(port)))
        server, _ = listener.accept()
        with server:
            for _ in range(int(times)):
                client.sendall(b"x" * int(size))
                server.recv(int(size), socket.MSG_WAITALL)
            client.shutdown(socket.SHUT_WR)
            server.recv(1)


def _refused(address: str, port: str, times: str) -> None:
    """Connections to a port where no one listens."""
    for _ in range(int(times)):
        with socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET) as client:
            assert client.connect_ex((address, int(port)))


def _udp(address: str, port: str, times: str, size: str) -> None:
    """Datagrams of `size` bytes to a socket of this process, each read before the next. Both sockets are connected."""
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    with socket.socket(family, socket.SOCK_DGRAM) as server, socket.socket(family, socket.SOCK_DGRAM) as client:
        server.bind((address, int(port)))
        client.connect((address, int(port)))
        server.connect(client.getsockname())
        for _ in range(int(times)):
            client.send(b"x" * int(size))
            server.recv(int(size))


def _noport(address: str, port: str, times: str) -> None:
    """Datagrams to a port that no one has; each is answered by an ICMP message before the next."""
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    for _ in range(int(times)):
        with socket.socket(family, socket.SOCK_DGRAM) as client:
            client.connect((address, int(port)))
            client.send(b"x")
            with suppress(ConnectionRefusedError):
                client.recv(1)


def _packets(*packets: str) -> None:
    """IP packets, each as hexadecimal digits, sent as they are over the loopback interface."""
    with socket.socket(socket.AF_PACKET, socket.SOCK_RAW) as link:
        for packet in map(bytes.fromhex, packets):
            kind = 0x0800 if packet[0] >> 4 == 4 else 0x86DD
            link.sendto(bytes(12) + kind.to_bytes(2, "big") + packet, ("lo", kind))


def _raw(*packets: str) -> None:
    """IP packets, each as hexadecimal digits, sent to where they say; the kernel completes IPv4's header."""
    for packet in map(bytes.fromhex, packets):
        family = socket.AF_INET if packet[0] >> 4 == 4 else socket.AF_INET6
        place = packet[16:20] if family == socket.AF_INET else packet[24:40]
        with socket.socket(family, socket.SOCK_RAW, socket.IPPROTO_RAW) as link:
            link.sendto(packet, (socket.inet_ntop(family, place), 0))


def _ping(times: str) -> None:
    """ICMP echo requests to this machine; the socket receives each request and its reply before the next."""
    with socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_ICMP) as link:
        for number in range(int(times)):
            message = struct.pack("!BBHHH", 8, 0, 0xF7FE - number, 1, number)
            link.sendto(message + bytes(8), ("127.0.0.1", 0))
            link.recv(100)
            link.recv(100)


def _flood(kind: str, address: str, port: str, times: str) -> None:
    """Datagrams of 1,000 bytes (`kind` 2) or ICMP messages (3, SOCK_RAW) to a socket with little room, which reads what
    it got only then."""
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    raw = socket.IPPROTO_ICMPV6 if ":" in address else socket.IPPROTO_ICMP
    of = family, int(kind), raw if kind == "3" else socket.IPPROTO_UDP
    with socket.socket(*of) as server, socket.socket(*of) as client:
        server.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1)
        server.bind((address, int(port)))
        for _ in range(int(times)):
            client.sendto(bytes(1000), (address, int(port)))
        server.setblocking(False)
        with suppress(BlockingIOError):
            while True:
                server.recv(2000)


def _failing(times: str) -> None:
    """Raw packets that are longer than any may be."""
    with socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_ICMP) as link:
        for _ in range(int(times)):
            with suppress(OSError):
                link.sendto(bytes(70000), ("127.0.0.1", 0))


KINDS: dict[str, Callable[..., None]] = {
    "tcp": _tcp,
    "refused": _refused,
    "udp": _udp,
    "noport": _noport,
    "packets": _packets,
    "raw": _raw,
    "ping": _ping,
    "flood": _flood,
    "failing": _failing,
}
