/* There is one translator for two types. */

struct out { int a; int b; };
translator struct out < int I > { a = I; };
translator struct out < int I > { b = I; }; /* error: D_XLATE_REDECL */
BEGIN
{
	trace(1);
}
