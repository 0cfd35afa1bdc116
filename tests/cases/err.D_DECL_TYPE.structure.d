/* A variable cannot be a whole structure. */

struct s { int a; };
struct s x; /* error: D_DECL_TYPE */
BEGIN
{
	trace(1);
}
