/* All that a clause records is speculated, or nothing. */

BEGIN
{
	printf("x");
	speculate(1); /* error: D_SPEC_DREC */
}
