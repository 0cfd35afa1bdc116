/* A variable holds 64 bits whatever its type. The type's size counts where a value is printed, cast, or in memory. */

#pragma D option quiet

int32_t g;
self int16_t s;
this int8_t t;
int8_t a[int];
int16_t m[2];
struct numbers { int8_t tiny; uint16_t small; } n;
BEGIN
{
	this->wide = (int64_t)0x1234567890;
	g = this->wide; self->s = this->wide; this->t = this->wide; a[1] = this->wide; i = 1; i = this->wide;
	printf("%x %hx %hhx %hhx %x\n", g, self->s, this->t, a[1], i);
	printf("%d %d %d %d %d\n", g == this->wide, self->s == this->wide, this->t == this->wide, a[1] == this->wide,
	    i == this->wide);
	printf("%x %x %x\n", (int64_t)g, (uint64_t)self->s >> 32, (int64_t)a[1] + 1);
	g = 0x1ffffffff; self->s = 0x18000; this->t = 300; a[1] = 128;
	printf("%d %d %d %d\n", g == -1, self->s == -32768, this->t == 44, a[1] == -128);
	m[0] = this->wide; n.tiny = this->wide; n.small = this->wide;
	printf("%hx %hhx %hx %d %d\n", m[0], n.tiny, n.small, n.tiny == this->wide, n.tiny == -112);
	this->t = 127; this->t++; printf("%hhd %d\n", this->t, this->t == 128);
	n.tiny = 127; n.tiny++; printf("%hhd %d\n", n.tiny, n.tiny == -128);
	@[g] = count(); @[(int)this->wide] = count(); printa("%x %@d\n", @);
	exit(0);
}
