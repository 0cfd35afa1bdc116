/* args[] is named with an index. */

BEGIN
{
	trace(args); /* error: D_IDENT_BADREF */
}
