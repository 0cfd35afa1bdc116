/* Flags of open are known to D programs without it (translators/constants.toml). */
