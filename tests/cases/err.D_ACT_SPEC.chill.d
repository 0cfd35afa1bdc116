/* What cannot be taken back does not follow speculate(), whether it is allowed or not. */

BEGIN
{
	speculate(1);
	chill(10); /* error: D_ACT_SPEC */
}
