/* Two percent signs take no flags. */

BEGIN
{
	printf("%5%"); /* error: D_SYNTAX */
}
