/* Byte order. htons() and its kin are functions of D. */
#ifndef _SYS_BYTEORDER_H
#define _SYS_BYTEORDER_H
#include <sys/isa_defs.h>
#define BMASK_8(x) ((x) & 0xff)
#define BMASK_16(x) ((x) & 0xffff)
#define BMASK_32(x) ((x) & 0xffffffff)
#define BMASK_64(x) (x)
#define BSWAP_8(x) BMASK_8(x)
#ifdef _BIG_ENDIAN
#define BSWAP_16(x) ((BMASK_8(x) << 8) | BMASK_8((x) >> 8))
#define BSWAP_32(x) ((BSWAP_16(x) << 16) | BSWAP_16((x) >> 16))
#define BSWAP_64(x) (((uint64_t)BSWAP_32(x) << 32) | BSWAP_32((x) >> 32))
#define BE_16(x) BMASK_16(x)
#define BE_32(x) BMASK_32(x)
#define BE_64(x) BMASK_64(x)
#define LE_16(x) BSWAP_16(x)
#define LE_32(x) BSWAP_32(x)
#define LE_64(x) BSWAP_64(x)
#else
#define BSWAP_16(x) htons(x)
#define BSWAP_32(x) htonl(x)
#define BSWAP_64(x) htonll(x)
#define BE_16(x) BSWAP_16(x)
#define BE_32(x) BSWAP_32(x)
#define BE_64(x) BSWAP_64(x)
#define LE_16(x) BMASK_16(x)
#define LE_32(x) BMASK_32(x)
#define LE_64(x) BMASK_64(x)
#endif
#define BE_8(x) BMASK_8(x)
#define LE_8(x) BMASK_8(x)
#endif
