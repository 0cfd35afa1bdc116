/* What a script writes beyond the memory that it has taken is an ERROR, byte by byte. */

#pragma D option quiet

BEGIN { p = (char *)alloca(5); p[4] = 'e'; printf("%c\n", p[4]); }
BEGIN { p = (char *)alloca(5); p[5] = 'f'; printf("beyond\n"); }
BEGIN { p = (char *)alloca(16); bcopy("0123456789abcdef", p, 16); printf("%c\n", p[15]); }
BEGIN { p = (char *)alloca(16); bcopy("0123456789abcdef", p + 1, 16); printf("beyond\n"); }
BEGIN { n = (uint64_t *)alloca(12); n[0] = 1; n[1] = 2; printf("beyond\n"); }
BEGIN { p = (char *)alloca(3); q = (char *)alloca(3); p[8] = 'q'; p[11] = 'r'; printf("beyond\n"); }
BEGIN { p = (char *)alloca(3); q = (char *)alloca(3); p[10] = 'q'; printf("%c\n", q[2]); }
ERROR { printf("error %d\n", arg4 == DTRACEFLT_BADADDR); }
BEGIN { exit(0); }
