/* print() of structures: members, arrays, unions without a name, bit-fields, enumerators, pointers, characters. */

#pragma D option quiet

enum color { RED = 1, GREEN = 0x64636261 };
struct point { int x; char c; short s; };
struct whole {
	enum color first;
	enum color second;
	union { int number; char text[4]; };
	union { uint16_t half; uint8_t byte; } named;
	uint32_t low : 3, high : 9;
	char name[8];
	char full[4];
	uint8_t raw[4];
	struct point points[2];
	void *address;
	uint64_t big;
};

struct whole w;

BEGIN
{
	w.first = RED; w.second = 7; w.number = 0x41424344;
	w.named.half = 0x1234; w.low = 5; w.high = 300;
	w.name[0] = 'a'; w.name[1] = 'b';
	w.full[0] = 'f'; w.full[1] = 'u'; w.full[2] = 'l'; w.full[3] = 'l';
	w.raw[0] = 1; w.raw[3] = 255;
	w.points[0].x = -1; w.points[0].c = 'c'; w.points[1].s = -2; w.points[1].c = '\n';
	w.address = (void *)0xdead; w.big = 1;
	print(w); printf("|\n");
	print(w.points); print(w.points[1]); printf("|\n");
	print(w.name); print(w.raw); print(w.first); print(w.second); print(w.high);
	print((pid_t)5); print((size_t)6); print((char)'x'); print((char)0); print((char)200); print(-1); print("text");
	exit(0);
}
