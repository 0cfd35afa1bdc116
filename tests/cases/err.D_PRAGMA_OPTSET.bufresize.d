/* A buffer that cannot be as large as it should is an error where it may not be made smaller. */
/* error nowhere: D_PRAGMA_OPTSET */

#pragma D option bufsize=2g
#pragma D option bufresize=manual

BEGIN
{
	trace(1);
}
