/* A name is given to one type. */

typedef int number;
typedef char number; /* error: D_DECL_IDRED */

BEGIN
{
	exit(0);
}
