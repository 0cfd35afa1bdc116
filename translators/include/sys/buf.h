/* Flags of buffers are known to D programs without it (translators/constants.toml). */
