/* trace() of an array: of 1, 2, 4 or 8 bytes a number, as a structure of that size; else text where it looks like it, and a
   dump. A key that is an array of numbers counts by its bytes; one of characters is a string. */

#pragma D option quiet

struct s { char one[1]; char two[2]; char four[4]; char eight[8]; char three[3]; int pair[2]; int single[1]; short odd[3]; };
struct s x;
int three[3];
int letters[1];

BEGIN
{
	x.one[0] = -1; x.two[0] = 'h'; x.two[1] = -1; x.four[0] = 'A'; x.four[1] = 'B'; x.eight[0] = 'z'; x.three[0] = 'e';
	x.pair[1] = 1; x.single[0] = -3; x.odd[0] = -1; letters[0] = 'L';
	trace(x.one); trace(" "); trace(x.two); trace(" "); trace(x.four); trace(" "); trace(x.eight); trace(" ");
	trace(x.three); trace(" "); trace(x.pair); trace(" "); trace(x.single); trace(x.odd);
	@a[x.pair, x.four] = count(); x.pair[0]++; @a[x.pair, x.four] = count(); x.pair[0]--; @a[x.pair, x.four] = count();
	seen[three] = 1; three[2] = 1; seen[three] += 5; printf("%d ", seen[three]);
	three[2] = 0; printf("%d\n", seen[three]);
	@l[letters] = count(); printa("%ws %@d\n", @l); printa(@a);
	@k[three] = count(); printa(@k); trunc(@a); trunc(@k); trunc(@l);
	exit(0);
}
