/* An unknown option, when the program asks. */

BEGIN
{
	setopt("nosuchoption"); /* error: D_PRAGMA_OPTSET */
}
