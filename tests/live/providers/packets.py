"""IP packets, byte by byte. Their addresses are those of the loopback interface unless others are given."""

from __future__ import annotations

import ipaddress
import struct

from tests.netloads import checksum, command

ICMP, TCP, UDP, FRAGMENT, ICMPV6, NOTHING, NOBODYS, SCTP = 1, 6, 17, 44, 58, 59, 253, 132
#: Of IPv4's fragment field.
DONT_FRAGMENT, MORE_FRAGMENTS = 0x4000, 0x2000


def v4(
    protocol: int,
    body: bytes,
    fragment: int = 0,
    wrong: int = 0,
    to: str = "127.0.0.1",
    by: str = "127.0.0.1",
    ttl: int = 64,
) -> bytes:
    head = struct.pack("!BBHHHBBH", 0x45, 0, 20 + len(body), 7, fragment, ttl, protocol, 0)
    head += ipaddress.ip_address(by).packed + ipaddress.ip_address(to).packed
    return head[:10] + struct.pack("!H", checksum(head) ^ wrong) + head[12:] + body


def v6(protocol: int, body: bytes, to: str = "::1", hops: int = 255, by: str = "::1") -> bytes:
    addresses = ipaddress.ip_address(by).packed + ipaddress.ip_address(to).packed
    return struct.pack("!IHBB", 6 << 28, len(body), protocol, hops) + addresses + body


def fragment6(place: int, body: bytes, more: bool) -> bytes:
    """A fragment of a UDP datagram, from a `place` that 8 divides: its header and what it carries."""
    return struct.pack("!BBHI", UDP, 0, place | more, 9) + body


def icmp(kind: int, code: int = 0, wrong: int = 0) -> bytes:
    body = struct.pack("!BBH", kind, code, 0) + bytes(28)
    return v4(ICMP, body[:2] + struct.pack("!H", checksum(body) ^ wrong) + body[4:])


def icmp6(
    kind: int, code: int = 0, wrong: int = 0, body: bytes = bytes(28), by: str = "::1", to: str = "::1", hops: int = 255
) -> bytes:
    """With an option header for multicast listeners' messages, as they have it."""
    body = struct.pack("!BBH", kind, code, 0) + body
    pseudo = ipaddress.ip_address(by).packed + ipaddress.ip_address(to).packed + struct.pack("!II", len(body), ICMPV6)
    body = body[:2] + struct.pack("!H", checksum(pseudo + body) ^ wrong) + body[4:]
    if kind in (130, 131, 132, 143):
        return v6(0, bytes([ICMPV6, 0, 5, 2, 0, 0, 1, 0]) + body, to, hops, by)
    return v6(ICMPV6, body, to, hops, by)


def udp(port: int, wrong: int = 0) -> bytes:
    body = struct.pack("!HHHH", 9, port, 12, 0) + b"abcd"
    pseudo = ipaddress.ip_address("127.0.0.1").packed * 2 + struct.pack("!HH", UDP, len(body))
    return v4(UDP, body[:6] + struct.pack("!H", checksum(pseudo + body) ^ wrong) + body[8:])


def packets(*made: bytes) -> list[str]:
    """The load that sends them over the loopback interface."""
    return command("packets", *(packet.hex() for packet in made))
