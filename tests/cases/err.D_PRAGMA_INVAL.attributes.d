/* Attributes are two stabilities and a class. */

inline int n = 1;
#pragma D attributes Stable/Nonsense/Common n /* error: D_PRAGMA_INVAL */

BEGIN
{
	trace(n);
}
