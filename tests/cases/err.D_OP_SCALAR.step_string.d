/* A string has no next one. */

BEGIN
{
	word = "ab";
	word++; /* error: D_OP_SCALAR */
}
