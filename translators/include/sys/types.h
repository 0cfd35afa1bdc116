/* Types come from the kernel's BTF and from translators/. Solaris' header brings the machine's properties along. */
#ifndef _SYS_TYPES_H
#define _SYS_TYPES_H
#include <sys/isa_defs.h>
#endif
