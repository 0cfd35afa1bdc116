/* Structures of transfers come from the kernel's BTF and from translators/. */
