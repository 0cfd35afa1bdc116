/* A clause has so much memory for its strings. */

#pragma D option strsize=1m

BEGIN /* error: D_NOREG */
{
	x = strjoin(strjoin(execname, probefunc), strjoin(execname, execname));
}
