/* What a translator makes is not printed whole. */

BEGIN
{
	print(*curpsinfo); /* error: D_PRINT_DYN */
}
