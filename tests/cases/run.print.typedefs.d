/* print() names a structure of the program by the typedef that it was declared with. */

#pragma D option quiet

typedef struct { int a; char b[4]; } foo_t;
struct named { int c; };
typedef struct named named_t;
struct outer { foo_t first; named_t second; struct named third; struct { int z; } fourth; };
foo_t x;
struct outer y;

BEGIN
{
	x.a = 1;
	print(x); printf("\n");
	print(y); printf("\n");
	this->p = (foo_t *)alloca(8);
	this->p->a = 7;
	print(*this->p); printf("\n");
	exit(0);
}
