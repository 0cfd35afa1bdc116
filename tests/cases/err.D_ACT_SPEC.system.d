/* A destructive action cannot be taken back. */

#pragma D option destructive

BEGIN
{
	speculate(1);
	system("date"); /* error: D_ACT_SPEC */
}
