/* A string's address is one of characters. */

int *p;

BEGIN
{
	p = "abc"; /* error: D_OP_INCOMPAT */
}
