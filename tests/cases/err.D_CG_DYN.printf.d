/* A pointer to what a translator makes has no value to print. */

BEGIN
{
	printf("%p\n", curlwpsinfo); /* error: D_CG_DYN */
}
