/* The limit of lquantize() is an integer constant. */

BEGIN
{
	@a = lquantize(1, 0, pid); /* error: D_LQUANT_LIMTYPE */
}
