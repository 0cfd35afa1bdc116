/* A structure that is only named has no members that a translator could make. */

translator struct nowhere < int I > /* error: D_XLATE_SOU */
{
	a = I;
};

BEGIN
{
}
