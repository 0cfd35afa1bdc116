/* Nothing makes this structure. */

struct out { int a; };
BEGIN
{
	trace(xlate <struct out *>(curthread)->a); /* error: D_XLATE_NONE */
}
