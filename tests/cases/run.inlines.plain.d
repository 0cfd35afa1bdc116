/* Inline constants and expressions. */

#pragma D option quiet

inline int SIZE = 4 * 2;
inline string NAME = "inline";
inline int QUIET = 0;
BEGIN
{
	printf("%d %s\n", SIZE + 1, NAME);
	QUIET ? printf("never\n") : printf("shown\n");
	@[SIZE] = count(); printa("%d %@d\n", @);
	exit(0);
}
