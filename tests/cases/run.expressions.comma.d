/* A comma gives its right side. */

#pragma D option quiet

int a;
int b;
int c;
BEGIN
{
	a = (b = 2, b + 1); printf("%d %d\n", a, b);
	a = b = c = 4; printf("%d %d %d\n", a, b, c);
	exit(0);
}
