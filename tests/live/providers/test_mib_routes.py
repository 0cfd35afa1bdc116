"""The counters of the mib provider for what a router does with packets, and for packets that are wrong, late, or too
many: between network namespaces of the loads' own."""

from __future__ import annotations

import ipaddress
from pathlib import Path

import pytest

from tests.live.providers.counters import check, provers
from tests.live.providers.packets import (
    DONT_FRAGMENT,
    FRAGMENT,
    MORE_FRAGMENTS,
    NOBODYS,
    NOTHING,
    UDP,
    fragment6,
    icmp6,
    packets,
    v4,
    v6,
)  # fmt: skip
from tests.netloads import command

ROUTER, FAR, NOWHERE = ("10.77.1.2", "fd77:1::2"), ("10.77.2.2", "fd77:2::2"), ("10.99.0.1", "fd99::1")
#: The sockets' own tracepoint: a datagram without a route is told from one that goes out.
SENT = pytest.mark.needs("rawtp:sock_send_length")


def four(to: str, size: int = 8, fragment: int = 0, ttl: int = 64) -> str:
    return "send " + v4(NOBODYS, bytes(size), fragment, by="10.77.1.1", to=to, ttl=ttl).hex()


def six(to: str, size: int = 0, hops: int = 64) -> str:
    return "send " + v6(NOTHING, bytes(size), by="fd77:1::1", to=to, hops=hops).hex()


def pieces(*bodies: bytes) -> list[str]:
    """For each the first fragment of a datagram to the router, of both versions."""
    made4 = [v4(UDP, body, MORE_FRAGMENTS, by="10.77.1.1", to=ROUTER[0]) for body in bodies]
    made6 = [v6(FRAGMENT, fragment6(0, body, more=True), by="fd77:1::1", to=ROUTER[1]) for body in bodies]
    return [f"send {packet.hex()}" for packet in (*made4, *made6)]


ROUTED = {
    "ipForwDatagrams": 3, "ipInHdrErrors": 2, "ipFragFails": 1, "ipForwProhibits": 3,
    "ipv6ForwDatagrams": 4, "ipv6OutForwDatagrams": 4, "ipv6InHdrErrors": 3, "ipv6OutFragFails": 2,
    "ipv6InNoRoutes": 3, "ipv6ForwProhibits": 4, "ipv6InAddrErrors": 4,
}  # fmt: skip


@pytest.mark.needs("command:ip")
@provers(ROUTED)
def test_a_router_counts_what_it_passes_on_and_what_it_does_not() -> None:
    steps = [four(FAR[0])] * 3 + [six(FAR[1])] * 4
    steps += [four(FAR[0], ttl=1)] * 2 + [six(FAR[1], hops=1)] * 3
    steps += [six(NOWHERE[1])] * 3
    steps += ["link set far2 mtu 1300", four(FAR[0], 1400, DONT_FRAGMENT), *[six(FAR[1], 1400)] * 2]
    steps += ["set ipv4/ip_forward 0", "set ipv6/conf/all/forwarding 0", *[four(FAR[0])] * 3, *[six(FAR[1])] * 4]
    check(ROUTED, ROUTED, command("routed", *steps))


PIECES = {
    "ipReasmDuplicates": 2, "ipReasmFails": 1, "ipReasmReqds": 5, "ipReasmOKs": 1,
    "ipv6ReasmDuplicates": 2, "ipv6ReasmFails": 1, "ipv6ReasmReqds": 5, "ipv6ReasmOKs": 1,
}  # fmt: skip


@pytest.mark.needs("command:ip")
@provers(PIECES)
def test_fragments_count_that_come_twice_and_that_wait_in_vain() -> None:
    last4 = v4(UDP, bytes(8), 2, by="10.77.1.1", to=ROUTER[0])
    last6 = v6(FRAGMENT, fragment6(16, bytes(8), more=False), by="fd77:1::1", to=ROUTER[1])
    steps = ["set ipv4/ipfrag_time 1", "set ipv6/ip6frag_time 1", *pieces(*[bytes(16)] * 3)]
    steps += [f"send {last4.hex()}", f"send {last6.hex()}", *pieces(bytes(16)), "work 1.4"]
    check(PIECES, PIECES, command("routed", *steps))


@pytest.mark.needs("command:ip", "command:tc")
@provers(["ipOutDiscards", "ipv6OutDiscards", "ipIfStatsOutDiscards"])
def test_packets_without_room_or_neighbour_count_as_they_are_dropped() -> None:
    tiny = "tc qdisc add dev far2 root tbf rate 1mbit burst 200 limit 10000"  # Nothing longer than the burst.
    silent = ["set ipv4/neigh/far1/mcast_solicit 0", "set ipv6/neigh/far1/mcast_solicit 0"]
    steps = [tiny, *[f"datagram {FAR[0]} 500"] * 3, *[f"datagram {FAR[1]} 500"] * 4]
    steps += [*silent, *["datagram 10.77.1.77 10"] * 2, *["datagram fd77:1::77 10"] * 3]
    expected = {"ipOutDiscards": 5, "ipv6OutDiscards": 7, "ipIfStatsOutDiscards": 12}
    check(expected, expected, command("routed", *steps))


@pytest.mark.needs("command:ip")
@SENT
@provers(["ipOutNoRoutes", "ipv6OutNoRoutes", "udpOutErrors", "udpOutDatagrams"])
def test_datagrams_without_a_route_count() -> None:
    steps = [f"datagram {NOWHERE[0]} 10"] * 3 + [f"datagram {NOWHERE[1]} 10"] * 4 + [f"datagram {FAR[0]} 66000"] * 2
    steps += [f"datagram {FAR[0]} 10"] * 6
    expected = {"ipOutNoRoutes": 3, "ipv6OutNoRoutes": 4, "udpOutErrors": 9, "udpOutDatagrams": 6}
    check(expected, expected, command("routed", *steps))


@pytest.mark.needs("command:ip")
@provers(["ipsecInFailed"])
def test_packets_that_a_policy_forbids_count() -> None:
    policy = "xfrm policy add src 10.77.1.0/24 dst 10.77.2.0/24 dir fwd action block"
    check({"ipsecInFailed": 3}, ["ipsecInFailed"], command("routed", policy, *[four(FAR[0])] * 3))


@pytest.mark.needs("command:ip", "command:tc")
@provers(["ipInDiscards", "ipv6InDiscards", "ipIfStatsInDiscards"])
def test_packets_count_for_which_a_processor_has_no_room() -> None:
    """Of 1,057 packets that come at once a CPU takes one more than its limit."""
    limit = int(Path("/proc/sys/net/core/netdev_max_backlog").read_text())
    if limit > 1050:
        pytest.skip("needs room for 1,000 packets at a CPU, and not more")
    lost = 1057 - limit - 1
    expected = {"ipInDiscards": lost, "ipv6InDiscards": lost, "ipIfStatsInDiscards": 2 * lost}
    check(expected, expected, command("backlog"))


WRONG = {
    "ipv6InTruncatedPkts": 2, "ipv6IfIcmpBadHoplimit": 3, "ipv6IfIcmpInBadRedirects": 2, "ipv6IfIcmpInRedirects": 2,
    "ipv6IfIcmpInNeighborSolicits": 3,
}  # fmt: skip


@provers(WRONG)
def test_packets_of_version_6_that_are_wrong_count() -> None:
    target, local = ipaddress.ip_address("::1").packed, ipaddress.ip_address("fe80::7").packed
    whole = v6(NOTHING, bytes(8))
    short = whole[:4] + b"\0\x50" + whole[6:]
    far = icmp6(135, body=target + bytes(8), hops=64)
    code = icmp6(137, code=3, body=local * 2 + bytes(4), by="fe80::7")
    option = icmp6(137, body=bytes(4) + local * 2 + b"\2\0" + bytes(6), by="fe80::7")  # Of no length.
    check(WRONG, WRONG, packets(short, short, far, far, far, code, option))
