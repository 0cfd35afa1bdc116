"""Solaris' functions of sockets and TCP, as the tcpsnoop and connections of the DTraceToolkit trace them: connections
of known number, addresses, ports and sizes over the loopback interface."""

from __future__ import annotations

import shlex
import socket
from collections import Counter

import pytest

from tests.netloads import command
from tests.programs import printed

ADDRESSES = pytest.mark.parametrize(("address", "version"), [("127.0.0.1", 4), ("::1", 6)])
#: Where a connection is, by the members of Solaris' structures; ports stand in network byte order.
_ENDS = """
    printf("%s %d %d %d", probefunc, ntohs(self->c->u_port.tcpu_ports.tcpu_lport),
        ntohs(self->c->u_port.tcpu_ports.tcpu_fport), (int)self->c->connua_v6addr.connua_faddr._S6_un._S6_u8[15]);
"""


def free_port(address: str = "127.0.0.1") -> int:
    with socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET) as one:
        one.bind((address, 0))
        return int(one.getsockname()[1])


def run(text: str, port: int, *loads: list[str]) -> list[str]:
    """The lines that a program prints. $1 is the port."""
    shown = printed(text, [str(port)], commands=[shlex.join(load) for load in loads])
    return [line for line in shown.splitlines() if line]


@pytest.mark.needs("rawtp:tcp_probe")
@pytest.mark.proves(
    "fbt:ip:tcp_send_data:entry",
    "fbt:ip:tcp_rput_data:entry",
    "tcp_t.tcp_connp",
    "conn_t.conn_tcp",
    "conn_t.conn_zoneid",
    "conn_t.u_port",
    "conn_t.connua_v6addr",
    "conn_port_t.tcpu_ports",
    "conn_ports_t.tcpu_lport",
    "conn_ports_t.tcpu_fport",
    "conn_addr_t.connua_laddr",
    "conn_addr_t.connua_faddr",
    "conn_in6_t._S6_un",
    "conn_in6_un_t._S6_u8",
    "mblk_t.b_rptr",
    "mblk_t.msgdsize",
    "mblk_t.msgsize",
    "ipha_s.ipha_src",
    "ipha_s.ipha_dst",
    "ipha_s.ipha_ttl",
    "ipha_s.ipha_protocol",
    "ipha_s.ipha_length",
    "ipha_s.ipha_ident",
)
@ADDRESSES
def test_segments_and_their_connections_by_solaris_names(address: str, version: int) -> None:
    port = free_port(address)
    text = f"""
        fbt:ip:tcp_send_data:entry {{ self->c = (conn_t *)args[0]->tcp_connp; self->size = msgdsize(args[2]); }}
        fbt:ip:tcp_send_data:entry /self->c->u_port.tcpu_ports.tcpu_fport == htons($1)/ {{
            {_ENDS}
            this->b = args[2]->b_rptr;
            this->ip = (ipha_t *)args[2]->b_rptr;
            this->t = (tcp_t *)self->c->conn_tcp;
            printf(" %d %d %d %d", self->size, msgsize(args[2]) == self->size, *this->b >> 4,
                (int)self->c->connua_v6addr.connua_laddr._S6_un._S6_u8[15]);
            printf(" %d\\n", this->t->tcp_connp == self->c && self->c->conn_zoneid == 0);
        }}
        fbt:ip:tcp_send_data:entry
        /self->c->u_port.tcpu_ports.tcpu_fport == htons($1) && *(uchar_t *)args[2]->b_rptr >> 4 == 4/
        {{
            this->ip = (ipha_t *)args[2]->b_rptr;
            printf("header %x %x %d %d %d %d\\n", ntohl(this->ip->ipha_src), ntohl(this->ip->ipha_dst),
                this->ip->ipha_protocol, ntohs(this->ip->ipha_length) == self->size, this->ip->ipha_ttl,
                this->ip->ipha_ident == this->ip->id);
        }}
        fbt:ip:tcp_rput_data:entry {{ self->c = (conn_t *)arg0; }}
        fbt:ip:tcp_rput_data:entry /self->c->u_port.tcpu_ports.tcpu_lport == htons($1)/ {{
            {_ENDS}
            printf(" %d\\n", msgdsize(args[1]));
        }}"""
    rows = [line.split() for line in run(text, port, command("tcp", address, port, 7, 300))]
    # The header of IP, that of TCP with its time stamps, 300 bytes.
    size = (20 if version == 4 else 40) + 32 + 300
    (client,) = {row[1] for row in rows if row[0] == "tcp_send_data"}
    sent = [row[1:] for row in rows if row[0] == "tcp_send_data" and int(row[4]) == size]
    assert sent == [[client, str(port), "1", str(size), "1", str(version), "1", "1"]] * 7
    received = [row[1:] for row in rows if row[0] == "tcp_rput_data" and int(row[4]) >= size]
    assert {tuple(row[:3]) for row in received} == {(str(port), client, "1")}
    # Linux may join segments that come while the connection is busy.
    assert sum(int(row[3]) - size + 300 for row in received) == 7 * 300
    headers = Counter(tuple(row[1:5]) for row in rows if row[0] == "header")
    assert set(headers) == ({("7f000001", "7f000001", "6", "1")} if version == 4 else set())


@pytest.mark.proves(
    "fbt:sockfs:sotpi_accept:entry",
    "fbt:sockfs:sotpi_accept:return",
    "fbt:sockfs:sotpi_create:return",
    "fbt:ip:tcp_connect:entry",
    "fbt:ip:tcp_connect:return",
    "fbt:ip:tcp_get_conn:return",
    "fbt:ip:tcp_output:entry",
    "fbt:ip:tcp_output:return",
    "fbt:ip:tcp_xmit_early_reset:entry",
    "fbt:ip:tcp_xmit_early_reset:return",
    "fbt:ip:tcp_xchg:entry",
    "sonode_t.so_state",
    "sonode_t.so_priv",
    "tcp_stack_t.tcps_g_q",
    "queue_t.q_ptr",
    "`tcp_g_q",
)
def test_connections_that_are_made_accepted_and_refused_by_solaris_functions() -> None:
    port = free_port()
    closed = free_port()
    text = f"""
        fbt:ip:tcp_get_conn:return {{ made[(int)arg1] = 1; }}
        fbt:sockfs:sotpi_accept:entry /(arg1 & 3) == 3 && (args[0]->so_state & 0x00200000)/ {{ self->sop = args[0]; }}
        fbt:sockfs:sotpi_create:return /self->sop/ {{ self->nsop = (struct sonode *)arg1; }}
        fbt:sockfs:sotpi_accept:return /self->nsop && arg1 == 0/ {{
            this->tcpp = (tcp_t *)self->nsop->so_priv;
            self->c = (conn_t *)this->tcpp->tcp_connp;
        }}
        fbt:sockfs:sotpi_accept:return /self->c && self->c->u_port.tcpu_ports.tcpu_lport == htons($1)/ {{
            {_ENDS}
            printf(" %d %d\\n", made[(int)self->c], self->nsop->so_state & 2);
        }}
        fbt:sockfs:sotpi_accept:return {{ self->sop = 0; self->nsop = 0; self->c = 0; }}
        fbt:ip:tcp_connect:entry {{ self->c = (conn_t *)((tcp_t *)arg0)->tcp_connp; }}
        fbt:ip:tcp_connect:return /self->c && self->c->u_port.tcpu_ports.tcpu_fport == htons($1)/ {{
            {_ENDS}
            printf(" %d %d\\n", made[(int)self->c], arg1);
        }}
        fbt:ip:tcp_connect:return {{ self->c = 0; }}
        fbt:ip:tcp_output:entry /msgdsize(args[1]) == 1234/ {{ self->asked = 1; }}
        fbt:ip:tcp_output:return /self->asked/ {{ @written = count(); self->asked = 0; }}
        fbt:ip:tcp_xmit_early_reset:entry {{
            this->q = (queue_t *)`tcp_g_q;
            self->reset = (ipha_t *)args[1]->b_rptr;
            self->from = ntohl(self->reset->ipha_src);
            printf("queue %d %d\\n", this->q == 0, args[7]->tcps_g_q == 0);
        }}
        fbt:ip:tcp_xchg:entry /self->reset/ {{ self->lport = ntohs(arg0); self->fport = ntohs(arg1); }}
        fbt:ip:tcp_xmit_early_reset:return /self->lport == {closed}/ {{
            printf("%s %d %x %d\\n", probefunc, self->lport, self->from, self->fport > 0);
        }}
        fbt:ip:tcp_xmit_early_reset:return {{ self->reset = 0; self->lport = 0; self->fport = 0; self->from = 0; }}
        END {{ printa("written %@d\\n", @written); }}"""
    loads = command("tcp", "127.0.0.1", port, 5, 1234), command("refused", "127.0.0.1", closed, 2)
    rows = [line.split() for line in run(text, port, *loads)]
    named = {kind: [row[1:] for row in rows if row[0] == kind] for kind in {row[0] for row in rows}}
    ((client, _, *_),) = named["tcp_connect"]
    assert named["tcp_connect"] == [[client, str(port), "1", "1", "0"]]
    assert named["sotpi_accept"] == [[str(port), client, "1", "1", "2"]]
    assert named["written"] == [["5"]]
    assert named["tcp_xmit_early_reset"] == [[str(closed), "7f000001", "1"]] * 2
    assert set(map(tuple, named["queue"])) == {("1", "1")}
