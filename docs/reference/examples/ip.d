/* run: -q -c '/usr/bin/python3 -S -E tests/netloads udp 127.0.0.1 7777 3 100' */
/* Packets with the command's datagrams, three of 100 bytes, as they are sent and received. */
ip:::send,
ip:::receive
/args[4]->ipv4_protocol == IPPROTO_UDP && args[4]->ipv4_length == 128/
{
        printf("%-8s %s > %s on %s: %s, %d bytes, ttl %d\n", probename, args[2]->ip_saddr, args[2]->ip_daddr,
            args[3]->if_name, args[4]->ipv4_protostr, args[2]->ip_plength, args[4]->ipv4_ttl);
}
