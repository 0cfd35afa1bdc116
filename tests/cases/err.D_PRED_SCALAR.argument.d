/* A translated argument is no number. */

proc:::create
/args[0]/ /* error: D_PRED_SCALAR */
{
	exit(0);
}
