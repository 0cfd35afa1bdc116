/* Memory from alloca() can be written and read, by type, by index, by member. */

#pragma D option quiet

struct pair { int a; char c; };
BEGIN
{
	this->p = (int *)alloca(16); *this->p = 7; *(this->p + 1) = 9; this->p[2] = -1;
	printf("%d %d %d\n", this->p[0], this->p[1], *(this->p + 2));
	this->q = (struct pair *)alloca(sizeof (struct pair)); this->q->a = 5; this->q->c = 'z'; this->q->a += 3;
	printf("%d %c %d\n", this->q->a, this->q->c, sizeof (struct pair));
	bcopy(this->p, this->q, 4); printf("%d\n", this->q->a);
	printf("%d\n", *(unsigned char *)(this->p + 2));
	printf("%d\n", (this->p + 2) - this->p);
	exit(0);
}
