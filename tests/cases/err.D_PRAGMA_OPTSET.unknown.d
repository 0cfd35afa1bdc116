/* An unknown option. */

#pragma D option nosuchoption /* error: D_PRAGMA_OPTSET */
BEGIN
{
	trace(1);
}
