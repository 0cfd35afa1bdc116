/* An inline with parameters needs its arguments. */

inline int twice[int n] = n * 2;
BEGIN
{
	trace(twice); /* error: D_IDENT_BADREF */
}
