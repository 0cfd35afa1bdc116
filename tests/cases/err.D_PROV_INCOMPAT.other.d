/* A provider declared again has the same probes. */

provider mine {
	probe go(int);
};
provider mine { /* error: D_PROV_INCOMPAT */
	probe went(int);
};
BEGIN
{
	trace(1);
}
