/* Nor is a bit-field an enumeration. */

struct s { int n:3; enum color { RED, BLUE } c:2; }; /* error: D_DECL_BFTYPE */
BEGIN
{
	trace(1);
}
