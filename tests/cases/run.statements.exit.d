/* After exit() the clauses that are left do not run, those of END do; the rest of its own clause does. */
#pragma D option quiet
int after;

BEGIN
/after == 0/
{
	exit(3);
	printf("rest\n");
	after = 1;
}

BEGIN
{
	printf("wrong\n");
	after = 2;
}

END
{
	printf("first %d\n", after);
}

END
{
	printf("second %d\n", after);
}

END
{
	printf("third %d\n", after);
}
