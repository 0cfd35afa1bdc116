"""The network providers fire the known number of times with the known values: connections and datagrams of known
number, size and port over the loopback interface, and through a bridge between two network namespaces."""

from __future__ import annotations

import shlex
import socket
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress

import pytest

from tests.netloads import command
from tests.programs import printed

ADDRESSES = pytest.mark.parametrize(("address", "version"), [("127.0.0.1", 4), ("::1", 6)])
FIN, SYN, RST, ACK = 1, 2, 4, 16


def free_port(address: str = "127.0.0.1") -> int:
    with socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET) as one:
        one.bind((address, 0))
        return int(one.getsockname()[1])


def run(text: str, port: int, *loads: list[str]) -> list[list[str]]:
    """What a program prints, as words line by line. $1 is the port."""
    shown = printed(text, [str(port)], commands=[shlex.join(load) for load in loads])
    return [line.split() for line in shown.splitlines() if line]


TCP = """
tcp:::send, tcp:::receive, tcp:::connect-request, tcp:::accept-refused
/args[4]->tcp_sport == $1 || args[4]->tcp_dport == $1/
{
    printf("%s %d %s %s %d %d %d %d\\n", probename, args[2]->ip_ver, args[2]->ip_saddr, args[2]->ip_daddr,
        args[4]->tcp_sport, args[4]->tcp_dport, args[4]->tcp_flags, args[2]->ip_plength - args[4]->tcp_offset);
}
"""


@pytest.mark.proves(
    "tcp:::send",
    "tcp:::receive",
    "tcp:::connect-request",
    "ipinfo_t.ip_ver",
    "ipinfo_t.ip_saddr",
    "ipinfo_t.ip_daddr",
    "ipinfo_t.ip_plength",
    "tcpinfo_t.tcp_sport",
    "tcpinfo_t.tcp_dport",
    "tcpinfo_t.tcp_flags",
    "tcpinfo_t.tcp_offset",
)
@ADDRESSES
def test_each_tcp_segment_is_sent_once_and_received_once(address: str, version: int) -> None:
    port = free_port(address)
    rows = run(TCP, port, command("tcp", address, port, 7, 300))
    assert {tuple(row[1:4]) for row in rows} == {(str(version), address, address)}
    sent = [tuple(map(int, row[4:])) for row in rows if row[0] == "send"]
    received = [tuple(map(int, row[4:])) for row in rows if row[0] == "receive"]
    assert Counter(sent) == Counter(received)
    ((client, _, flags, size),) = {row for row in sent if row[2] & ~8 == SYN}
    assert (flags, size) == (SYN, 0)
    assert [row for row in sent if row[2] == SYN | ACK] == [(port, client, SYN | ACK, 0)]
    assert [row[3] for row in sent if row[0] == client and row[3]] == [300] * 7
    assert sorted(row[0] for row in sent if row[2] & FIN) == sorted([client, port])
    asked = [row for row in rows if row[0] == "connect-request"]
    assert [tuple(map(int, row[4:])) for row in asked] == [(client, port, SYN, 0)]


STATES = """
tcp:::state-change
/args[3]->tcps_lport == $1 || args[3]->tcps_rport == $1/
{
    printf("%s %s %d %d %d\\n", probename, args[3]->tcps_lport == $1 ? "server" : "client", args[5]->tcps_state,
        args[3]->tcps_state, args[3]->tcps_active);
}
tcp:::connect-established, tcp:::accept-established
/args[3]->tcps_lport == $1 || args[3]->tcps_rport == $1/
{
    printf("%s %s %s %d %d %d %d %d %d\\n", probename, args[2]->ip_saddr, args[2]->ip_daddr,
        args[4]->tcp_sport == args[3]->tcps_rport, args[4]->tcp_dport == args[3]->tcps_lport, args[4]->tcp_flags,
        args[3]->tcps_local, args[3]->tcps_active, args[4]->tcp_ack - args[3]->tcps_iss);
}
"""
CLOSED, LISTEN, SYN_SENT, SYN_RECEIVED, ESTABLISHED, CLOSE_WAIT, FIN_WAIT_1, LAST_ACK, FIN_WAIT_2 = (
    -6, -3, -2, -1, 0, 1, 2, 4, 5,
)  # fmt: skip


@pytest.mark.proves(
    "tcp:::state-change",
    "tcp:::connect-established",
    "tcp:::accept-established",
    "tcplsinfo_t.tcps_state",
    "tcpsinfo_t.tcps_state",
    "tcpsinfo_t.tcps_active",
    "tcpsinfo_t.tcps_local",
    "tcpsinfo_t.tcps_iss",
    "tcpsinfo_t.tcps_lport",
    "tcpsinfo_t.tcps_rport",
    "tcpinfo_t.tcp_ack",
)
@ADDRESSES
def test_a_connection_goes_through_its_states_on_both_sides(address: str, version: int) -> None:
    port = free_port(address)
    rows = run(STATES, port, command("tcp", address, port, 2, 10))
    changes = [(row[1], int(row[2]), int(row[3])) for row in rows if row[0] == "state-change"]
    assert ("server", CLOSED, LISTEN) in changes
    assert [change[1:] for change in changes if change[0] == "client"] == [
        (CLOSED, SYN_SENT),
        (SYN_SENT, ESTABLISHED),
        (ESTABLISHED, FIN_WAIT_1),
        (FIN_WAIT_1, FIN_WAIT_2),
        (FIN_WAIT_2, CLOSED),
    ]
    server = [change[1:] for change in changes if change[0] == "server" and LISTEN not in change[1:]]
    assert server == [
        (SYN_RECEIVED, ESTABLISHED),
        (ESTABLISHED, CLOSE_WAIT),
        (CLOSE_WAIT, LAST_ACK),
        (LAST_ACK, CLOSED),
    ]
    made = [row for row in rows if row[0].endswith("-established")]
    assert sorted(made) == [
        ["accept-established", address, address, "1", "1", str(ACK), "1", "0", "1"],
        ["connect-established", address, address, "1", "1", str(SYN | ACK), "1", "1", "1"],
    ]


@pytest.mark.proves("tcp:::accept-refused", "tcp:::connect-refused")
@ADDRESSES
def test_refused_connections_are_seen_from_both_sides(address: str, version: int) -> None:
    port = free_port(address)
    text = """
        tcp:::accept-refused /args[4]->tcp_sport == $1/
        { @["accept", args[2]->ip_daddr, args[4]->tcp_flags] = count(); }
        tcp:::connect-refused /args[4]->tcp_sport == $1/
        { @["connect", args[2]->ip_saddr, args[4]->tcp_flags] = count(); }
        tcp:::connect-request /args[4]->tcp_dport == $1/
        { @["request", args[2]->ip_saddr, args[4]->tcp_flags] = count(); }
        tcp:::connect-refused /args[3]->tcps_rport == $1 && args[3]->tcps_state != TCP_STATE_SYN_SENT/ { exit(3); }
        END { printa("%s %s %d %@d\\n", @); }
    """
    found = {
        (what, whom, int(flags)): int(times)
        for what, whom, flags, times in run(text, port, command("refused", address, port, 5))
    }
    assert found.keys() == {
        ("accept", address, RST | ACK),
        ("connect", address, RST | ACK),
        ("request", address, SYN),
    }
    # Where an answer takes a second, the request is sent once more.
    assert found["request", address, SYN] == found["accept", address, RST | ACK] >= 5
    assert found["connect", address, RST | ACK] == 5


@pytest.mark.proves(
    "tcpinfo_t.tcp_seq",
    "tcpsinfo_t.tcps_snxt",
    "tcpsinfo_t.tcps_suna",
    "tcpsinfo_t.tcps_rnxt",
    "tcpsinfo_t.tcps_retransmit",
    "tcpsinfo_t.tcps_rto",
    "tcpsinfo_t.tcps_cwnd",
    "tcpsinfo_t.tcps_mss",
    "tcpsinfo_t.tcps_swnd",
)
def test_a_sent_segment_has_its_connections_numbers() -> None:
    port = free_port()
    text = """
        tcp:::send
        /args[4]->tcp_dport == $1 && args[2]->ip_plength > args[4]->tcp_offset/
        {
            this->s = args[3]->tcps_iss;
            printf("%d %d %d ", args[4]->tcp_seq - this->s, args[3]->tcps_snxt - this->s, args[3]->tcps_retransmit);
            printf("%d %d ", args[3]->tcps_suna <= args[3]->tcps_snxt, args[4]->tcp_ack == args[3]->tcps_rnxt);
            printf("%d %d ", args[3]->tcps_rto >= 200, args[3]->tcps_swnd > 0);  /* More on a busy machine. */
            printf("%d %d\\n", args[3]->tcps_cwnd % args[3]->tcps_mss, args[3]->tcps_state);
        }
    """
    rows = run(text, port, command("tcp", "127.0.0.1", port, 3, 1000))
    assert [list(map(int, row)) for row in rows] == [
        [1 + 1000 * n, 1 + 1000 * n, 0, 1, 1, 1, 1, 0, ESTABLISHED] for n in range(3)
    ]


@pytest.mark.proves("tcpsinfo_t.tcps_debug")
def test_a_connection_that_is_to_be_debugged_says_so() -> None:
    """One end of it has asked for SO_DEBUG (option 1)."""
    port = free_port()
    talk = f"""
import socket
server, client = socket.create_server(("127.0.0.1", {port})), socket.socket()
client.setsockopt(socket.SOL_SOCKET, 1, 1)
client.connect(server.getsockname())
accepted = server.accept()[0]
for _ in range(5):
    client.send(b"x"); accepted.recv(1); accepted.send(b"y"); client.recv(1)
"""
    text = """
        tcp:::send
        /(args[4]->tcp_sport == $1 || args[4]->tcp_dport == $1) && args[2]->ip_plength > args[4]->tcp_offset/
        { @[args[4]->tcp_dport == $1, args[3]->tcps_debug] = count(); }
        END { printa("%d %d %@d\\n", @); }
    """
    rows = run(text, port, [sys.executable, "-c", talk])
    assert sorted(rows) == [["0", "0", "5"], ["1", "1", "5"]]


@pytest.mark.proves(
    "udp:::send",
    "udp:::receive",
    "udpinfo_t.udp_sport",
    "udpinfo_t.udp_dport",
    "udpinfo_t.udp_length",
    "udpsinfo_t.udps_laddr",
    "udpsinfo_t.udps_raddr",
    "udpsinfo_t.udps_lport",
    "udpsinfo_t.udps_rport",
)
@ADDRESSES
def test_each_datagram_is_sent_once_and_received_once(address: str, version: int) -> None:
    port = free_port(address)
    text = """
        udp:::send, udp:::receive
        /args[4]->udp_dport == $1/
        {
            @[probename, args[2]->ip_ver, args[2]->ip_saddr, args[2]->ip_daddr, args[2]->ip_plength,
                args[4]->udp_length] = count();
            @socket[probename, args[3]->udps_laddr, args[3]->udps_raddr, args[3]->udps_lport == $1,
                args[3]->udps_rport == $1] = count();
        }
        END { printa("%s %d %s %s %d %d %@d\\n", @); printa("%s %s %s %d %d %@d\\n", @socket); }
    """
    rows = run(text, port, command("udp", address, port, 9, 100))
    assert sorted(rows) == sorted(
        [
            ["receive", address, address, "1", "0", "9"],
            ["receive", str(version), address, address, "108", "108", "9"],
            ["send", address, address, "0", "1", "9"],
            ["send", str(version), address, address, "108", "108", "9"],
        ]
    )


@pytest.mark.proves(
    "ip:::send",
    "ip:::receive",
    "ifinfo_t.if_name",
    "ifinfo_t.if_local",
    "ipv4info_t.ipv4_ver",
    "ipv4info_t.ipv4_ihl",
    "ipv4info_t.ipv4_length",
    "ipv4info_t.ipv4_ttl",
    "ipv4info_t.ipv4_protocol",
    "ipv4info_t.ipv4_protostr",
    "ipv4info_t.ipv4_saddr",
    "ipv4info_t.ipv4_daddr",
    "ipv4info_t.ipv4_dst",
    "ipv6info_t.ipv6_ver",
    "ipv6info_t.ipv6_tclass",
    "ipv6info_t.ipv6_plen",
    "ipv6info_t.ipv6_nexthdr",
    "ipv6info_t.ipv6_nextstr",
    "ipv6info_t.ipv6_hlim",
    "ipv6info_t.ipv6_saddr",
    "ipv6info_t.ipv6_daddr",
)
def test_ip_packets_have_their_headers_and_interface() -> None:
    port = free_port("::1")
    text = """
        ip:::send, ip:::receive
        /args[4]->ipv4_protocol == IPPROTO_UDP && args[4]->ipv4_length == 777 && $1/
        {
            @four[probename, args[3]->if_name, args[3]->if_local, args[4]->ipv4_ver, args[4]->ipv4_ihl,
                args[4]->ipv4_ttl, args[4]->ipv4_protostr, args[4]->ipv4_saddr, args[4]->ipv4_daddr,
                ntohl(args[4]->ipv4_dst),
                args[5]->ipv6_ver, args[5]->ipv6_nextstr] = count();
        }
        ip:::send, ip:::receive
        /args[5]->ipv6_nexthdr == IPPROTO_UDP && args[5]->ipv6_plen == 757/
        {
            @six[probename, args[3]->if_name, args[5]->ipv6_ver, args[5]->ipv6_hlim, args[5]->ipv6_nextstr,
                args[5]->ipv6_saddr, args[5]->ipv6_daddr, args[5]->ipv6_tclass, args[4]->ipv4_ver,
                args[4]->ipv4_protostr, args[2]->ip_plength] = count();
        }
        END
        {
            printa("%s %s %d %d %d %d %s %s %s %x %d %s %@d\\n", @four);
            printa("%s %s %d %d %s %s %s %d %d %s %d %@d\\n", @six);
        }
    """
    rows = run(text, port, command("udp", "127.0.0.1", port, 4, 749), command("udp", "::1", port, 4, 749))
    four = ["lo", "1", "4", "20", "64", "UDP", "127.0.0.1", "127.0.0.1", "7f000001", "0", "<null>", "4"]
    six = ["lo", "6", "64", "UDP", "::1", "::1", "0", "0", "<null>", "757", "4"]
    assert sorted(rows) == sorted([["send", *four], ["receive", *four], ["send", *six], ["receive", *six]])


# --- a bridge between two namespaces --------------------------------------------------------------------------------

ONE, TWO = "dtrans-one", "dtrans-two"


def ip(line: str, check: bool = True) -> None:
    subprocess.run(["ip", *line.split()], check=check, capture_output=True)


@pytest.fixture
def bridge() -> Iterator[str]:
    """Two network namespaces: 10.77.0.1 is a bridge in the one, 10.77.0.2 the device behind it, in the other."""

    def remove() -> None:
        for name in (ONE, TWO):
            ip(f"netns del {name}", check=False)

    remove()
    try:
        try:
            for name in (ONE, TWO):
                ip(f"netns add {name}")
                ip(f"-n {name} link set lo up")
            ip(f"-n {ONE} link add br0 type bridge")
            ip(f"-n {ONE} link add port0 type veth peer name far0 netns {TWO}")
        except subprocess.CalledProcessError as error:
            pytest.skip(f"needs bridges and network namespaces: {error.stderr.decode().strip()}")
        ip(f"-n {ONE} link set port0 master br0 up")
        ip(f"-n {ONE} addr add 10.77.0.1/24 dev br0")
        ip(f"-n {ONE} link set br0 up")
        ip(f"-n {TWO} addr add 10.77.0.2/24 dev far0")
        ip(f"-n {TWO} link set far0 up")
        yield "10.77.0.2"
    finally:
        with suppress(OSError):
            remove()


@pytest.mark.needs("command:ip")
def test_a_packet_through_a_bridge_counts_once_on_each_side(bridge: str) -> None:
    port = free_port()
    script = (
        "import ctypes, os, socket\n"
        "def enter(name):\n"
        "    ctypes.CDLL(None).setns(os.open('/run/netns/' + name, os.O_RDONLY), 0)\n"
        f"enter('{TWO}')\n"
        f"server = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); server.bind(('{bridge}', {port}))\n"
        f"enter('{ONE}')\n"
        "client = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)\n"
        f"client.connect(('{bridge}', {port})); server.settimeout(10)\n"
        "for _ in range(6):\n"
        "    client.send(b'x' * 50); data, peer = server.recvfrom(99)\n"
        "    server.sendto(b'y' * 60, peer); client.recv(99)\n"
    )
    text = """
        udp:::send, udp:::receive /args[4]->udp_dport == $1 || args[4]->udp_sport == $1/
        { @[probename, "udp", args[4]->udp_length, "-"] = count(); }
        ip:::send, ip:::receive
        /args[4]->ipv4_protocol == IPPROTO_UDP && (args[4]->ipv4_length == 78 || args[4]->ipv4_length == 88) &&
            (args[2]->ip_daddr == "10.77.0.2" || args[2]->ip_saddr == "10.77.0.2")/
        { @[probename, "ip", args[2]->ip_plength, args[3]->if_name] = count(); }
        END { printa("%s %s %d %s %@d\\n", @); }
    """
    rows = run(text, port, [sys.executable, "-S", "-E", "-c", script])
    assert sorted(rows) == [
        ["receive", "ip", "58", "far0", "6"],
        ["receive", "ip", "68", "br0", "6"],
        ["receive", "udp", "58", "-", "6"],
        ["receive", "udp", "68", "-", "6"],
        ["send", "ip", "58", "br0", "6"],
        ["send", "ip", "68", "far0", "6"],
        ["send", "udp", "58", "-", "6"],
        ["send", "udp", "68", "-", "6"],
    ]


MEMBERS = [
    *(f"ipv4info_t.ipv4_{name}" for name in ("tos", "ident", "flags", "offset", "checksum", "src", "hdr")),
    *(f"ipv6info_t.ipv6_{name}" for name in ("flow", "src", "dst", "hdr")),
    *(f"tcpinfo_t.tcp_{name}" for name in ("window", "checksum", "urgent", "hdr")),
    "udpinfo_t.udp_checksum",
    "udpinfo_t.udp_hdr",
]


@pytest.mark.proves(*MEMBERS)
def test_headers_made_here_are_told_as_they_were_made() -> None:
    """A TCP segment and a UDP datagram over IPv4, a datagram over IPv6, whose every member is known."""
    four = bytes.fromhex("4538 0028 1234 4000 4006 0000 7f000001 7f000002".replace(" ", ""))
    tcp = bytes.fromhex("1111 2222 01020304 05060708 5020 abcd 9876 0042".replace(" ", ""))
    udp = bytes.fromhex("1111 2222 0008 7654".replace(" ", ""))
    datagram = bytes.fromhex("4500 001c 4321 2005 4011 beef 7f000001 7f000002".replace(" ", "")) + udp
    six = bytes.fromhex("62534567 0008 11 40".replace(" ", "")) + bytes(15) + b"\1" + bytes(15) + b"\1" + udp
    text = """
        ip:::send /args[4]->ipv4_ident == 0x1234 && $1/
        {
            printf("4 %x %x %x %x ", args[4]->ipv4_tos, args[4]->ipv4_flags, args[4]->ipv4_offset, args[4]->ipv4_src);
            printf("%d\\n", args[4]->ipv4_hdr->ttl);
        }
        ip:::send /args[4]->ipv4_ident == 0x4321/
        { printf("5 %x %x %x\\n", args[4]->ipv4_flags, args[4]->ipv4_offset, args[4]->ipv4_checksum); }
        ip:::send /args[5]->ipv6_flow == 0x34567/
        {
            printf("6 %x %d %d ", args[5]->ipv6_tclass, args[5]->ipv6_src->in6_u.u6_addr8[15],
                args[5]->ipv6_dst->in6_u.u6_addr8[15]);
            printf("%d\\n", args[5]->ipv6_hdr->hop_limit);
        }
        tcp:::send /args[4]->tcp_sport == 0x1111 && args[4]->tcp_urgent == 0x42/
        {
            printf("tcp %x %x %x ", args[4]->tcp_window, args[4]->tcp_checksum, ntohs(args[4]->tcp_hdr->dest));
            printf("%s\\n", args[3]->tcps_laddr);
        }
        udp:::send /args[4]->udp_sport == 0x1111 && args[2]->ip_ver == 6/
        { printf("udp %x %x\\n", args[4]->udp_checksum, ntohs(args[4]->udp_hdr->dest)); }
    """
    rows = run(text, 1, command("packets", (four + tcp).hex(), datagram.hex(), six.hex()))
    assert sorted(rows) == [
        ["4", "38", "4", "0", "100007f", "64"],
        ["5", "2", "5", "beef"],
        ["6", "25", "1", "1", "64"],
        ["tcp", "abcd", "9876", "2222", "<unknown>"],
        ["udp", "7654", "2222"],
    ]
