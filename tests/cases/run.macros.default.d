/* With defaultargs an argument that is not given is 0 or "". */
/* args: 41 */

#pragma D option quiet
#pragma D option defaultargs

BEGIN
{
	printf("%d [%s] %d [%s]\n", $1, $$1, $2, $$3);
	exit(0);
}
