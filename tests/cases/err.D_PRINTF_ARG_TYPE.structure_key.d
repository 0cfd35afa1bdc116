/* A key that is a structure fits no conversion. */

struct pair { int a; int b; };
struct pair one;

BEGIN
{
	@[one] = count();
	printa("%@d\n", @);
	printa("%d %@d\n", @); /* error: D_PRINTF_ARG_TYPE */
}
