/* A bit-field is no wider than its type. */

struct s { int a:40; }; /* error: D_DECL_BFSIZE */
BEGIN
{
	trace(1);
}
