/* A version of D that there has not been. */

#pragma D option version=99.1 /* error: D_PRAGMA_OPTSET */

BEGIN
{
	exit(0);
}
