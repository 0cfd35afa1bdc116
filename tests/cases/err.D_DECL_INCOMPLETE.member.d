/* A structure cannot hold another that is defined below. */

struct ship {
	struct brief first; /* error: D_DECL_INCOMPLETE */
};
struct brief { int pages; };

BEGIN
{
	exit(0);
}
