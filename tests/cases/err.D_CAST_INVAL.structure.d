/* No value is cast to a structure. */

struct s { int a; };
BEGIN
{
	x = (struct s)1; /* error: D_CAST_INVAL */
}
