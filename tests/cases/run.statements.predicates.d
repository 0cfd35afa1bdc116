/* A predicate lets its clause run or not; clauses run in order. */

#pragma D option quiet

int x;

BEGIN
{
	x = 1;
}

BEGIN
/x == 1/
{
	printf("first\n");
	x = 2;
}

BEGIN
/x == 1/
{
	printf("never\n");
}

BEGIN
/x == 2 && probename == "BEGIN"/
{
	printf("second\n");
}

BEGIN
/"a" < "b"/
{
	exit(3);
}

END
{
	printf("end %d\n", x);
}
