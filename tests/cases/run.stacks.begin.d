/* BEGIN and END fire in no code of the kernel. */

#pragma D option quiet

BEGIN
{
	printf("%d %d\n", stackdepth, caller == 0);
	stack();
	printf("[%k]\n", stack(3));
	@[stack()] = count();
	exit(0);
}
