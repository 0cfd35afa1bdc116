/* A number of frames is constant. */

BEGIN
{
	x = 1;
	stack(x); /* error: D_SYNTAX */
}
