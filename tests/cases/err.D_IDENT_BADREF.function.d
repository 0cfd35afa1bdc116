/* A function's name is no variable. */

BEGIN
{
	trace(strlen); /* error: D_IDENT_BADREF */
}
