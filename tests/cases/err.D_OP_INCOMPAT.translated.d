/* A pointer to what a translator makes is compared with nothing. */

BEGIN
/curpsinfo != NULL/ /* error: D_OP_INCOMPAT */
{
	exit(0);
}
