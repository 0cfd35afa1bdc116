/* Structures of processors come from the kernel's BTF and from translators/. */
