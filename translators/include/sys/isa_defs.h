/* Properties of the machine, under Solaris' names. */
#ifndef _SYS_ISA_DEFS_H
#define _SYS_ISA_DEFS_H
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
#define _BIG_ENDIAN
#else
#define _LITTLE_ENDIAN
#endif
#if __SIZEOF_POINTER__ == 8
#define _LP64
#else
#define _ILP32
#endif
#endif
