/* A bit-field has no offset in bytes. */

struct s { int a; int b:3; };
BEGIN
{
	trace(offsetof(struct s, b)); /* error: D_OFFSETOF_BITFIELD */
}
