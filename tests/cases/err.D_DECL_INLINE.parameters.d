/* Inlines with parameters are refused by name. */

inline int twice[int x] = x * 2; /* error: D_DECL_INLINE */
BEGIN
{
	trace(twice[2]);
}
