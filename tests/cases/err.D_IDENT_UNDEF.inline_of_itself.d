/* An inline cannot be defined by itself. */

inline int K = K + 1; /* error: D_IDENT_UNDEF */
BEGIN
{
	trace(K);
}
