"""A program on its way into the kernel: compiled, its maps made, loaded, attached, detached."""
