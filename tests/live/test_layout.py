"""Structures that a program has in its memory, as its own compiler lays them out, read through copyin()."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.compiled import compiled
from tests.conftest import Run

pytestmark = pytest.mark.needs("command:gcc", "feature:attach_cookie")

#: What C and D both read: the layout is each one's own.
_TYPES = """
union word { uint32_t whole; uint8_t bytes[4]; };
struct point { int16_t x; char tag; int64_t y; };
struct sample {
	uint8_t a : 3, b : 5;
	int c : 4, d : 20;
	unsigned int e : 12;
	uint64_t f : 40;
	char g;
	union word word;
	union { int64_t wide; int16_t narrow; };
	struct point grid[2][3];
	struct { struct point at; uint16_t list[3]; } inner[2];
	char name[8];
};
"""
_PROGRAM = (
    r"""
#include <stdint.h>
#include <stdio.h>
#include <unistd.h>
"""
    + _TYPES
    + r"""
static void show(const struct sample *s, size_t size)
{
	printf("%zu %d %d %d %d %d %lx %c\n", size, s->a, s->b, s->c, s->d, s->e, (long)s->f, s->g);
	printf("%x %d %ld %d\n", s->word.whole, s->word.bytes[2], (long)s->wide, s->narrow);
	printf("%d %c %ld\n", s->grid[1][2].x, s->grid[0][1].tag, (long)s->grid[1][0].y);
	printf("%ld %d %d %s\n", (long)s->inner[1].at.y, s->inner[1].list[2], s->inner[0].list[0], s->name);
}

__attribute__((noinline)) void look(const struct sample *s, size_t size)
{
	__asm__ volatile("" : : "r"(s), "r"(size) : "memory");
}

int main(void)
{
	struct sample s = { .a = 5, .b = 19, .c = -6, .d = -300000, .e = 0xabc, .f = 0xfedcba9876, .g = 'g' };
	s.word.whole = 0x80c3b2a1;
	s.wide = -70000;
	for (int i = 0; i < 6; i++)
		s.grid[i / 3][i % 3] = (struct point){ -i * 100, 'a' + i, -5000000000 - i };
	s.inner[0].list[0] = 65535;
	s.inner[1].at.y = INT64_MIN;
	s.inner[1].list[2] = 40000;
	snprintf(s.name, sizeof(s.name), "sampled");
	show(&s, sizeof(s));
	fflush(stdout);
	look(&s, sizeof(s));
	return 0;
}
"""
)
_SCRIPT = (
    _TYPES
    + r"""
pid$target::look:entry
{
	this->s = (struct sample *)copyin(arg0, sizeof (struct sample));
	printf("%d %d %d %d %d %d %x %c\n", sizeof (struct sample), this->s->a, this->s->b,
		this->s->c, this->s->d, this->s->e, this->s->f, this->s->g);
	printf("%x %d %d %d\n", this->s->word.whole, this->s->word.bytes[2], this->s->wide, this->s->narrow);
	printf("%d %c %d\n", this->s->grid[1][2].x, this->s->grid[0][1].tag, this->s->grid[1][0].y);
	printf("%d %d %d %s\n", this->s->inner[1].at.y, this->s->inner[1].list[2], this->s->inner[0].list[0],
		stringof(this->s->name));
}
"""
)


def test_structures_of_a_program_read_as_its_compiler_lays_them_out(dtrace: Run, tmp_path: Path) -> None:
    done = dtrace("-q", "-n", _SCRIPT, "-c", str(compiled(tmp_path, "layout", _PROGRAM)))
    lines = done.stdout.strip().splitlines()
    assert len(lines) == 8
    assert lines[:4] == lines[4:]
    assert lines[3] == "-9223372036854775808 40000 65535 sampled"
