/* What is only said to be elsewhere takes no room, and may be what no variable can be. */

#pragma D option quiet

extern int lengths[];
extern double ratio;
extern struct inode *first, root;
extern int *(*hook)(void *, ...);
int plain();
void sink(int, char *);
static long old(void);

BEGIN
{
	lengths = 3;
	printf("%d\n", lengths);
	exit(0);
}
