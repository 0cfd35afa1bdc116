/* An element that is a structure is assigned a number. */

struct s { int a; };
struct s x[int];
BEGIN
{
	x[1] = pid; /* error: D_OP_INCOMPAT */
}
