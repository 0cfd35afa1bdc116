"""TCP connections that go wrong, each on a loopback interface of its own."""

from __future__ import annotations

import ctypes
import json
import socket
import struct
import time
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from pathlib import Path

from tests.netloads import checksum
from tests.netloads.routes import Space, take_processor, work_until

PORT = 7777
#: Another address of the loopback interface.
CLIENT = "127.0.0.2"
#: Numbers of options (include/uapi/linux/tcp.h).
QUICKACK, REPAIR, REPAIR_QUEUE, QUEUE_SEQ, USER_TIMEOUT, REPAIR_WINDOW = 12, 19, 20, 21, 18, 29
FIN, RST, PSH, ACK, URG = 1, 4, 8, 16, 32
Segment = tuple[int, int, int, int, int]


class Deaf:
    """A connection whose client, after it was made, hears nothing."""

    def __init__(self, backlog: int = 8) -> None:
        with socket.socket() as listener:
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listener.bind(("127.0.0.1", PORT))
            listener.listen(backlog)
            self.client = socket.create_connection(("127.0.0.1", PORT), source_address=(CLIENT, 0))
            self.server, _ = listener.accept()
        self.server.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        deafen(self.client)
        self.server.setsockopt(socket.IPPROTO_TCP, REPAIR, 1)
        self.expected, self.sent = (self._number(queue) for queue in (1, 2))  # TCP_RECV_QUEUE, TCP_SEND_QUEUE
        self.server.setsockopt(socket.IPPROTO_TCP, REPAIR, -1)  # Off, without a window probe.
        self.server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # Repairing it took that away.

    def _number(self, queue: int) -> int:
        self.server.setsockopt(socket.IPPROTO_TCP, REPAIR_QUEUE, queue)
        return self.server.getsockopt(socket.IPPROTO_TCP, QUEUE_SEQ)

    def forge(
        self, seq: int, ack: int, size: int, window: int, flags: int, selective: tuple[int, int] = (0, 0)
    ) -> None:
        """A segment to the server as if from its client, with `seq` from what the server expected at the beginning, and
        `ack` from what it had sent; so the block that it has got out of order, too. Returns when
        an open server has taken it in: a busy kernel leaves that to ksoftirqd, which must not find the server reset."""
        received = self._received()
        numbers = (self.expected + seq) & 0xFFFFFFFF, (self.sent + ack) & 0xFFFFFFFF
        options = b""
        if selective != (0, 0):
            options = struct.pack("!BBBBII", 1, 1, 5, 10, *((self.sent + end) & 0xFFFFFFFF for end in selective))
        forge(self.client.getsockname()[1], PORT, numbers, flags, window, options, b"x" * size)
        while received is not None and self._received() == received:
            time.sleep(0.001)

    def _received(self) -> int | None:
        """How many segments the server has taken in; None when it is closed."""
        return None if self.server.fileno() < 0 else number(self.server, RECEIVED)

    def reset(self) -> None:
        for end in (self.client, self.server):
            with suppress(OSError):  # Closed already.
                end.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            end.close()


def deafen(one: socket.socket) -> None:
    nothing = ctypes.create_string_buffer(struct.pack("HBBI", 6, 0, 0, 0))  # A filter that returns 0.
    one.setsockopt(socket.SOL_SOCKET, 26, struct.pack("HL", 1, ctypes.addressof(nothing)))  # SO_ATTACH_FILTER


def forge(by: int, to: int, numbers: tuple[int, int], flags: int, window: int, options: bytes, data: bytes) -> None:
    """A segment from a client's port to another of the loopback interface."""
    head = struct.pack("!HHIIBBHHH", by, to, *numbers, (5 + len(options) // 4) << 4, flags, window, 0, 0)
    body = head + options + data
    pseudo = socket.inet_aton(CLIENT) + bytes([127, 0, 0, 1, 0, 6]) + len(body).to_bytes(2, "big")
    total = checksum(pseudo + body)
    with socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_TCP) as link:
        link.bind((CLIENT, 0))
        link.sendto(body[:16] + total.to_bytes(2, "big") + body[18:], ("127.0.0.1", 0))


def number(one: socket.socket, place: int) -> int:
    """A number of struct tcp_info."""
    found: tuple[int] = struct.unpack_from("I", one.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 232), place)
    return found[0]


SENT_AGAIN, SENT, RECEIVED, WINDOW = 100, 136, 140, 228  # tcpi_total_retrans, tcpi_segs_out, tcpi_segs_in, tcpi_snd_wnd
TIMEOUT, MSS, THRESHOLD, ALLOWED = 8, 16, 76, 80  # tcpi_rto, tcpi_snd_mss, tcpi_snd_ssthresh, tcpi_snd_cwnd


def _odd(*segments: str) -> None:
    """A connection with a deaf client, 30 bytes from its server, and segments to it that no client would send:
    ``seq,ack,bytes,window,flags``. At last both ends are reset."""
    one = Deaf()
    one.server.sendall(b"y" * 30)
    for segment in segments:
        seq, ack, size, window, flags = map(int, segment.split(","))
        one.forge(seq, ack + 30, size, window, flags)
    one.reset()


def _unanswered(size: str, times: str) -> None:
    """Data that nobody acknowledges, until a timer has sent them again so often."""
    one = Deaf()
    one.server.sendall(b"x" * int(size))
    work_until(lambda: number(one.server, SENT_AGAIN) == int(times))
    one.reset()


def _gap(size: str) -> None:
    """Five segments of which all but the first are acknowledged. The first acknowledgement tells of a window that is
    larger than any before, the others of the same."""
    one = Deaf()
    for _ in range(5):
        one.server.sendall(b"x" * int(size))
    for segments in (2, 3, 4, 5):
        one.forge(0, 0, 0, 60_000, ACK, (int(size), segments * int(size)))
    one.reset()


def _given_up() -> None:
    """Two connections that time out: one whose data nobody acknowledges, and one that is idle and asks whether its
    client still is."""
    waiting, idle = Deaf(), Deaf()
    waiting.server.setsockopt(socket.IPPROTO_TCP, USER_TIMEOUT, 100)
    waiting.server.sendall(b"x")
    for name, value in ((socket.TCP_KEEPIDLE, 1), (socket.TCP_KEEPINTVL, 1), (socket.TCP_KEEPCNT, 1)):
        idle.server.setsockopt(socket.IPPROTO_TCP, name, value)
    idle.server.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    work_until(lambda: waiting.server.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR) != 0)
    sent = number(idle.server, SENT)
    work_until(lambda: number(idle.server, SENT) > sent, after=0.4)
    work_until(lambda: idle.server.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR) != 0, after=0.8)
    waiting.reset()
    idle.reset()


def _full() -> None:
    """A server that does not read, and its client, which asks once whether there is room again."""
    with socket.socket() as listener, socket.socket() as client:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 8192)
        listener.bind(("127.0.0.1", PORT))
        listener.listen(8)
        client.connect(("127.0.0.1", PORT))
        server, _ = listener.accept()
        client.setblocking(False)
        with suppress(BlockingIOError):
            while True:
                client.send(b"x" * 1000)
        work_until(lambda: number(client, WINDOW) == 0)
        sent = number(client, SENT)
        work_until(lambda: number(client, SENT) > sent)
        server.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        server.close()


def _late(size: str) -> None:
    """Data for a server that has closed its end, and whose client has not heard of that."""
    one = Deaf()
    one.server.close()
    one.forge(0, 0, int(size), 500, ACK)
    one.reset()


def _crowded() -> None:
    """Two connections to a server that takes both for half made, and then has room for one.

    The clients are deaf, and what completes their connections is made here."""
    with socket.socket() as listener, socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_TCP) as ear:
        listener.bind(("127.0.0.1", PORT))
        listener.listen(8)
        clients = [socket.socket() for _ in range(2)]
        for client in clients:
            deafen(client)
            client.setblocking(False)
            client.bind((CLIENT, 0))
            client.connect_ex(("127.0.0.1", PORT))
        answers: dict[int, tuple[int, int]] = {}
        while len(answers) < len(clients):
            by, to, seq, ack, _, flags = struct.unpack_from("!HHIIBB", ear.recv(200), 20)
            if by == PORT and flags == 18:  # SYN and ACK
                answers[to] = ack, (seq + 1) & 0xFFFFFFFF
        listener.listen(0)
        for client in clients:
            own = client.getsockname()[1]
            forge(own, PORT, answers[own], ACK, 500, b"", b"")
            client.close()


def _has_sent_more(server: socket.socket, sent: int) -> bool:
    return number(server, SENT) > sent


def _delayed(times: str) -> None:
    """Bytes that come one by one, to a server that never sends any: each is acknowledged only after a while."""
    one = Deaf()
    for seq in range(int(times)):
        one.server.setsockopt(socket.IPPROTO_TCP, QUICKACK, 0)
        sent = number(one.server, SENT)
        one.forge(seq, 0, 1, 500, ACK | PSH)
        work_until(partial(_has_sent_more, one.server, sent))
    one.reset()


def alone(work: Callable[..., None]) -> Callable[..., None]:
    """A load in a network namespace where nothing is sent again but by the two rules that TCP has had from old: after a
    while, and after a gap."""

    def run(*arguments: str) -> None:
        with Space() as space:
            space.run("link set lo up mtu 1500", "set ipv4/tcp_early_retrans 0", "set ipv4/tcp_congestion_control reno")
            take_processor()
            work(*arguments)

    return run


def _told(path: str) -> None:
    """A server that has got 300 bytes and sent five segments of 100, of which the first is lost and the next three have
    come; then one of 77. The connection's numbers as the kernel tells its owner, to a file as JSON."""
    one = Deaf()
    one.forge(0, 0, 300, 500, ACK | PSH)
    one.server.recv(300)
    for _ in range(5):
        one.server.sendall(b"x" * 100)
    for segments in (2, 3, 4):
        one.forge(300, 0, 0, 500, ACK, (100, segments * 100))
    one.server.sendall(b"x" * 77)
    one.server.setsockopt(socket.IPPROTO_TCP, REPAIR, 1)
    window = struct.unpack("5I", one.server.getsockopt(socket.IPPROTO_TCP, REPAIR_WINDOW, 20))
    one.server.setsockopt(socket.IPPROTO_TCP, REPAIR, -1)
    scales = one.server.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 232)[6]
    told = {
        "sent": one.sent, "expected": one.expected, "swnd": window[1], "rwnd": window[3], "rack": window[4],
        "snd_ws": scales & 15, "rcv_ws": scales >> 4, "mss": number(one.server, MSS),
        "cwnd": number(one.server, ALLOWED), "threshold": number(one.server, THRESHOLD),
        "rto": number(one.server, TIMEOUT), "lport": PORT, "rport": one.client.getsockname()[1],
    }  # fmt: skip
    Path(path).write_text(json.dumps(told))
    one.reset()


KINDS: dict[str, Callable[..., None]] = {
    "odd": alone(_odd),
    "unanswered": alone(_unanswered),
    "gap": alone(_gap),
    "givenup": alone(_given_up),
    "full": alone(_full),
    "late": alone(_late),
    "crowded": alone(_crowded),
    "delayed": alone(_delayed),
    "told": alone(_told),
}
