/* A translated argument is no number to test. */

proc:::create
{
	this->none = !args[0]; /* error: D_OP_SCALAR */
}
