/* An index below an array, which is a member. */

struct s { int a[3]; };
struct s x;
BEGIN
{
	trace(x.a[-1]); /* error: D_ARR_BOUNDS */
}
