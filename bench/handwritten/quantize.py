"""Hand-written BCC: the first argument of getppid calls as a distribution in powers of two."""

from common import BPF, sys, wait

TEXT = """
BPF_PERCPU_ARRAY(buckets, u64, 64);

RAW_TRACEPOINT_PROBE(sys_enter)
{
	if (ctx->args[1] != NUMBER)
		return 0;
	struct pt_regs *regs = (struct pt_regs *)ctx->args[0];
	u64 value = 0;
	bpf_probe_read_kernel(&value, sizeof(value), &regs->di);
	int slot = bpf_log2l(value);
	u64 *count = buckets.lookup(&slot);
	if (count)
		(*count)++;
	return 0;
}
"""

bpf = BPF(text=TEXT.replace("NUMBER", sys.argv[1]))
wait()
buckets = [sum(values) for values in bpf["buckets"].values()]
for slot, count in enumerate(buckets):
    if count:
        print(1 << slot >> 1, count)
print("total", sum(buckets))
