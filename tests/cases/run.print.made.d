/* What a translator of the program makes is printed whole, and a member may be a structure. */

#pragma D option quiet

struct place { int row; long column; };
typedef struct made { int number; string name; struct place where; char unmade[4]; } made_t;
struct place kept;
translator made_t < int I > { number = I + 1; name = strjoin("made of ", lltostr(I)); where = kept; };

BEGIN
{
	kept.row = 7;
	kept.column = -1;
	print(*(xlate <made_t *>(41)));
	print(xlate <made_t>(1).where);
	printf("\n%d\n", xlate <made_t>(2).where.row);
	this->made = xlate <made_t>(3);
	printf("%d %d %s\n", this->made.number, this->made.where.column, this->made.name);
	exit(0);
}
