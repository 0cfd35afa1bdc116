/* trace() of a floating-point number shows its bits, as in the original; printf() and print() show the number. */

#pragma D option quiet

struct sizes { float f; double d; };

BEGIN
{
	this->s = (struct sizes *)alloca(sizeof (struct sizes));
	*(uint32_t *)&this->s->f = 0x3fc00000; *(uint64_t *)&this->s->d = 0xc002000000000000;
	trace(this->s->f); trace(" "); trace(this->s->d); printf(" %g %g ", this->s->f, this->s->d); print(this->s->f);
	@["keys", this->s->f, this->s->d] = count();
	exit(0);
}
