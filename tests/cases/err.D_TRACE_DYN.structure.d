/* What a translator makes is not recorded whole. */

BEGIN
{
	trace(*curpsinfo); /* error: D_TRACE_DYN */
}
