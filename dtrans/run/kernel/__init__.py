"""What the kernel offers and how it is asked: bpf(2), BTF, tracefs, ring buffers, what programs attach to."""
