/* Numbers of registers are known to D programs without it (translators/constants.toml). */
