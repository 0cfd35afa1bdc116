/* What a translator does not make is zeros in a structure that it is assigned to, whatever stood there. */

#pragma D option quiet

struct inner { int x; int y; };
struct full { int a; struct inner in; int b[4]; string text; int low:3; int high:5; union { int u; char c; }; };
struct pair { int i; char c; };
translator struct full < struct pair p > { a = p.i; high = 9; };
translator struct full < char C > { };

struct full f;
struct pair given;

BEGIN
{
	given.i = 7;
	f.a = 1; f.in.x = 2; f.in.y = 3; f.b[3] = 4; f.text = "text"; f.low = 1; f.high = 6; f.u = 8;
	f = xlate <struct full>(given);
	printf("%d %d %d %d [%s] %d %d %d\n", f.a, f.in.x, f.in.y, f.b[3], f.text, f.low, f.high, f.u);
	f.in.y = 3; f.text = "text";
	f = xlate <struct full>((char)1);
	printf("%d %d [%s] %d\n", f.a, f.in.y, f.text, f.high);
	self->f = xlate <struct full>(given);
	printf("%d %d [%s]\n", self->f.a, self->f.in.x, self->f.text);
	exit(0);
}
