/* A branch is inside of what was speculated before it. */

BEGIN
{
	speculate(1);
	if (pid) {
		@ = count(); /* error: D_AGG_SPEC */
	}
}
