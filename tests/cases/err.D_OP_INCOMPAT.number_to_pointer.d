/* A number becomes a pointer by a cast only. */

int *p;
BEGIN
{
	p = NULL; p = 0; p = (int *)8;
	p = 8; /* error: D_OP_INCOMPAT */
}
