/* A constant of type int is calculated in 64 bits. A variable of its own type keeps them, one of another type
   takes what its type holds. */

int64_t wide;
char narrow;

#pragma D option quiet

BEGIN
{
	kept = (1 << 40) + 7;
	@kept = sum(kept);
	this->kept = (1 << 63) - 1;
	@clause = lquantize(1, 0, 2, 1, this->kept);
	wide = (1 << 40) + 7;
	@wide = sum(wide);
	narrow = 0x1ff;
	printf("%d %d %d %d\n", kept, kept == (1 << 40) + 7, wide, narrow);
	exit(0);
}
