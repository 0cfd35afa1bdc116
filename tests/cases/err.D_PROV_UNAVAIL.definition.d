/* Programs define no providers here. */

provider mine { /* error: D_PROV_UNAVAIL */
	probe go(int);
};
BEGIN
{
	trace(1);
}
