/* A string is not less than NULL. */

BEGIN
{
	s = "a";
	trace(s < NULL); /* error: D_OP_INCOMPAT */
}
