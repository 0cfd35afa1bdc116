/* The status of exit() is recorded. */

BEGIN
{
	commit(1);
	exit(0); /* error: D_DREC_COMM */
}
