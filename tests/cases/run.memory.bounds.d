/* A write past what alloca() or copyin() gave is an error, though there be scratch memory behind it. */

#pragma D option quiet

ERROR { printf("error %d\n", arg4); }
BEGIN
{
	this->p = (int *)alloca(sizeof (int)); *this->p = 7;
	this->q = (int *)alloca(3 * sizeof (int)); this->q[2] = 4;
	printf("%d %d\n", *this->p, this->q[2]);
}
BEGIN { this->q[2] = 9; printf("%d\n", this->q[2]); }
BEGIN { this->q[3] = 9; }
BEGIN { *(char *)(this->p + 1) = 1; }
BEGIN { *((long *)this->q + 1) = 1; }
BEGIN { bcopy(this->q, this->q + 2, 8); }
BEGIN { bcopy(this->q, this->q + 1, 8); printf("%d\n", this->q[2]); }
BEGIN { exit(0); }
