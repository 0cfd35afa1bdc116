/* What halts the machine is asked for twice. */

#pragma D option destructive

BEGIN
{
	panic(); /* error: D_DESTRUCTIVE */
}
