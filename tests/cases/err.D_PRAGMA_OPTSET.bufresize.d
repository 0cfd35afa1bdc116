/* A buffer that cannot be as large as it should is an error where it may not be made smaller. */

#pragma D option bufsize=2g
#pragma D option bufresize=manual /* error: D_PRAGMA_OPTSET */

BEGIN
{
	trace(1);
}
