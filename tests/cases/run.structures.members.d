/* Members of structures that variables of all scopes hold: nested, anonymous, arrays, unions. */

#pragma D option quiet

struct inner { char c; short s; };
struct outer {
	int x;
	struct inner in;
	char name[8];
	union { uint32_t word; uint8_t bytes[4]; };
	struct { int deep; } named;
	struct inner *next;
};
struct outer g;
self struct outer s;
this struct outer t;
struct outer a[int, string];

BEGIN
{
	printf("%d %d %d\n", g.x, g.in.s, g.named.deep);
	g.x = 1; g.in.c = 'c'; g.in.s = -7; g.word = 0x01020304; g.named.deep = g.x + 8;
	g.name[0] = 'h'; g.name[1] = 'i';
	printf("%d %c %d %d %d %s|\n", g.x, g.in.c, g.in.s, g.bytes[0], g.named.deep, g.name);
	self->s.x = 2; self->s.bytes[1] = 0xff; self->s.in.s = 40000;
	printf("%d %x %d\n", self->s.x, self->s.word, self->s.in.s);
	this->t.x = 3; this->t.in.s = this->t.x * 11;
	printf("%d %d\n", this->t.x, this->t.in.s);
	a[1, "one"].x = 4; a[2, "two"].named.deep = 5;
	printf("%d %d %d\n", a[1, "one"].x, a[2, "two"].x, a[2, "two"].named.deep);
	printf("%d %d %d\n", g.next == NULL, sizeof (g), sizeof (g.in));
	exit(0);
}
