/* Bit-fields of all widths and signs, written and read in place. */

#pragma D option quiet

struct bits { uint8_t a:3; uint8_t b:5; int c:4; int d:20; unsigned int e:12; uint64_t f:40; char g; uint64_t h:1; };
struct bits g;
this struct bits t;

BEGIN
{
	printf("%d %d %d\n", sizeof (struct bits), offsetof(struct bits, g), sizeof (g));
	g.a = 9; g.b = 31; g.c = -3; g.d = 0x7ffff; g.e = 0xfff; g.f = 0xabcdef0123; g.g = 'x'; g.h = 1;
	printf("%d %d %d %d %d %x %c %d\n", g.a, g.b, g.c, g.d, g.e, g.f, g.g, g.h);
	g.a++; g.c -= 6; g.d = -1; g.e >>= 4; g.f = 0;
	printf("%d %d %d %d %d %x %c %d\n", g.a, g.b, g.c, g.d, g.e, g.f, g.g, g.h);
	this->t = g; this->t.b = 0; printf("%d %d %d\n", this->t.a, this->t.b, g.b);
	exit(0);
}
