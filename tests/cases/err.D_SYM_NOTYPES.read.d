/* A variable of the kernel of unknown type has an address, and no value. */

BEGIN
{
	trace(&`__start_rodata); trace((int *)&`__start_rodata);
	trace(`__start_rodata); /* error: D_SYM_NOTYPES */
}
