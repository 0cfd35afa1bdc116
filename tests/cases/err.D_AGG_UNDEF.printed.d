/* What is printed must be assigned somewhere. */

BEGIN
{
	printa(@a); /* error: D_AGG_UNDEF */
}
