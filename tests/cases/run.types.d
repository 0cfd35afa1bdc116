/* typedef, enum, struct, union, sizeof, offsetof. */

#pragma D option quiet

typedef unsigned char byte;
enum color { RED, GREEN = 5, BLUE };
struct point { int x; char c; short s; union { int i; char b; } u; };
BEGIN
{
	printf("%d %d %d\n", RED, GREEN, BLUE);
	printf("%d %d %d %d %d\n", sizeof (byte), sizeof (struct point), sizeof (int *), sizeof ("abc"), sizeof (long long));
	printf("%d %d\n", offsetof(struct point, c), offsetof(struct point, u));
	printf("%d\n", (byte)257);
	this->p = (struct point *)alloca(sizeof (struct point)); this->p->u.i = 0x4142; printf("%c\n", this->p->u.b);
	exit(0);
}
