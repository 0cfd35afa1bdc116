/* A rate must be one. */

profile-0hz /* error: D_PDESC_ZERO */
{
	trace(1);
}
