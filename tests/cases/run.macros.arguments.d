/* $1: a number of any base and sign, a name, or else a string; $$1: a string, its escapes resolved. */
/* args: -5 0x1f 017 10ul /tmp/x "quoted" name a\tb */

#pragma D option quiet

inline int name = 88;

BEGIN
{
	printf("%d %d %d %d %s %s %d\n", $1, $2, $3, $4, $5, $6, $7);
	printf("%s %s %s [%s] %s\n", $$1, $$2, $$6, $$8, $$7);
	printf("%d %d\n", sizeof ($1), sizeof ($4));
	exit(0);
}
