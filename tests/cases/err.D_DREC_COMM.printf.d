/* Nothing is recorded after a commit(). */

BEGIN
{
	commit(1);
	printf("x"); /* error: D_DREC_COMM */
}
