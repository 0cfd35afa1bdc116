/* Keys of every type in the default form: columns by size, strings 50 wide, stacks on lines of their own. */

#pragma D option quiet

BEGIN
{
	@["number", (char)-1, (short)-2, -3, -4L] = count();
	@["more", (char)1, (short)2, 3, 4L] = count();
	@u["unsigned", (uint8_t)255, (uint16_t)65535, (uint32_t)-1, (uint64_t)-1] = count();
	@p[(void *)255, (struct task_struct *)0] = sum(1);
	@a[sym(5), func(6), mod(7)] = max(1);
	@b[curpsinfo->pr_psargs == "" ? "empty" : "some", stringof("")] = min(-1);
	@s["", execname == "" ? 1 : 2] = avg(-7);
	exit(0);
}
