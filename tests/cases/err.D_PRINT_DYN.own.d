/* What a translator of the program makes has no address to print. */

struct made { int number; };
translator struct made < int I > { number = I; };

BEGIN
{
	print(xlate <struct made *>(3)); /* error: D_PRINT_DYN */
}
