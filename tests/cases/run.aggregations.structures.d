/* A structure is a key by its bytes: a dump, text where it looks like one, and a number where it is as long as one. */

#pragma D option quiet

struct text { char name[12]; };
struct big { int n; char name[16]; short last; };
struct pair { int a; int b; };
struct flags { uint8_t low:4; uint8_t high:4; };

struct text text;
struct big one, two;
struct pair pair, next;
struct flags flags;
double real;
float ratio;

BEGIN
{
	text.name[0] = 'a'; text.name[1] = 'b';
	one.n = 1; one.name[3] = 'x'; one.last = -1; two = one;
	@b[one, "same"] = sum(1); @b[two, "same"] = sum(2);
	two.n = 2; @b[two, "other"] = sum(10);
	pair.a = 1; pair.b = 2; next.a = 2; next.b = 2;
	@p[pair] = count(); @p[next] = count(); @p[next] = count();
	flags.low = 5; flags.high = 9;
	@t[text, flags] = quantize(3);
	this->q = (struct pair *)alloca(sizeof (struct pair)); *this->q = pair;
	@p[*this->q] = count(); @c[pair] = sum(7);
	printa(@b); printa(@p); printa("%@d %@d\n", @p, @c); printa(@t);
	@r[real, ratio] = count();
}
BEGIN { @p[*(struct pair *)8] = count(); }
ERROR { printf("error %d at %d in action %d\n", arg4, arg5, arg2); }
BEGIN { trunc(@p); trunc(@c); trunc(@b); trunc(@t); exit(0); }
