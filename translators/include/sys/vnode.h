/* Flags of Solaris' vnodes. */
#ifndef _SYS_VNODE_H
#define _SYS_VNODE_H
#define VROOT 0x01
#define VNOCACHE 0x02
#define VNOMAP 0x04
#define VDUP 0x08
#define VNOSWAP 0x10
#define VNOMOUNT 0x20
#define VISSWAP 0x40
#define VSWAPLIKE 0x80
#endif
