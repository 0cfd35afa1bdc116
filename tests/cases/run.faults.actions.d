/*
 * ERROR's arguments: arg1 the enabled probe, arg2 the action, arg3 -1, arg4 the fault, arg5 the address. A key of an
 * aggregation, a value of a format, the operand of normalize() are actions of their own, as for dtrace; the predicate is 0.
 */
#pragma D option quiet

int zero;
BEGIN / *(int *)8 / { trace(0); }
BEGIN { x = 1; y = *(int *)8; }
BEGIN { printf("%d %d %d\n", 1, *(int *)16, 2); }
BEGIN { @a[1, *(int *)24] = sum(1); }
BEGIN { @a[1, 2] = sum(*(int *)32); }
BEGIN { @b[1] = quantize(1, *(int *)40); }
BEGIN { @b[1] = quantize(*(int *)48, 1); }
BEGIN { @c = count(); @d = count(); z = 1 / zero; }
BEGIN { printa(@c); trace(*(int *)56); }
BEGIN { printa(@c, @d); trace(*(int *)64); }
BEGIN { normalize(@c, *(int *)72); }
BEGIN { trunc(@c); trace(*(int *)80); }
BEGIN { clear(@c); denormalize(@c); trace(*(int *)88); }
BEGIN { tracemem(96, 4, zero); }
BEGIN { trace(copyinstr(104)); }
BEGIN { this->p = alloca(1 << 20); }
ERROR { printf("%d %d %d %d %d\n", arg1, arg2, arg3, arg4, arg5); }
BEGIN { clear(@a); trunc(@a); trunc(@b); trunc(@c); trunc(@d); exit(0); }
