/* A structure is no number, and no 0 empties it. */

struct s { int a; };
self struct s x;
BEGIN
{
	self->x = 0; /* error: D_OP_INCOMPAT */
}
