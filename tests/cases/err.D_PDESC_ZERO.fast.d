/* A clock ticks 5000 times a second at most. */

BEGIN { exit(0); }
profile-5001 /* error: D_PDESC_ZERO */
{
	trace(1);
}
