/* An inline is defined once. */

inline int K = 1;
inline int K = 2; /* error: D_DECL_IDRED */
BEGIN
{
	trace(K);
}
