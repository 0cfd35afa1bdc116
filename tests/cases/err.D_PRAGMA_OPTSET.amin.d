/* The least stability is three words that name one. */

#pragma D option amin=Evolving/Common /* error: D_PRAGMA_OPTSET */

BEGIN
{
}
