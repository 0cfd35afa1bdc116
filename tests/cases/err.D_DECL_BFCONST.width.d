/* The width of a bit-field is a constant. */

struct s { int x:pid; }; /* error: D_DECL_BFCONST */
BEGIN
{
	trace(1);
}
