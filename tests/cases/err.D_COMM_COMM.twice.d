/* A clause commits once. */

BEGIN
{
	commit(1);
	commit(1); /* error: D_COMM_COMM */
}
