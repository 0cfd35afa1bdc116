"""Hand-written BCC: count every system call, attached and gone."""

from bcc import BPF

TEXT = """
BPF_PERCPU_ARRAY(total, u64, 1);

RAW_TRACEPOINT_PROBE(sys_enter)
{
	int zero = 0;
	u64 *count = total.lookup(&zero);
	if (count)
		(*count)++;
	return 0;
}
"""

bpf = BPF(text=TEXT)
print(bpf["total"].sum(0).value)
