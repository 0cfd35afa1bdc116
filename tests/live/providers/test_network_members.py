"""What the network providers tell of a connection, against what the kernel tells its owner; and the scripts of the
Guide's chapters, over a cable between two machines."""

from __future__ import annotations

import json
import shlex
from pathlib import Path

import pytest

from tests.live.providers.test_network import free_port
from tests.netloads import command
from tests.programs import printed


def lines(text: str, load: list[str], *args: str) -> list[str]:
    return [line for line in printed(text, args, commands=[shlex.join(load)]).splitlines() if line]


STRINGS = ("laddr", "raddr")
SIGNED = ("snd_ws", "rcv_ws", "retransmit", "state", "local", "active", "lport", "rport")
UNSIGNED = (
    "suna",
    "snxt",
    "rack",
    "rnxt",
    "swnd",
    "rwnd",
    "cwnd",
    "cwnd_ssthresh",
    "sack_fack",
    "sack_snxt",
    "rto",
    "mss",
)


@pytest.mark.needs("command:ip")
@pytest.mark.proves(*(f"tcpsinfo_t.tcps_{name}" for name in (*STRINGS, *SIGNED, *UNSIGNED)))
def test_a_connection_has_the_numbers_that_the_kernel_tells_its_owner(tmp_path: Path) -> None:
    shown = {**dict.fromkeys(STRINGS, "%s"), **dict.fromkeys(SIGNED, "%d"), **dict.fromkeys(UNSIGNED, "%u")}
    told = "\n".join(f'printf("{name} {way}\\n", args[3]->tcps_{name});' for name, way in shown.items())
    text = f"""
        tcp:::send
        /progenyof($pid) && args[4]->tcp_sport == 7777 && args[2]->ip_plength - args[4]->tcp_offset == 77/
        {{ {told} }}"""
    seen = dict(map(str.split, lines(text, command("told", tmp_path / "told"))))
    right = json.loads((tmp_path / "told").read_text())
    assert (seen["laddr"], seen["raddr"]) == ("127.0.0.1", "127.0.0.2")
    numbers = {name: int(value) for name, value in seen.items() if name not in STRINGS}
    sent, expected, segment = right["sent"] & 0xFFFFFFFF, right["expected"] & 0xFFFFFFFF, right["mss"]
    assert numbers == {
        **{name: right[name] for name in ("lport", "rport", "swnd", "snd_ws", "rwnd", "rcv_ws", "rack", "mss")},
        "suna": sent, "snxt": (sent + 500) % 2**32, "rnxt": (expected + 300) % 2**32,
        "cwnd": right["cwnd"] * segment, "cwnd_ssthresh": right["threshold"] * segment, "rto": right["rto"] // 1000,
        "sack_fack": (sent + 400) % 2**32, "sack_snxt": (sent + 100) % 2**32,
        "state": 0, "local": 0, "active": 0, "retransmit": 0,
    }  # fmt: skip
    assert right["threshold"] < 100


@pytest.mark.proves(
    "csinfo_t.cs_addr", "csinfo_t.cs_cid", "csinfo_t.cs_zoneid", "tcpsinfo_t.tcps_addr", "pktinfo_t.pkt_addr"
)
@pytest.mark.proves("udpsinfo_t.udps_addr", "ifinfo_t.if_addr", "ifinfo_t.if_ipstack")
def test_addresses_are_those_of_the_kernels_objects() -> None:
    """What is found there fits what the event tells by name."""
    space = Path("/proc/self/ns/net").stat().st_ino
    text = """
        tcp:::send
        /args[4]->tcp_sport == $1 && args[1]->cs_addr == args[3]->tcps_addr && args[1]->cs_cid == args[1]->cs_addr &&
            args[1]->cs_zoneid == 0 && args[1]->cs_addr != 0 &&
            ((struct sock *)args[1]->cs_addr)->__sk_common.skc_dport == htons(args[4]->tcp_dport)/
        { @["segments of the server's"] = count(); }
        tcp:::state-change
        /args[3]->tcps_rport == $1 && args[3]->tcps_addr == args[1]->cs_addr &&
            ((struct inet_sock *)args[3]->tcps_addr)->inet_sport == htons(args[3]->tcps_lport)/
        { @["changes of the client's"] = count(); }
        udp:::send
        /args[4]->udp_dport == $2 && args[1]->cs_addr == args[3]->udps_addr &&
            ((struct sock *)args[3]->udps_addr)->__sk_common.skc_dport == htons($2)/
        { @["datagrams"] = count(); }
        ip:::send
        /args[4]->ipv4_protocol == IPPROTO_UDP && args[4]->ipv4_length == 333 &&
            stringof(((struct net_device *)args[3]->if_addr)->name) == args[3]->if_name && args[3]->if_ipstack == $3 &&
            ((struct sk_buff *)args[0]->pkt_addr)->len == 347 &&
            ((struct sk_buff *)args[0]->pkt_addr)->dev == (struct net_device *)args[3]->if_addr/
        { @["packets"] = count(); }
        END { printa("%@d %s\\n", @); }
    """
    tcp, udp = free_port(), free_port()
    loads = shlex.join(command("tcp", "127.0.0.1", tcp, 3, 10)), shlex.join(command("udp", "127.0.0.1", udp, 4, 305))
    shown = printed(text, [str(tcp), str(udp), str(space)], commands=loads)
    seen = {name: int(number) for number, name in (line.split(maxsplit=1) for line in shown.splitlines() if line)}
    assert seen.pop("segments of the server's") >= 4
    assert seen == {"changes of the client's": 5, "datagrams": 4, "packets": 4}


#: The scripts of the Guide's chapters on ip, tcp and udp: packets, bytes and protocols by address; who connects, is
#: accepted, is refused; how long that takes; which states a connection goes through.
SCRIPTS = """
    string protocol;
    ip:::send, ip:::receive /progenyof($pid) && args[2]->ip_ver == 4/ { protocol = args[4]->ipv4_protostr; }
    ip:::send, ip:::receive /progenyof($pid) && args[2]->ip_ver == 6/ { protocol = args[5]->ipv6_nextstr; }
    ip:::send, ip:::receive /progenyof($pid) && protocol == "UDP"/
    { @packets[probename, args[2]->ip_saddr, args[2]->ip_daddr, protocol, args[3]->if_name] = count(); }
    udp:::send, udp:::receive /progenyof($pid)/
    { @datagrams[probename, args[2]->ip_daddr, args[4]->udp_dport] = sum(args[4]->udp_length); }
    ip:::send, udp:::send /progenyof($pid) && args[2]->ip_plength == 108/
    { @shared[probeprov, args[2]->ip_daddr] = count(); }
    tcp:::send, tcp:::receive /progenyof($pid) && args[4]->tcp_dport == 7777/
    { @bytes[probename, args[2]->ip_daddr, args[4]->tcp_dport] = sum(args[2]->ip_plength - args[4]->tcp_offset); }
    tcp:::receive /progenyof($pid) && (args[4]->tcp_flags & (TH_SYN | TH_FIN)) == TH_FIN/
    { @ends[args[2]->ip_saddr] = count(); }
    tcp:::connect-request /progenyof($pid)/ { start[args[1]->cs_cid] = timestamp; }
    tcp:::connect-established /start[args[1]->cs_cid] && timestamp > start[args[1]->cs_cid]/
    { @connected[args[3]->tcps_raddr, args[3]->tcps_rport] = count(); start[args[1]->cs_cid] = 0; }
    tcp:::connect-refused /start[args[1]->cs_cid]/ { @refused[args[2]->ip_saddr, args[4]->tcp_sport] = count(); }
    tcp:::accept-established /progenyof($pid)/ { @accepted[args[3]->tcps_raddr, args[3]->tcps_lport] = count(); }
    tcp:::accept-refused /progenyof($pid)/ { @turned[args[2]->ip_daddr, args[4]->tcp_sport] = count(); }
    tcp:::state-change /progenyof($pid) && args[3]->tcps_lport == 7777/
    { @states[tcp_state_string[args[5]->tcps_state], tcp_state_string[args[3]->tcps_state]] = count(); }
    END
    {
        printa("packets %s %s %s %s %s %@d\\n", @packets); printa("datagrams %s %s %d %@d\\n", @datagrams);
        printa("bytes %s %s %d %@d\\n", @bytes); printa("ends %s %@d\\n", @ends);
        printa("connected %s %d %@d\\n", @connected); printa("refused %s %d %@d\\n", @refused);
        printa("accepted %s %d %@d\\n", @accepted); printa("turned %s %d %@d\\n", @turned);
        printa("shared %s %s %@d\\n", @shared); printa("states %s %s %@d\\n", @states);
    }
"""


@pytest.mark.needs("command:ip")
def test_the_guides_scripts_tell_what_goes_over_a_cable() -> None:
    expected = {
        "states state-listen state-syn-received 2",
        "states state-closed state-listen 2",
        "states state-listen state-closed 2",
    }
    expected |= {
        f"states {one} {two} 2" for one, two in (
            ("state-syn-received", "state-established"), ("state-established", "state-close-wait"),
            ("state-close-wait", "state-last-ack"), ("state-last-ack", "state-closed"),
        )
    }  # fmt: skip
    for near, far in (("10.77.1.1", "10.77.1.2"), ("fd77:1::1", "fd77:1::2")):
        expected |= {f"packets {way} {near} {far} UDP far1 5" for way in ("send", "receive")}
        expected |= {f"datagrams {way} {far} 7777 540" for way in ("send", "receive")}
        expected |= {f"shared ip {far} 5", f"shared udp {far} 5"}
        expected |= {f"bytes {way} {far} 7777 500" for way in ("send", "receive")}
        expected |= {f"ends {near} 1", f"ends {far} 1", f"connected {far} 7777 1", f"accepted {near} 7777 1"}
        expected |= {f"refused {far} 7778 1", f"turned {near} 7778 1"}
    assert set(lines(SCRIPTS, command("apart", 5, 100))) == expected
