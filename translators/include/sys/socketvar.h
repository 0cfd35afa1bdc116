/* Solaris' struct sonode lives in translators/; its header only brings others along. */
#ifndef _SYS_SOCKETVAR_H
#define _SYS_SOCKETVAR_H
#include <sys/types.h>
#include <sys/file.h>
#include <sys/socket.h>
#endif
