"""FreeBSD's functions of TCP, as scripts for FreeBSD trace them: connections of known ports and sizes over the loopback
interface."""

from __future__ import annotations

from itertools import pairwise

import pytest

from tests.live.providers.test_solaris_tcp import ADDRESSES, free_port, run
from tests.netloads import command

_SEGMENTS = """
    fbt::tcp_do_segment:entry
    /args[1]->th_dport == htons($1) && args[5] > 0 && args[1]->th_seq == args[3]->rcv_nxt/
    {
        this->tp = args[3];
        this->th = args[1];
        printf("%d %d %d %s ", ntohs(this->th->th_sport), args[5], args[4], tcp_state_string[this->tp->t_state]);
        printf("%d %d %d ", (&args[0]->m_pkthdr)->len - args[4] == args[5], this->th->th_flags & (TH_ACK | TH_SYN),
            this->th->th_off * 4 >= 20);
        printf("%d ", this->th->th_ack == this->tp->snd_nxt);
        printf("%d %d ", this->tp->snd_una == this->tp->snd_nxt, this->tp->rcv_wnd > 0 && this->tp->snd_wnd > 0);
        printf("%d ", this->tp->snd_cwnd > 0 && this->tp->snd_cwnd % this->tp->t_maxseg == 0);
        printf("%d ", this->tp->snd_ssthresh == 0x7fffffff || this->tp->snd_ssthresh % this->tp->t_maxseg == 0);
        printf("%d %d %d ", this->th->th_win > 0, this->th->th_urp, this->th->th_x2);
        printf("%d\\n", this->th->th_sum != 0);
    }"""


@pytest.mark.needs("rawtp:tcp_probe")
@pytest.mark.proves(
    "fbt:kernel:tcp_do_segment:entry", "bsd_tcphdr.th_sport", "bsd_tcphdr.th_dport", "bsd_tcphdr.th_seq",
    "bsd_tcphdr.th_ack", "bsd_tcphdr.th_off", "bsd_tcphdr.th_x2", "bsd_tcphdr.th_flags", "bsd_tcphdr.th_win",
    "bsd_tcphdr.th_sum", "bsd_tcphdr.th_urp", "bsd_tcpcb.t_state", "bsd_tcpcb.t_maxseg", "bsd_tcpcb.snd_una",
    "bsd_tcpcb.snd_nxt", "bsd_tcpcb.snd_wnd", "bsd_tcpcb.snd_cwnd", "bsd_tcpcb.snd_ssthresh", "bsd_tcpcb.rcv_nxt",
    "bsd_tcpcb.rcv_wnd",
)  # fmt: skip
@ADDRESSES
def test_segments_of_a_connection_with_its_state_and_its_windows(address: str, version: int) -> None:
    port = free_port(address)
    rows = [line.split() for line in run(_SEGMENTS, port, command("tcp", address, port, 7, 300))]
    # One that was sent twice counts once: its number is that which the connection waits for. Linux may join segments
    # that come while the connection is busy. The header of IP, that of TCP with its time stamps.
    assert sum(int(row[1]) for row in rows) == 7 * 300
    header = (20 if version == 4 else 40) + 32
    (sender,) = {row[0] for row in rows}
    assert int(sender) != port
    told = {tuple(row[2:]) for row in rows}
    assert told == {(str(header), "state-established", *"1 16 1 1 1 1 1 1 1 0 0 1".split())}


@pytest.mark.proves(
    "fbt:kernel:tcp_state_change:entry", "bsd_tcpcb.t_inpcb", "bsd_inpcb.inp_inc", "bsd_inpcb.inp_vflag",
    "bsd_in_conninfo.inc_ie", "bsd_in_endpoints.ie_lport", "bsd_in_endpoints.ie_fport",
)  # fmt: skip
@ADDRESSES
def test_a_connection_goes_from_state_to_state_at_both_ends(address: str, version: int) -> None:
    port = free_port(address)
    text = """
        fbt::tcp_state_change:entry
        /args[0]->t_inpcb->inp_inc.inc_ie.ie_lport == htons($1)
            || args[0]->t_inpcb->inp_inc.inc_ie.ie_fport == htons($1)/
        {
            printf("%d %d ", ntohs(args[0]->t_inpcb->inp_inc.inc_ie.ie_lport) == $1,
                ntohs(args[0]->t_inpcb->inp_inc.inc_ie.ie_fport) == $1);
            printf("%d %s %s\\n", args[0]->t_inpcb->inp_vflag, tcp_state_string[args[0]->t_state],
                tcp_state_string[args[1]]);
        }"""
    rows = [tuple(line.split()) for line in run(text, port, command("tcp", address, port, 2, 10))]
    flag = "1" if version == 4 else "2"
    client = [row[3:] for row in rows if row[:3] == ("0", "1", flag)]
    assert client[:2] == [("state-closed", "state-syn-sent"), ("state-syn-sent", "state-established")]
    server = [row[3:] for row in rows if row[:3] == ("1", "0", flag)]
    assert ("state-listen", "state-syn-received") in server
    assert ("state-syn-received", "state-established") in server
    # Each begins where the one before it ended.
    assert all(one[1] == two[0] for one, two in pairwise(client))
    assert len(client) + len(server) == len(rows)
