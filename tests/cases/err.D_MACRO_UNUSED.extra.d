/* An argument that the script never asks for. */
/* args: 7 */
/* error nowhere: D_MACRO_UNUSED */

BEGIN
{
	trace(1);
}
