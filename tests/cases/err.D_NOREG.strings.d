/* A clause has so much memory for its strings. */

#pragma D option strsize=1m

BEGIN
{
	x = strjoin(strjoin(execname, probefunc), strjoin(execname, execname)); /* error nowhere: D_NOREG */
}
