/* A bit-field has no size in bytes. */

struct s { int b:3; };
BEGIN
{
	trace(sizeof (((struct s *)8)->b)); /* error: D_SIZEOF_BITFIELD */
}
