/* Options of wait are known to D programs without it (translators/constants.toml). */
