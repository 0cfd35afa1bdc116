/* A bit-field of less than no bits. */

struct s {
	int a:-1; /* error: D_DECL_BFCONST */
};
BEGIN
{
	trace(1);
}
