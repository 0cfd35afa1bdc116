/* exit() cannot be taken back. */

BEGIN
{
	speculate(1);
	exit(0); /* error: D_EXIT_SPEC */
}
