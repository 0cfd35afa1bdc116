"""Hand-written BCC: getppid calls by program."""

from common import BPF, sys, wait

TEXT = """
struct key { char comm[16]; };
BPF_PERCPU_HASH(counts, struct key, u64);

RAW_TRACEPOINT_PROBE(sys_enter)
{
	if (ctx->args[1] != NUMBER)
		return 0;
	struct key key = {};
	bpf_get_current_comm(&key.comm, sizeof(key.comm));
	u64 zero = 0, *count = counts.lookup_or_try_init(&key, &zero);
	if (count)
		(*count)++;
	return 0;
}
"""

bpf = BPF(text=TEXT.replace("NUMBER", sys.argv[1]))
wait()
for key, values in bpf["counts"].items():
    print(key.comm.decode(), sum(values))
