"""The counters of the mib provider: packets of every kind, made here byte by byte and sent over the loopback interface,
and connections of known size, make each probe fire the known number of times."""

from __future__ import annotations

import struct

import pytest

from tests.live.providers.counters import check, fired, fired_once_as, provers
from tests.live.providers.packets import NOTHING, SCTP, TCP, UDP, icmp, icmp6, packets, udp, v4, v6
from tests.live.providers.test_network import free_port
from tests.netloads import command

#: Each ICMP probe: the types of the messages that make it fire, or type and code.
ICMP_IN = {
    "icmpInEchoReps": (0, 0), "icmpInDestUnreachs": (3, 1), "icmpInSrcQuenchs": (4, 0), "icmpInRedirects": (5, 1),
    "icmpInEchos": (8, 0), "icmpInTimeExcds": (11, 0), "icmpInParmProbs": (12, 0), "icmpInTimestamps": (13, 0),
    "icmpInTimestampReps": (14, 0), "icmpInAddrMasks": (17, 0), "icmpInAddrMaskReps": (18, 0),
    "icmpInUnknowns": (77, 0),
}  # fmt: skip
ICMP_OUT = {
    "icmpOutEchoReps": 0, "icmpOutDestUnreachs": 3, "icmpOutRedirects": 5, "icmpOutTimeExcds": 11,
    "icmpOutParmProbs": 12, "icmpOutTimestampReps": 14, "icmpOutAddrMaskReps": 18,
}  # fmt: skip


@provers(
    ["icmpInMsgs", "icmpOutMsgs", "icmpInFragNeeded", "icmpOutFragNeeded", "icmpInBadRedirects", *ICMP_IN, *ICMP_OUT]
)
def test_icmp_messages_count_by_type_as_they_come_and_go() -> None:
    made = [icmp(kind, code) for kind, code in ICMP_IN.values()]
    expected = dict.fromkeys([*ICMP_IN, *ICMP_OUT], 1) | {
        "icmpInMsgs": 14, "icmpOutMsgs": 14, "icmpInDestUnreachs": 2, "icmpOutDestUnreachs": 2, "icmpInRedirects": 2,
        "icmpOutRedirects": 2, "icmpInFragNeeded": 1, "icmpOutFragNeeded": 1, "icmpInBadRedirects": 1,
    }  # fmt: skip
    check(expected, ["icmpIn*", "icmpOut*"], packets(*made, icmp(3, 4), icmp(5, 9)))


ICMP6 = {
    "DestUnreachs": 1, "TimeExcds": 3, "ParmProblems": 4, "Echos": 128, "EchoReplies": 129, "GroupMembQueries": 130,
    "GroupMembReductions": 132, "RouterSolicits": 133, "RouterAdvertisements": 134, "NeighborSolicits": 135,
    "NeighborAdvertisements": 136, "Redirects": 137,
}  # fmt: skip
#: Probes that fire for more messages than one, or for those of which there are more; the echo is answered.
ICMP6_MORE = {"Msgs": 17, "EchoReplies": 2, "DestUnreachs": 2, "AdminProhibs": 1, "GroupMembResponses": 2}


@provers(
    [
        "ipv6IfIcmpInGroupMembTotal",
        "ipv6IfIcmpOutPktTooBigs",
        "ipv6IfIcmpInBadNeighborAdvertisements",
        "ipv6IfIcmpInBadNeighborSolicitations",
        *(f"ipv6IfIcmp{way}{name}" for way in ("In", "Out") for name in [*ICMP6, *ICMP6_MORE]),
    ]
)
def test_icmpv6_messages_count_by_type_as_they_come_and_go() -> None:
    made = [icmp6(kind) for kind in ICMP6.values()]
    bad = ("NeighborAdvertisements", "NeighborSolicitations")  # Their targets are no addresses.
    both = {**dict.fromkeys(ICMP6, 1), **ICMP6_MORE}
    expected = {
        **{f"ipv6IfIcmp{way}{name}": number for way in ("In", "Out") for name, number in both.items()},
        **{f"ipv6IfIcmpInBad{name}": 1 for name in bad},
        "ipv6IfIcmpInGroupMembTotal": 4,
        "ipv6IfIcmpOutPktTooBigs": 1,
    }
    check(expected, ["ipv6IfIcmp*"], packets(*made, icmp6(1, 1), icmp6(131), icmp6(143), icmp6(2)))


FRAGMENTS = (
    "ipFragCreates ipFragOKs ipReasmReqds ipInReceives ipOutRequests ipv6OutFragCreates ipv6OutFragOKs ipv6ReasmReqds "
    "ipv6InReceives ipv6OutRequests ipv6InMcastPkts ipv6OutMcastPkts sctpInSCTPPkts sctpOutSCTPPkts sctpOutAck "
    "sctpTimHeartBeatProbe ipIfStatsHCInReceives ipIfStatsHCOutRequests"
).split()


@provers(FRAGMENTS)
def test_packets_fragments_and_multicasts_count() -> None:
    """One packet of IPv6, to SCTP, is answered: with an ICMPv6 message where the kernel has no SCTP."""
    chunks = [bytes(12) + bytes([kind, 0, 0, 4]) for kind in (3, 4, 4, 10)]
    more, last = struct.pack("!BBHI", UDP, 0, 1, 9), struct.pack("!BBHI", UDP, 0, 8, 9)
    made = (
        v4(UDP, bytes(16), 0x2000),
        v4(UDP, bytes(16), 0x2002),
        v4(UDP, bytes(8), 0x0004),
        v6(44, more + bytes(8)),
        v6(44, last + bytes(8)),
        v6(59, b"", "ff02::77"),
        *(v4(SCTP, chunk) for chunk in chunks),
        v6(SCTP, chunks[0]),
    )
    expected = {
        "ipFragCreates": 3, "ipFragOKs": 1, "ipReasmReqds": 3, "ipInReceives": 7, "ipOutRequests": 5,
        "ipv6OutFragCreates": 2, "ipv6OutFragOKs": 1, "ipv6ReasmReqds": 2, "ipv6InReceives": 5, "ipv6OutRequests": 4,
        "ipv6InMcastPkts": 1, "ipv6OutMcastPkts": 1, "sctpInSCTPPkts": 5, "sctpOutSCTPPkts": 5, "sctpOutAck": 2,
        "sctpTimHeartBeatProbe": 2, "ipIfStatsHCInReceives": 12, "ipIfStatsHCOutRequests": 9,
    }  # fmt: skip
    check(expected, FRAGMENTS, packets(*made))


DELIVERED = {"ipInDelivers": 2, "ipv6InDelivers": 3}


@provers(DELIVERED)
def test_packets_for_this_machine_count_as_they_are_delivered() -> None:
    """Those to which nobody answers: replies to no request, and packets of nothing. A packet of version 4 that a device
    brings from an address of this machine is not taken for one of its own."""
    made = [icmp(0)] * 2 + [v6(NOTHING, b"")] * 3
    check(DELIVERED, DELIVERED, command("raw", *(packet.hex() for packet in made)))


@provers(["ipIfStatsHCInOctets", "ipIfStatsHCOutOctets"])
def test_bytes_of_packets_count_headers_included() -> None:
    made = [icmp(0), v4(253, bytes(100)), *[v6(NOTHING, b"")] * 3]
    total = sum(map(len, made))
    expected = {"ipIfStatsHCOutOctets": total}
    check(expected, expected, packets(*made))
    expected = {"ipIfStatsHCInOctets": total}
    check(expected, expected, packets(*made))


DROPPED = {
    "udpInCksumErrs": 2, "icmpInCksumErrs": 1, "icmpInErrors": 1, "ipv6IfIcmpInErrors": 1, "tcpInErrs": 1,
    "ipInUnknownProtos": 1, "ipv6InUnknownProtos": 1, "ipInCksumErrs": 1, "ipInHdrErrors": 2, "udpNoPorts": 1,
    "ipIfStatsInHdrErrors": 2, "ipIfStatsInUnknownProtos": 2,
}  # fmt: skip


@pytest.mark.needs("enumerator:SKB_DROP_REASON_ICMP_CSUM")
@provers(DROPPED)
def test_packets_that_are_dropped_count_by_the_reason() -> None:
    short = v4(UDP, bytes(8))
    bad = packets(v4(UDP, bytes(8), wrong=1), bytes([0x44]) + short[1:])
    port = free_port()
    wrong = [udp(port, 1), udp(port, 1), icmp(8, wrong=1), icmp6(128, wrong=1), v4(TCP, bytes(12) + b"\x50" + bytes(7))]
    strange = [v4(253, bytes(8)), v6(253, bytes(8)), udp(port)]
    raw = command("raw", *(packet.hex() for packet in (*wrong, *strange)))
    check(DROPPED, DROPPED, bad, raw)


@provers(["rawipInDatagrams", "rawipOutDatagrams", "rawipOutErrors"])
@pytest.mark.needs("rawtp:sock_send_length")
def test_raw_packets_count_for_their_sockets() -> None:
    names = ["rawipInDatagrams", "rawipOutDatagrams", "icmpInEchos", "icmpOutEchoReps", "icmpInEchoReps"]
    expected = dict.fromkeys(names, 5) | {"rawipInDatagrams": 10, "rawipOutErrors": 3}
    check(expected, expected, command("ping", 5), command("failing", 3))


@provers(["rawipInOverflows", "icmpInOverflows", "ipv6IfIcmpInOverflows"])
def test_raw_packets_without_room_count() -> None:
    loads = [command("flood", 3, address, 0, 20) for address in ("127.0.0.1", "::1")]
    seen = fired(["rawipInOverflows", "icmpInOverflows", "ipv6IfIcmpInOverflows", "icmpOutMsgs"], *loads)
    assert seen["icmpOutMsgs"] == 20
    if "rawipInOverflows" not in seen:
        pytest.skip("this kernel drops the packet unseen")
    assert 20 > seen["icmpInOverflows"] > 10
    assert 20 > seen["ipv6IfIcmpInOverflows"] > 10
    assert seen["rawipInOverflows"] == seen["icmpInOverflows"] + seen["ipv6IfIcmpInOverflows"]


@provers(["udpInDatagrams", "udpOutDatagrams", "udpInErrors", "udpInOverflows", "udpNoPorts", "icmpInDestUnreachs"])
def test_datagrams_count_whether_there_is_room_for_them_or_not() -> None:
    names = ["udpInDatagrams", "udpOutDatagrams", "udpInErrors", "udpInOverflows", "icmpInDestUnreachs"]
    seen = fired(
        names, command("flood", 2, "127.0.0.1", free_port(), 30), command("noport", "127.0.0.1", free_port(), 4)
    )
    assert seen["udpOutDatagrams"] == 34
    assert seen["icmpInDestUnreachs"] == 4
    assert seen["udpInErrors"] == seen["udpInOverflows"] > 0
    assert seen["udpInErrors"] + seen["udpInDatagrams"] == 30


ODD = {
    "tcpActiveOpens": (1, 1), "tcpPassiveOpens": (1, 1), "tcpEstabResets": (2, 2), "tcpInDataInorderBytes": (1, 100),
    "tcpInDataInorderSegs": (1, 1), "tcpInDataUnorderBytes": (2, 50), "tcpInDataUnorderSegs": (2, 2),
    "tcpInDataDupBytes": (1, 50), "tcpInDataDupSegs": (1, 1), "tcpInDataPartDupBytes": (1, 20),
    "tcpInDataPartDupSegs": (1, 1), "tcpInDataPastWinSegs": (1, 1), "tcpInAckBytes": (1, 20), "tcpInAckSegs": (1, 1),
    "tcpInAckUnsent": (1, 1), "tcpInWinUpdate": (1, 1), "tcpInDupAck": (1, 1), "tcpOutDataBytes": (6, 290),
    "tcpOutDataSegs": (6, 6), "tcpOutControl": (4, 4), "tcpOutRsts": (2, 2), "tcpOutUrg": (1, 1),
}  # fmt: skip


@provers(ODD)
def test_segments_count_by_where_their_data_belong() -> None:
    segments = [
        "0,-30,100,100,24",  # in order
        "300,-30,40,100,24",  # after a gap
        "-60,-30,50,100,24",  # had before
        "80,-30,60,100,24",  # the first 20 had before
        "140,-30,0,100,16",  # the same acknowledgement again
        "140,-30,0,200,16",  # ... with another window
        "140,-10,0,200,48",  # acknowledges 20 of 30; urgent
        "140,77,0,200,16",  # acknowledges what was never sent
        "100000000,-10,10,200,16",  # past the window
    ]
    check(ODD, ODD, command("odd", *segments))


@provers(["tcpInDataPastWinBytes", "tcpInSegs", "tcpOutSegs", "tcpOutAck"])
def test_segments_come_in_as_often_as_they_go_out() -> None:
    names = ["tcpInDataPastWinBytes", "tcpInSegs", "tcpOutSegs", "tcpOutAck"]
    load = command("odd", "0,0,10,9,16", "100000000,0,10,9,16")
    seen = fired_once_as(
        lambda found: found.keys() == set(names) and found["tcpInSegs"] == found["tcpOutSegs"], names, load, counts=True
    )
    assert seen["tcpInDataPastWinBytes"][0] == 1
    assert 99_000_000 < seen["tcpInDataPastWinBytes"][1] < 100_000_010
    assert seen["tcpInSegs"] == seen["tcpOutSegs"]
    assert seen["tcpOutAck"][0] >= 2


@provers(["tcpAttemptFails"])
def test_refused_connections_count() -> None:
    expected = {"tcpActiveOpens": 4, "tcpAttemptFails": 4, "tcpOutRsts": 4, "tcpOutControl": 8}
    check(expected, expected, command("refused", "127.0.0.1", free_port(), 4))
