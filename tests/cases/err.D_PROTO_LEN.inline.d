/* And a number. */

inline int twice[int n] = n * 2;
BEGIN
{
	trace(twice[1, 2]); /* error: D_PROTO_LEN */
}
