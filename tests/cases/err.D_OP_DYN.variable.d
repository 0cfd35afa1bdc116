/* A translated structure cannot be kept. */

BEGIN
{
	self->p = xlate <psinfo_t>(curthread); /* error: D_OP_DYN */
}
