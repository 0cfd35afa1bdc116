/* A translated argument is made from one that there is. */

provider mine {
	probe go(int) : (int, int); /* error: D_PROV_PRARGLEN */
};
BEGIN
{
	trace(1);
}
