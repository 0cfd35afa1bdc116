/* $1 as a number, $$1 as text, $0. */
/* args: 41 word */

#pragma D option quiet

BEGIN
{
	printf("%d %s %s %s\n", $1 + 1, $$1, $$2, $$0);
	printf("%d %d\n", $uid, $pid == pid);
	exit(0);
}
