/* this-> holds no associative arrays. */

BEGIN
{
	this->a[1] = 2; /* error: D_DECL_LOCASC */
}
