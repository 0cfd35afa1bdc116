/* trace() of numbers and strings. */

#pragma D option quiet

BEGIN
{
	trace(1); trace("abc"); trace((uint8_t)3); trace((int16_t)-3); trace(-5LL); trace((void *)16);
	exit(0);
}
