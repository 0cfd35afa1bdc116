/* Flags and states of TCP are known to D programs without it (translators/constants.toml). */
