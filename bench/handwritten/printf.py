"""Hand-written BCC: a line for each getppid call, by a ring buffer and BCC's own callback."""

import os

from common import BPF, sys, wait

TEXT = """
struct event { u32 pid; char comm[16]; };
BPF_RINGBUF_OUTPUT(events, PAGES);
BPF_PERCPU_ARRAY(lost, u64, 1);

RAW_TRACEPOINT_PROBE(sys_enter)
{
	if (ctx->args[1] != NUMBER)
		return 0;
	struct event *event = events.ringbuf_reserve(sizeof(struct event));
	if (!event) {
		int zero = 0;
		u64 *count = lost.lookup(&zero);
		if (count)
			(*count)++;
		return 0;
	}
	event->pid = bpf_get_current_pid_tgid() >> 32;
	bpf_get_current_comm(&event->comm, sizeof(event->comm));
	events.ringbuf_submit(event, 0);
	return 0;
}
"""

bpf = BPF(text=TEXT.replace("NUMBER", sys.argv[1]).replace("PAGES", os.environ.get("PAGES", "1024")))
write = sys.stdout.write


def show(_context, data, _size):
    event = bpf["events"].event(data)
    write("%d %s\n" % (event.pid, event.comm.decode()))
    return 0


bpf["events"].open_ring_buffer(show)
wait(lambda: bpf.ring_buffer_poll(50))
bpf.ring_buffer_consume()
sys.stdout.flush()
print("lost", bpf["lost"].sum(0).value, file=sys.stderr)
