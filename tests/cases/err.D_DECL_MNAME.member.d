/* A member has a name. */

struct s { int; }; /* error: D_DECL_MNAME */
BEGIN
{
	trace(1);
}
