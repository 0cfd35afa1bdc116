/* A structure can be cast to what it is. */

#pragma D option quiet

struct pair { int a; char c; };
struct pair g;

BEGIN
{
	g.a = 5; g.c = 'x';
	printf("%d %c\n", ((struct pair)g).a, ((struct pair)g).c);
	exit(0);
}
