/* There is no such provider. */

nosuch:::entry /* error: D_PDESC_ZERO */
{
	trace(1);
}
