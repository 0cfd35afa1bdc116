// needs: word case
// steps: 980
/*
 * tolower(s): a copy of s with A to Z made a to z; all other bytes stay, as in dtrace. dst may be s.
 */
static __always_inline void dt_tolower(char *dst, u32 dcap, const char *s, u32 scap)
{
	dt_turn_case(dst, dcap, s, scap, 'A');
}
