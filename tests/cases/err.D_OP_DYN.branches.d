/* The branches of ?: are not what a translator makes. */

BEGIN
{
	this->p = pid ? curpsinfo : NULL; /* error: D_OP_DYN */
}
