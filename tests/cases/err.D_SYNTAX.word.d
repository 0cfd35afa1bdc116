/* Words that D keeps name no variable: counter, import, probe, provider and translator as well as C's. */

BEGIN
{
	probe = 1; /* error: D_SYNTAX */
}
