/* No probe has this number. */

999999999 /* error: D_PDESC_INVAL */
{
	exit(0);
}
