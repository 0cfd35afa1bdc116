/* A bit-field is an integer. */

struct s { char *x:3; }; /* error: D_DECL_BFTYPE */
BEGIN
{
	trace(1);
}
