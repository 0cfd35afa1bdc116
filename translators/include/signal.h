/* Signals and the codes of siginfo are known to D programs without it (translators/constants.toml). */
