/* In a file a description is followed by actions. */

BEGIN
{
	trace(1);
}

END /* error: D_SYNTAX */
