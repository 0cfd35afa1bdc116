/* What is wrong with a value is told before what is wrong with the format. */

struct flags { int on : 1; } flags;

BEGIN
{
	printf("%d %n\n", sizeof (flags.on), 1); /* error: D_SIZEOF_BITFIELD */
}
