/* run: -q -c '/usr/bin/python3 -S -E tests/netloads udp ::1 7777 5 200' */
/* Datagrams to port 7777: five of 200 bytes. */
udp:::send,
udp:::receive
/args[4]->udp_dport == 7777/
{
        @[probename, args[2]->ip_saddr, args[2]->ip_daddr, args[4]->udp_length] = count();
}

END
{
        printa("%-8s from %s to %s, %d bytes: %@d\n", @);
}
