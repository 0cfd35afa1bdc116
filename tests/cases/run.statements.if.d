/* if, else and else if, with blocks and without. */

#pragma D option quiet

int x;
BEGIN
{
	x = 2;
	if (x == 2) printf("two\n"); else printf("other\n");
	if (x == 1) { printf("one\n"); } else if (x == 2) { printf("again\n"); x = 3; } else { printf("none\n"); }
	if (x == 3) { if (x > 5) printf("no\n"); else printf("nested\n"); }
	if (!x) printf("no\n");
	exit(0);
}
