/* The operands of a comma are not what a translator makes. */

BEGIN
{
	this->p = (curpsinfo, 1); /* error: D_OP_DYN */
}
