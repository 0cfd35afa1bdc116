// needs: word case
// steps: 980
/*
 * toupper(s): a copy of s with a to z made A to Z; all other bytes stay, as in dtrace. dst may be s.
 */
static __always_inline void dt_toupper(char *dst, u32 dcap, const char *s, u32 scap)
{
	dt_turn_case(dst, dcap, s, scap, 'a');
}
