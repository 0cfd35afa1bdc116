/* More keys and values than a BPF program's stack of 512 bytes holds: they share its places, or lie in scratch memory. */

#pragma D option quiet

uintptr_t nowhere;

BEGIN
{
	self->level = 2;
	self->began[self->level] = 1;
	self->inner[self->level, "a"] = 3;
	total[1, 2, 3] = 4;
	wide[1, 2, 3, 4, 5, 6, 7, 8] = 5;
}

BEGIN
/self->began[self->level]/
{
	this->spent = vtimestamp + 9 - self->began[self->level];
	this->rest = this->spent - self->inner[self->level, "a"];
	self->began[self->level] = 0;
	self->inner[self->level, "a"]++;
	this->file = basename(nowhere ? copyinstr(nowhere) : "/usr/lib/name.so");
	this->name = nowhere ? copyinstr(nowhere + 1) : "function";
	total[1, 2, 3] += wide[1, 2, 3, 4, 5, 6, 7, 8];
	wide[1, 2, 3, 4, 5, 6, 7, 8] += total[1, 2, 3]++;
	@whole[this->file, "func", this->name] = quantize(this->spent > 0);
	@own[this->file, pid > 0, 1, 2, this->name] = quantize(this->rest > 0);
	@numbers[1, 2, 3, 4, 5, 6, 7, 8, 9, 10] = sum(total[1, 2, 3]);
	@numbers[1, 2, 3, 4, 5, 6, 7, 8, 9, 11] = sum(wide[1, 2, 3, 4, 5, 6, 7, 8]);
	self->level--;
	self->inner[self->level, "a"] += this->spent > 0;
	printf("%s %s %d %d\n", this->file, this->name, self->inner[1, "a"], self->inner[2, "a"]);
	printf("%d %d %d\n", total[1, 2, 3], wide[1, 2, 3, 4, 5, 6, 7, 8], self->began[2]);
	exit(0);
}

END
{
	printa("%s %s %s %@d\n", @whole);
	printa("%s %d %d %d %s %@d\n", @own);
	printa("%d %d %d %d %d %d %d %d %d %d: %@d\n", @numbers);
}
