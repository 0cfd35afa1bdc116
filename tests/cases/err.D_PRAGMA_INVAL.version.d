/* A name is bound to a version, which is made of numbers. */

inline int n = 1;
#pragma D binding "first" n /* error: D_PRAGMA_INVAL */

BEGIN
{
	trace(n);
}
