/* Declarations give variables and keys their types. */

#pragma D option quiet

uint8_t small;
int64_t pairs[int, string];
self int mine;
this char letter;
string word;
BEGIN
{
	small = (uint8_t)300; printf("%d\n", small);
	pairs[1, "a"] = -5; printf("%d\n", pairs[1, "a"]);
	self->mine = 3; this->letter = 'A'; word = "w";
	printf("%d %c %s\n", self->mine, this->letter, word);
	exit(0);
}
