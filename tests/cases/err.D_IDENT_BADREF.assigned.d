/* And assigned with them. */

BEGIN
{
	x[1] = 1;
	x = 2; /* error: D_IDENT_BADREF */
}
