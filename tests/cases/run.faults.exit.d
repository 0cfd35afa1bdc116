/* exit() in ERROR ends a firing in its midst: the clauses behind the one with the fault do not run. */
#pragma D option quiet
int after;

BEGIN
{
	trace(*(int *)NULL);
}

BEGIN
{
	after = 1;
}

ERROR
{
	exit(3);
}

ERROR
{
	printf("error\n");
}

END
{
	printf("after %d\n", after);
}
