/* What a translator makes is no number, though it looks like a pointer. */

BEGIN
{
	@ = max(curpsinfo); /* error: D_CG_DYN */
}
