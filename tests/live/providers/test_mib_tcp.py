"""The counters of the mib provider for connections that go wrong: segments that no one acknowledges, that come out of
order or too late, and servers and windows that are full."""

from __future__ import annotations

import pytest

from tests.live.providers.counters import check, provers
from tests.netloads import command

pytestmark = pytest.mark.needs("command:ip")

AGAIN = {
    "tcpRetransSegs": (2, 2), "tcpRetransBytes": (2, 1554), "tcpOutSackRetransSegs": (2, 2), "tcpTimRetrans": (2, 2),
    "tcpOutDataSegs": (1, 1), "tcpOutDataBytes": (1, 777),
}  # fmt: skip


@provers(AGAIN)
def test_data_that_nobody_acknowledges_are_sent_again_when_a_timer_says_so() -> None:
    check(AGAIN, [*AGAIN, "tcpOutFastRetrans"], command("unanswered", 777, 2))


GAP = {
    "tcpOutFastRetrans": (1, 1), "tcpRetransSegs": (1, 1), "tcpRetransBytes": (1, 100), "tcpInDupAck": (3, 3),
    "tcpOutDataSegs": (5, 5),
}  # fmt: skip


@provers(GAP)
def test_a_segment_is_sent_again_when_those_after_it_are_acknowledged() -> None:
    check(GAP, [*GAP, "tcpTimRetrans"], command("gap", 100))


GIVEN_UP = {"tcpTimRetransDrop": 1, "tcpTimKeepaliveProbe": 1, "tcpTimKeepaliveDrop": 1, "tcpTimKeepalive": 2}


@provers(GIVEN_UP)
def test_connections_that_time_out_count_by_the_reason() -> None:
    check(GIVEN_UP, GIVEN_UP, command("givenup"))


FULL = {"tcpOutWinProbe": 1, "tcpInWinProbe": 1}


@provers(FULL)
def test_a_probe_of_a_closed_window_counts_at_both_ends() -> None:
    check(FULL, FULL, command("full"))


ENDED = {"tcpInClosed": 1, "tcpListenDrop": 1}


@provers(ENDED)
def test_segments_count_that_come_too_late_or_that_a_server_has_no_room_for() -> None:
    check(ENDED, ENDED, command("late", 10), command("crowded"))


@provers(["tcpOutAckDelayed"])
def test_an_acknowledgement_counts_that_waits_for_data_to_go_with() -> None:
    check({"tcpOutAckDelayed": 3}, ["tcpOutAckDelayed"], command("delayed", 3))
