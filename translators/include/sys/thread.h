/* Structures of threads come from the kernel's BTF and from translators/. */
