/* A floating-point number is shown by %e, %f or %g. */

double ratio;

BEGIN
{
	printf("%d", ratio); /* error: D_PRINTF_ARG_TYPE */
}
