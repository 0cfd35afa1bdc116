/* Variables of the kernel come from the kernel's BTF and from translators/. */
