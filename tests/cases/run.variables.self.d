/* self-> variables and arrays; one never set is 0, and assigning 0 frees. */

#pragma D option quiet

self int never;

BEGIN
{
	self->n = 7; self->n *= 6; printf("%d %d\n", self->n, self->never);
	self->s = "mine"; printf("%s\n", self->s);
	self->a[1, "x"] = 5; self->a[1, "x"]++; printf("%d %d\n", self->a[1, "x"], self->a[2, "x"]);
	self->a[1, "x"] = 0; printf("%d\n", self->a[1, "x"]);
	self->n = 0; printf("%d\n", self->n);
	self->never = 0;
	exit(0);
}
