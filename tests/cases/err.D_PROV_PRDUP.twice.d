/* A probe is declared once. */

provider mine {
	probe go(int);
	probe go(char *); /* error: D_PROV_PRDUP */
};
BEGIN
{
	trace(1);
}
