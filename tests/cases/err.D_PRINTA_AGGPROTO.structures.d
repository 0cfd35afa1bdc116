/* Nor are keys of two structures the same key. */

struct pair { int a; int b; };
struct other { int a; int b; };
struct pair one;
struct other two;

BEGIN
{
	@one[one] = count(); @two[two] = count();
	printa(@one, @two); /* error: D_PRINTA_AGGPROTO */
}
