"""Loads of known size on the network, as `tests/loads.py` has them for the rest: connections, datagrams, packets made
byte by byte. They start at once, and run under the same name::

    dtrans run script.d -c "python3 tests/netloads.py tcp 127.0.0.1 7777 3 100"
"""

from __future__ import annotations

import ctypes
import socket
import struct
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

NAME = "dtransload"


def checksum(data: bytes) -> int:
    """The Internet's checksum (RFC 1071)."""
    total = sum(struct.unpack(f"!{(len(data) + 1) // 2}H", data + bytes(len(data) % 2)))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


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
    """Datagrams of `size` bytes to a socket of this process, each read before the next."""
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    with socket.socket(family, socket.SOCK_DGRAM) as server, socket.socket(family, socket.SOCK_DGRAM) as client:
        server.bind((address, int(port)))
        client.connect((address, int(port)))
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


def _flood(kind: str, port: str, times: str) -> None:
    """Datagrams of 1,000 bytes (`kind` 2) or ICMP messages (3, SOCK_RAW) to a socket with little room, which reads what
    it got only then."""
    of = socket.AF_INET, int(kind), socket.IPPROTO_ICMP if kind == "3" else socket.IPPROTO_UDP
    with socket.socket(*of) as server, socket.socket(*of) as client:
        server.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1)
        server.bind(("127.0.0.1", int(port)))
        for _ in range(int(times)):
            client.sendto(bytes(1000), ("127.0.0.1", int(port)))
        server.setblocking(False)
        with suppress(BlockingIOError):
            while True:
                server.recv(2000)


def _tcpodd(port: str, *segments: str) -> None:
    """A connection whose client is deaf, 30 bytes from its server, and segments to it that no client would send:
    ``seq,ack,bytes,window,flags``, with seq from what the server expects and ack from what it has sent. At last both
    ends are reset."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", int(port)))
        listener.listen(8)
        client = socket.create_connection(("127.0.0.1", int(port)))
        server, _ = listener.accept()
    nothing = ctypes.create_string_buffer(struct.pack("HBBI", 6, 0, 0, 0))  # A filter that returns 0.
    client.setsockopt(socket.SOL_SOCKET, 26, struct.pack("HL", 1, ctypes.addressof(nothing)))  # SO_ATTACH_FILTER
    server.sendall(b"y" * 30)
    server.setsockopt(
        socket.IPPROTO_TCP, 19, 1
    )  # TCP_REPAIR: TCP_REPAIR_QUEUE 1 receives, 2 sends; TCP_QUEUE_SEQ is 21.
    server.setsockopt(socket.IPPROTO_TCP, 20, 1)
    expected = server.getsockopt(socket.IPPROTO_TCP, 21)
    server.setsockopt(socket.IPPROTO_TCP, 20, 2)
    acknowledged = server.getsockopt(socket.IPPROTO_TCP, 21)
    server.setsockopt(socket.IPPROTO_TCP, 19, -1)
    with socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_TCP) as link:
        for segment in segments:
            seq, ack, size, window, flags = map(int, segment.split(","))
            numbers = (expected + seq) & 0xFFFFFFFF, (acknowledged + ack) & 0xFFFFFFFF
            head = struct.pack("!HHIIBBHHH", client.getsockname()[1], int(port), *numbers, 0x50, flags, window, 0, 0)
            body = head + b"x" * size
            pseudo = bytes([127, 0, 0, 1, 127, 0, 0, 1, 0, 6]) + len(body).to_bytes(2, "big")
            total = checksum(pseudo + body)
            link.sendto(body[:16] + total.to_bytes(2, "big") + body[18:], ("127.0.0.1", 0))
    for end in (client, server):
        end.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        end.close()


KINDS: dict[str, Callable[..., None]] = {
    "tcp": _tcp,
    "refused": _refused,
    "udp": _udp,
    "noport": _noport,
    "packets": _packets,
    "raw": _raw,
    "ping": _ping,
    "flood": _flood,
    "tcpodd": _tcpodd,
}


def command(kind: str, *arguments: int | str | Path) -> list[str]:
    """The command line of a load."""
    return [sys.executable, "-S", "-E", str(Path(__file__).resolve()), kind, *map(str, arguments)]


if __name__ == "__main__":
    ctypes.CDLL(None).prctl(15, NAME.encode(), 0, 0, 0)  # PR_SET_NAME
    KINDS[sys.argv[1]](*sys.argv[2:])
