/* There are not so many registers. */

BEGIN
{
	trace(uregs[1000]); /* error: D_REGS_IDX */
}
