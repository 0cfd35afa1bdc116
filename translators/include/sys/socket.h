/* Address families and kinds of sockets, with Linux' values. */
#ifndef _SYS_SOCKET_H
#define _SYS_SOCKET_H
#define AF_UNSPEC 0
#define AF_UNIX 1
#define AF_INET 2
#define AF_INET6 10
#define SOCK_STREAM 1
#define SOCK_DGRAM 2
#define SOCK_RAW 3
#endif
