/* A structure has one member of a name. */

struct s {
	int a;
	char a; /* error: D_DECL_IDRED */
};
BEGIN
{
	trace(1);
}
