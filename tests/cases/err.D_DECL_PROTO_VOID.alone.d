/* And stands alone. */

provider mine {
	probe go(int, void); /* error: D_DECL_PROTO_VOID */
};
BEGIN
{
	trace(1);
}
