/* run: -q -c '/usr/bin/python3 -S -E tests/netloads ping 5' */
/* Counters that grow as the command sends five echo requests to this machine, which answers them. */
mib:::icmpIn*,
mib:::icmpOut*
/pid == $target/
{
        @[probename] = sum(args[0]);
}
