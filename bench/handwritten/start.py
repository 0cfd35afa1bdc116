"""Hand-written BCC: compile, load and attach the smallest program, and leave."""

from bcc import BPF

BPF(text="RAW_TRACEPOINT_PROBE(sched_process_exit) { return 0; }")
