/* States and flags of processes are known to D programs without it (translators/constants.toml). */
