/* A module without a provider is one of this kernel's, and none of any other. */

:genunix_of_nothing:: /* error: D_PDESC_ZERO */
{
}
