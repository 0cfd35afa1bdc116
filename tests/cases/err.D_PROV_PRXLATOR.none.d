/* A translated argument needs its translator. */

struct out { int a; };
provider mine {
	probe go(int x) : (struct out *x); /* error: D_PROV_PRXLATOR */
};
BEGIN
{
	trace(1);
}
