/* Structures of times come from the kernel's BTF and from translators/. */
