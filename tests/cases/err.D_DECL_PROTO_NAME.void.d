/* void has no name. */

provider mine {
	probe go(void x); /* error: D_DECL_PROTO_NAME */
};
BEGIN
{
	trace(1);
}
