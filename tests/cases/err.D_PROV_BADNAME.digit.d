/* A provider's name does not end with a digit: process ids do that. */

provider mine2 { /* error: D_PROV_BADNAME */
	probe go(int);
};
BEGIN
{
	trace(1);
}
