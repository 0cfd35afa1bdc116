/* After a value of an enumeration, a name can mean two things. */

enum color { RED, GREEN };
int GREEN;
BEGIN
{
	this->c = (enum color)1;
	trace(this->c == GREEN); /* error: D_IDENT_AMBIG */
}
