/* An inline cannot be assigned to. */

inline int K = 1;
BEGIN
{
	K = 2; /* error: D_OP_LVAL */
}
