/* A program cannot allow itself to halt the machine. */

#pragma D option panic /* error: D_PRAGMA_OPTSET */

BEGIN
{
	exit(0);
}
