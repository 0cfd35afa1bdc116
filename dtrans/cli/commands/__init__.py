"""The subcommands of ``dtrans``, one module each; `dtrans.cli.main` imports the one that is asked for."""
