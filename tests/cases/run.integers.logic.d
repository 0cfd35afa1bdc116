/* && and || do not look at the right side when the left one decides. */

#pragma D option quiet

int a;
int b;
int r;
BEGIN
{
	r = a++ && b++; printf("%d %d %d\n", r, a, b);
	r = a++ && b++; printf("%d %d %d\n", r, a, b);
	r = a++ || b++; printf("%d %d %d\n", r, a, b);
	a = 0; r = a || (b = 7); printf("%d %d %d\n", r, a, b);
	r = a && *(int *)0; printf("%d\n", r);
	exit(0);
}
