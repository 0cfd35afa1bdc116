/* What a clause records before its commit() would come out of order. */

BEGIN
{
	printf("x");
	commit(1); /* error: D_COMM_DREC */
}
