/* Nor has one that is a structure. */

struct s { int a; };
this struct s x;
BEGIN
{
	trace(&this->x); /* error: D_ADDROF_VAR */
}
