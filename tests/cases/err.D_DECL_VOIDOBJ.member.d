/* A member is no function. */

struct ship {
	int sail(); /* error: D_DECL_VOIDOBJ */
};

BEGIN
{
	exit(0);
}
