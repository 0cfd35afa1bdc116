/* Bit-fields without a name part those beside them, and do not align the structure (System V ABI, x86-64). */

#pragma D option quiet

struct whole { char a; int :0; char b; };
struct gap { char a; int :5; char b; };
struct packed { char a:3; int b:20; short c:9; };
struct crossed { int a:31; int b:2; };
struct long_one { int a:3; long b:40; };
union either { int a:3; char b; };
struct whole w; struct gap g; struct crossed c;
BEGIN
{
	printf("%d %d %d %d %d %d\n", sizeof (struct whole), sizeof (struct gap), sizeof (struct packed),
	    sizeof (struct crossed), sizeof (struct long_one), sizeof (union either));
	printf("%d %d\n", offsetof(struct whole, b), offsetof(struct gap, b));
	w.a = 1; w.b = 2; g.a = 3; g.b = 4; c.a = -1; c.b = -2;
	printf("%d %d %d %d %d %d\n", w.a, w.b, g.a, g.b, c.a, c.b);
	exit(0);
}
