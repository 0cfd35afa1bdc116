/* ?: evaluates one branch only; nested, and as a statement. */

#pragma D option quiet

int a;
int b;
BEGIN
{
	a = 1;
	printf("%d\n", a ? 10 : 20);
	a == 1 ? b++ : b--; printf("%d\n", b);
	printf("%s\n", b == 0 ? "zero" : b == 1 ? "one" : "many");
	b = a == 2 ? *(int *)0 : 5; printf("%d\n", b);
	1 == 1 ? printf("yes\n") : printf("no\n");
	sizeof (int) == 2 ? printf("yes\n") : 1;
	exit(0);
}
