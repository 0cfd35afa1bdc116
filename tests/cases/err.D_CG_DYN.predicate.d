/* What a translator makes is no predicate. */

BEGIN
/curpsinfo/ /* error: D_CG_DYN */
{
	exit(0);
}
