/* this-> holds no associative arrays. */

BEGIN
{
	this->a[1] = 2; /* error: D_ARR_LOCAL */
}
