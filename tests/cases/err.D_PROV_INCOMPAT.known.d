/* The probes of io are known. */

provider io { /* error: D_PROV_INCOMPAT */
	probe go(int);
};
BEGIN
{
	trace(1);
}
