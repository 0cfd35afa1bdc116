/* A translator makes a structure. */

translator int < int I > { a = I; }; /* error: D_XLATE_SOU */
BEGIN
{
	trace(1);
}
