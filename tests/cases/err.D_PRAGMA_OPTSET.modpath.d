/* Where to find the kernel's parts is not for a program to say. */

#pragma D option modpath=/lib/modules /* error: D_PRAGMA_OPTSET */

BEGIN
{
	exit(0);
}
