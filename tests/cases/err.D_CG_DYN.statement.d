/* What a translator makes is no statement. */

BEGIN
{
	curpsinfo; /* error: D_CG_DYN */
}
