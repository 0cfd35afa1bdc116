/* run: -q -c '/usr/bin/python3 -S -E tests/loads.py files /var/tmp' */
/* What the command does with three files, and how often. */
fsinfo:::
/execname == "dtransload" && dirname(args[0]->fi_pathname) == "/var/tmp"/
{
        @[probename, args[0]->fi_name] = count();
}

END
{
        printa("%-12s %-6s %@d\n", @);
}
