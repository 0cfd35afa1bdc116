/* ++ and -- before and after, and every op=. */

#pragma D option quiet

int x;
BEGIN
{
	x = 5;
	printf("%d ", x++);
	printf("%d ", x);
	printf("%d ", ++x);
	printf("%d ", x--);
	printf("%d\n", --x);
	x += 10; printf("%d ", x);
	x -= 3; printf("%d ", x);
	x *= -4; printf("%d ", x);
	x /= 5; printf("%d ", x);
	x %= 7; printf("%d\n", x);
	x = 0x55; x &= 0xf0; printf("%x ", x);
	x |= 0xf; printf("%x ", x);
	x ^= 0xff; printf("%x ", x);
	x <<= 4; printf("%x ", x);
	x >>= 2; printf("%x\n", x);
	/* Operands are calculated from the left, also where one assigns what another reads. */
	x = 3; printf("%d ", x += (x = 10)); printf("%d ", x - x++); printf("%d ", x++ + x);
	self->y = 2; printf("%d ", self->y -= self->y++);
	x = 1; printf("%s\n", substr("abcdef", x, x++));
	exit(0);
}
