/* There is a limit to the speculations at a time. */
#pragma D option nspec=4096 /* error: D_PRAGMA_OPTSET */

BEGIN { exit(0); }
