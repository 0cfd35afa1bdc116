/* An inline is defined once. */

inline int x = 1;
inline int x = 2; /* error: D_DECL_IDRED */
BEGIN
{
	trace(x);
}
