// needs: word
/*
 * json(s, e): dst = the element of the JSON text s that the path e names (`a.b[2].c`), as it is written: strings
 * without their quotes, objects and arrays whole. False, with dst empty, if there is none or the text is no JSON on
 * the way there. dcap >= scap; room. work: DT_JSON_WORK(ecap) bytes.
 *
 * A table says for each state and class of character what comes next and what is to be done, and most of it is done
 * without a branch: see word.h.
 *
 * It is made of four functions, of which those in the middle go through DT_JSON_TURNS characters of the path, and of the
 * text, at a time, and say whether there are more: functions that are called can go through texts of any length.
 */
#define DT_JSON_TURNS 64
enum {
	DT_JSON_REST, DT_JSON_OBJECT, DT_JSON_COLON, DT_JSON_VALUE, DT_JSON_COMMA, DT_JSON_KEY, DT_JSON_KEY_ESCAPE,
	DT_JSON_STRING, DT_JSON_STRING_ESCAPE, DT_JSON_WHOLE, DT_JSON_QUOTED, DT_JSON_QUOTED_ESCAPE, DT_JSON_WORD,
	DT_JSON_NUMBER, DT_JSON_FRACTION, DT_JSON_EXPONENT, DT_JSON_STATES,
};
/*
 * What is to be done: keep the character, begin and end a key, end a value, go into an object or array, come to the
 * next value, count brackets, see that a word is one of JSON's; fail at once, or unless a value ends that is wanted.
 */
enum {
	DT_JSON_PUT = 1 << 4, DT_JSON_KEY_BEGINS = 1 << 5, DT_JSON_KEY_ENDS = 1 << 6, DT_JSON_ENDS = 1 << 7,
	DT_JSON_ENTER = 1 << 8, DT_JSON_NEXT = 1 << 9, DT_JSON_BRACKETS = 1 << 10, DT_JSON_WORDS = 1 << 11,
	DT_JSON_FAIL = 1 << 12, DT_JSON_ELSE_FAIL = 1 << 13, DT_JSON_TOP = 1 << 14,
};
/* Classes of characters. Brackets: bit 0 tells square ones, bit 1 closing ones. */
enum {
	DT_C_OTHER, DT_C_SPACE, DT_C_QUOTE, DT_C_BACKSLASH, DT_C_BRACE, DT_C_BRACKET, DT_C_UNBRACE, DT_C_UNBRACKET,
	DT_C_COLON, DT_C_COMMA, DT_C_DIGIT, DT_C_MINUS, DT_C_PLUS, DT_C_DOT, DT_C_LOWER, DT_C_E, DT_C_X, DT_C_UPPER_E,
	DT_C_UPPER_X, DT_C_CLASSES = 32,
};
#define DT_JSON_LEVELS 32
struct dt_json {
	u16 rows[DT_JSON_STATES][DT_C_CLASSES];
	u8 classes[128];
	/* Of each part of the path: where its text stands in keys, and its number. */
	u64 level, used, sign, levels, start[DT_JSON_LEVELS], number[DT_JSON_LEVELS];
	/* What a turn of the loop leaves to the next: from memory all turns are the same to the verifier. */
	u64 state, at, found, array, position, wanted, differs, base, depth, done;
};
#define DT_JSON_WORK(ecap) (sizeof(struct dt_json) + DT_POW2(ecap))
#define DT_FLAG(row, flag) (((row) & DT_JSON_##flag) / DT_JSON_##flag)

static __always_inline void dt_json_begin(char *work)
{
#define DT_TO(state, flags) (DT_JSON_##state | (flags))
#define DT_ANY 0 ... DT_C_CLASSES - 1
#define DT_NUMBER_ENDS [DT_ANY] = DT_TO(REST, DT_JSON_ENDS | DT_JSON_ELSE_FAIL), \
	[DT_C_SPACE] = DT_TO(COMMA, DT_JSON_ENDS), [DT_C_COMMA] = DT_TO(OBJECT, DT_JSON_ENDS | DT_JSON_NEXT)
	const u16 rows[DT_JSON_STATES][DT_C_CLASSES] = {
		[DT_JSON_REST] = { [DT_ANY] = DT_JSON_FAIL, [DT_C_SPACE] = DT_JSON_REST,
			[DT_C_BRACE] = DT_TO(OBJECT, DT_JSON_ENTER | DT_JSON_TOP),
			[DT_C_BRACKET] = DT_TO(VALUE, DT_JSON_ENTER | DT_JSON_TOP) },
		[DT_JSON_OBJECT] = { [DT_ANY] = DT_JSON_FAIL, [DT_C_SPACE] = DT_JSON_OBJECT,
			[DT_C_QUOTE] = DT_TO(KEY, DT_JSON_KEY_BEGINS) },
		[DT_JSON_COLON] = { [DT_ANY] = DT_JSON_FAIL, [DT_C_SPACE] = DT_JSON_COLON, [DT_C_COLON] = DT_JSON_VALUE },
		[DT_JSON_VALUE] = { [DT_ANY] = DT_JSON_FAIL, [DT_C_SPACE] = DT_JSON_VALUE,
			[DT_C_BRACE] = DT_TO(OBJECT, DT_JSON_ENTER), [DT_C_BRACKET] = DT_TO(VALUE, DT_JSON_ENTER),
			[DT_C_QUOTE] = DT_JSON_STRING, [DT_C_DIGIT ... DT_C_MINUS] = DT_TO(NUMBER, DT_JSON_PUT),
			[DT_C_LOWER ... DT_C_X] = DT_TO(WORD, DT_JSON_PUT) },
		[DT_JSON_COMMA] = { [DT_ANY] = DT_JSON_FAIL, [DT_C_SPACE] = DT_JSON_COMMA,
			[DT_C_COMMA] = DT_TO(OBJECT, DT_JSON_NEXT) },
		[DT_JSON_KEY] = { [DT_ANY] = DT_TO(KEY, DT_JSON_PUT), [DT_C_QUOTE] = DT_TO(COLON, DT_JSON_KEY_ENDS),
			[DT_C_BACKSLASH] = DT_TO(KEY_ESCAPE, DT_JSON_PUT) },
		[DT_JSON_KEY_ESCAPE] = { [DT_ANY] = DT_TO(KEY, DT_JSON_PUT) },
		[DT_JSON_STRING] = { [DT_ANY] = DT_TO(STRING, DT_JSON_PUT), [DT_C_QUOTE] = DT_TO(COMMA, DT_JSON_ENDS),
			[DT_C_BACKSLASH] = DT_TO(STRING_ESCAPE, DT_JSON_PUT) },
		[DT_JSON_STRING_ESCAPE] = { [DT_ANY] = DT_TO(STRING, DT_JSON_PUT) },
		[DT_JSON_WHOLE] = { [DT_ANY] = DT_TO(WHOLE, DT_JSON_PUT), [DT_C_QUOTE] = DT_TO(QUOTED, DT_JSON_PUT),
			[DT_C_BRACE ... DT_C_UNBRACKET] = DT_TO(WHOLE, DT_JSON_PUT | DT_JSON_BRACKETS) },
		[DT_JSON_QUOTED] = { [DT_ANY] = DT_TO(QUOTED, DT_JSON_PUT), [DT_C_QUOTE] = DT_TO(WHOLE, DT_JSON_PUT),
			[DT_C_BACKSLASH] = DT_TO(QUOTED_ESCAPE, DT_JSON_PUT) },
		[DT_JSON_QUOTED_ESCAPE] = { [DT_ANY] = DT_TO(QUOTED, DT_JSON_PUT) },
		[DT_JSON_WORD] = { [DT_ANY] = DT_TO(REST, DT_JSON_WORDS | DT_JSON_ENDS | DT_JSON_ELSE_FAIL),
			[DT_C_SPACE] = DT_TO(COMMA, DT_JSON_WORDS | DT_JSON_ENDS),
			[DT_C_COMMA] = DT_TO(OBJECT, DT_JSON_WORDS | DT_JSON_ENDS | DT_JSON_NEXT),
			[DT_C_LOWER ... DT_C_X] = DT_TO(WORD, DT_JSON_PUT) },
		[DT_JSON_NUMBER] = { DT_NUMBER_ENDS, [DT_C_DIGIT] = DT_TO(NUMBER, DT_JSON_PUT),
			[DT_C_DOT] = DT_TO(FRACTION, DT_JSON_PUT), [DT_C_E] = DT_TO(EXPONENT, DT_JSON_PUT),
			[DT_C_UPPER_E] = DT_TO(EXPONENT, DT_JSON_PUT), [DT_C_X] = DT_JSON_FAIL, [DT_C_UPPER_X] = DT_JSON_FAIL,
			[DT_C_MINUS ... DT_C_PLUS] = DT_JSON_FAIL },
		[DT_JSON_FRACTION] = { DT_NUMBER_ENDS, [DT_C_DIGIT] = DT_TO(FRACTION, DT_JSON_PUT),
			[DT_C_E] = DT_TO(EXPONENT, DT_JSON_PUT), [DT_C_UPPER_E] = DT_TO(EXPONENT, DT_JSON_PUT),
			[DT_C_MINUS ... DT_C_PLUS] = DT_JSON_FAIL },
		[DT_JSON_EXPONENT] = { DT_NUMBER_ENDS, [DT_C_DIGIT ... DT_C_PLUS] = DT_TO(EXPONENT, DT_JSON_PUT) },
	};
	const u8 classes[128] = {
		[9 ... 13] = DT_C_SPACE, [' '] = DT_C_SPACE, ['"'] = DT_C_QUOTE, ['\\'] = DT_C_BACKSLASH, ['{'] = DT_C_BRACE,
		['['] = DT_C_BRACKET, ['}'] = DT_C_UNBRACE, [']'] = DT_C_UNBRACKET, [':'] = DT_C_COLON, [','] = DT_C_COMMA,
		['0' ... '9'] = DT_C_DIGIT, ['-'] = DT_C_MINUS, ['+'] = DT_C_PLUS, ['.'] = DT_C_DOT, ['a' ... 'd'] = DT_C_LOWER,
		['e'] = DT_C_E, ['f' ... 'w'] = DT_C_LOWER, ['x'] = DT_C_X, ['y' ... 'z'] = DT_C_LOWER, ['E'] = DT_C_UPPER_E,
		['X'] = DT_C_UPPER_X,
	};
#undef DT_TO
#undef DT_ANY
#undef DT_NUMBER_ENDS
	struct dt_json *table = (void *)work;
	volatile struct dt_json *j = (void *)work;

	/* Without the barriers clang forgets what was written to memory before so large a copy of constants. */
	asm volatile("" ::: "memory");
	__builtin_memcpy(table->rows, rows, sizeof(rows));
	__builtin_memcpy(table->classes, classes, sizeof(classes));
	asm volatile("" ::: "memory");
	j->level = j->used = j->sign = j->levels = j->start[0] = j->number[0] = 0;
	j->state = j->at = j->found = j->array = j->position = j->wanted = j->differs = j->base = j->depth = j->done = 0;
}

static __always_inline bool dt_json_path(const char *e, u32 ecap, char *work, u64 from, u32 count)
{
	volatile struct dt_json *j = (void *)work;
	volatile u8 *keys = (void *)(work + sizeof(struct dt_json));
	u64 c, level, hit, at, most = DT_POW2(ecap) - 1;

	for (u64 i = 0; i < count; i++) {
		DT_HIDE(i);
		at = from + i;
		c = (u8)e[dt_bound(at, ecap)];
		if (!c) {
			keys[j->used & most] = 0;
			j->levels = j->level;
			j->level = 0;
			return false;
		}
		if (c == ']' || (c == '[' && !at))
			continue;
		level = j->level & (DT_JSON_LEVELS - 1);
		keys[j->used & most] = c == '.' || c == '[' ? 0 : c;
		j->used += 1;
		if (c == '.' || c == '[') {
			j->level += 1;
			level = j->level & (DT_JSON_LEVELS - 1);
			j->start[level] = j->used;
			j->number[level] = j->sign = 0;
			continue;
		}
		/* sign: 0 nothing yet, 1 in digits, 2 in digits of a negative number, 3 behind the number. */
		hit = j->sign;
		c -= '0';
		if (hit == 0 && c == (u64)'-' - '0')
			j->sign = 2;
		else if (c > 9)
			j->sign = 3;
		else if (hit != 3) {
			j->sign = hit == 2 ? 2 : 1;
			j->number[level] = j->number[level] * 10 + (hit == 2 ? 0 - c : c);
		}
	}
	return true;
}

static __always_inline bool dt_json_text(char *dst, u32 dcap, const char *s, u32 scap, u32 ecap, char *work, u64 from,
					 u32 count)
{
	volatile struct dt_json *j = (void *)work;
	volatile u8 *keys = (void *)(work + sizeof(struct dt_json));
	u64 c, class, row, put, hit, key, word, level, at, found, position, differs, depth;
	u64 full = DT_POW2(dcap) - 1, most = DT_POW2(ecap) - 1, levels = j->levels;

	for (u64 i = 0; i < count; i++) {
		DT_HIDE(i);
		c = (u8)s[dt_bound(from + i, scap)];
		if (!c)
			return false;
		class = j->classes[c & 127] & ((c >> 7) - 1);
		row = j->rows[j->state & 15][class & (DT_C_CLASSES - 1)];
		if (row & DT_JSON_FAIL)
			return false;
		put = DT_FLAG(row, PUT);
		at = j->at;
		dst[at & full] = c;
		key = keys[(j->base + at) & most];
		differs = j->differs | (key ^ c) * put;
		j->differs = differs * (1 - DT_FLAG(row, KEY_BEGINS));
		hit = DT_FLAG(row, KEY_ENDS);
		found = j->found | hit & (1 - dt_any(differs | key));
		at = (at + put) * (1 - hit);
		/* Braces are counted in the lower half, square brackets in the upper one. */
		hit = DT_FLAG(row, BRACKETS);
		depth = j->depth + (hit * (1 - (class & 2)) << (class & 1) * 32);
		hit *= 1 - dt_any(depth);
		j->depth = depth;
		j->at = at;
		put = DT_FLAG(row, NEXT) & j->array;
		position = j->position + put;
		j->position = position;
		j->found = found | put * (1 - dt_any(position ^ j->wanted));
		j->state = dt_pick(put, DT_JSON_VALUE, dt_pick(hit, DT_JSON_COMMA, row & 15));
		if (hit | (row & DT_JSON_ENDS)) {
			word = DT_WORD(dst, 0) & ((1ULL << 8 * dt_pick(dt_less(at, 7), at, 7)) - 1);
			word = dt_any(word ^ 0x65757274) & dt_any(word ^ 0x6c6c756e) & dt_any(word ^ 0x65736c6166ULL);
			if (DT_FLAG(row, WORDS) & word)
				return false;
			if (found) {
				j->done = hit | (1 - dt_any(j->level ^ levels));
				return false;
			}
			j->at = 0;
			if (row & DT_JSON_ELSE_FAIL)
				return false;
			continue;
		}
		if (row & DT_JSON_ENTER) {
			level = j->level;
			hit = found & dt_less(level, levels);
			if (hit | (row & DT_JSON_TOP)) {
				level += hit;
				j->level = level;
				level &= DT_JSON_LEVELS - 1;
				word = j->number[level];
				j->wanted = word;
				j->base = j->start[level];
				j->array = class & 1;
				j->found = (class & 1) * (1 - dt_any(word));
				j->position = 0;
			} else {
				/* It is kept, or passed over, whole. */
				j->depth = 1ULL << (class & 1) * 32;
				j->at = 1;
				j->state = DT_JSON_WHOLE;
			}
		}
	}
	return true;
}

static __always_inline bool dt_json_end(char *dst, u32 dcap, char *work)
{
	volatile struct dt_json *j = (void *)work;

	if (!(j->done & dt_less(j->levels, DT_JSON_LEVELS))) {
		DT_WORD(dst, 0) = 0;
		return false;
	}
	dst[j->at & (DT_POW2(dcap) - 1)] = 0;
	return true;
}

static __always_inline bool dt_json(char *dst, u32 dcap, const char *s, u32 scap, const char *e, u32 ecap, char *work)
{
	dt_json_begin(work);
	dt_json_path(e, ecap, work, 0, ecap);
	dt_json_text(dst, dcap, s, scap, ecap, work, 0, scap);
	return dt_json_end(dst, dcap, work);
}
#undef DT_FLAG
