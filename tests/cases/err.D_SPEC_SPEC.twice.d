/* A clause speculates for one speculation. */

BEGIN
{
	speculate(1);
	speculate(2); /* error: D_SPEC_SPEC */
}
