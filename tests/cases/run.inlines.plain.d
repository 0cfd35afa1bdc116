/* Inline constants and expressions; a constant is calculated once, however many it is made of. */

#pragma D option quiet

inline int SIZE = 4 * 2;
inline string NAME = "inline";
inline int QUIET = 0;
inline int64_t c0 = 1;
inline int64_t c1 = c0 + c0;
inline int64_t c2 = c1 + c1;
inline int64_t c3 = c2 + c2;
inline int64_t c4 = c3 + c3;
inline int64_t c5 = c4 + c4;
inline int64_t c6 = c5 + c5;
inline int64_t c7 = c6 + c6;
inline int64_t c8 = c7 + c7;
inline int64_t c9 = c8 + c8;
inline int64_t c10 = c9 + c9;
inline int64_t c11 = c10 + c10;
inline int64_t c12 = c11 + c11;
inline int64_t c13 = c12 + c12;
inline int64_t c14 = c13 + c13;
inline int64_t c15 = c14 + c14;
inline int64_t c16 = c15 + c15;
inline int64_t c17 = c16 + c16;
inline int64_t c18 = c17 + c17;
inline int64_t c19 = c18 + c18;
inline int64_t c20 = c19 + c19;
inline int64_t c21 = c20 + c20;
inline int64_t c22 = c21 + c21;
inline int64_t c23 = c22 + c22;
inline int64_t c24 = c23 + c23;
inline int64_t c25 = c24 + c24;
inline int64_t c26 = c25 + c25;
inline int64_t c27 = c26 + c26;
inline int64_t c28 = c27 + c27;
inline int64_t c29 = c28 + c28;
inline int64_t c30 = c29 + c29;
inline int64_t c31 = c30 + c30;
inline int64_t c32 = c31 + c31;
inline int64_t c33 = c32 + c32;
inline int64_t c34 = c33 + c33;
inline int64_t c35 = c34 + c34;
inline int64_t c36 = c35 + c35;
inline int64_t c37 = c36 + c36;
inline int64_t c38 = c37 + c37;
inline int64_t c39 = c38 + c38;
inline int64_t c40 = c39 + c39;
BEGIN
{
	printf("%d %s\n", SIZE + 1, NAME);
	printf("%d\n", c40);
	QUIET ? printf("never\n") : printf("shown\n");
	@[SIZE] = count(); printa("%d %@d\n", @);
	exit(0);
}
