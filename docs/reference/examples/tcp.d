/* run: -q -c '/usr/bin/python3 -S -E tests/netloads tcp 127.0.0.1 7777 2 1000' */
/* One connection to port 7777: its states, as its two ends see them, and the segments that carry data. */
tcp:::state-change
/args[3]->tcps_lport == 7777 || args[3]->tcps_rport == 7777/
{
        printf("%s %s -> %s\n", args[3]->tcps_lport == 7777 ? "server" : "client",
            tcp_state_string[args[5]->tcps_state], tcp_state_string[args[3]->tcps_state]);
}

tcp:::send
/args[4]->tcp_dport == 7777 && args[2]->ip_plength > args[4]->tcp_offset/
{
        printf("  %s sends to %s:%d %d bytes\n", args[2]->ip_saddr, args[2]->ip_daddr, args[4]->tcp_dport,
            args[2]->ip_plength - args[4]->tcp_offset);
}
