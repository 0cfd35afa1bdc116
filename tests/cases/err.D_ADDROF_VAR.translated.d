/* What a translator makes has no address. */

struct out { int a; };
translator struct out < int I > { a = I; };

BEGIN
{
	trace(&(xlate <struct out>(1))); /* error: D_ADDROF_VAR */
}
