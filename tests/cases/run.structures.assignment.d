/* A structure is assigned whole: to variables of all scopes, from memory, to a member. */

#pragma D option quiet

struct inner { int a; int b; };
struct outer { struct inner one; struct inner two; string name; };
struct outer g;
this struct outer t;
self struct outer s;
struct outer m[int];

BEGIN
{
	g.one.a = 1; g.two.b = 2; g.name = "first";
	this->t = g; g.one.a = 9; g.name = "second";
	printf("%d %d %s\n", this->t.one.a, this->t.two.b, this->t.name);
	self->s = this->t; m[7] = self->s; self->s.two = g.one;
	printf("%d %d %d %s\n", self->s.two.a, m[7].two.a, m[7].two.b, m[7].name);
	self->new = m[7]; self->new.one.a += 5;
	printf("%d %d\n", self->new.one.a, m[7].one.a);
	this->p = (struct inner *)alloca(sizeof (struct inner));
	this->p->a = 30; this->p->b = 40;
	g.one = *this->p; *this->p = m[7].one;
	printf("%d %d %d\n", g.one.a, g.one.b, this->p->a);
	this->cred = *curthread->cred;
	printf("%d\n", this->cred.uid.val == uid);
	exit(0);
}
