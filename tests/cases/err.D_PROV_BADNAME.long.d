/* A probe's name is not too long. */

provider mine {
	probe xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx(int); /* error: D_PROV_BADNAME */
};
BEGIN
{
	trace(1);
}
