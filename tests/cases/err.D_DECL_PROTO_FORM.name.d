/* It is found by its name. */

provider mine {
	probe go(int x) : (int y); /* error: D_DECL_PROTO_FORM */
};
BEGIN
{
	trace(1);
}
