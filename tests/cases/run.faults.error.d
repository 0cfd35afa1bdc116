/* A fault ends its clause, fires ERROR with what went wrong, and the next clause runs. */

#pragma D option quiet

int zero;

BEGIN
{
	printf("lost\n");
	printf("%d\n", 5 / zero);
}

BEGIN
{
	printf("%d\n", *(int *)8);
}

BEGIN
/5 % zero/
{
	printf("never\n");
}

BEGIN
{
	printf("%s\n", stringof((char *)16));
}

BEGIN
{
	printf("still here\n");
	exit(0);
}

dtrace:::ERROR
{
	printf("clause %d action %d fault %d at %x\n", arg1, arg2, arg4, arg5);
}
