/* Stacks and names of addresses in variables: kept, copied, tested, freed. What they print is in tests/live/test_stacks.py. */
#pragma D option quiet

syscall:::entry
/tid == $pid/
{
	self->s = stack(3);
	global = stack(5);
	here[1, "one"] = stack(2);
	this->s = ustack(4);
	self->name = sym(caller);
	self->none = self->s; self->none = 0;
	printf("%d%d%d%d\n", self->s ? 1 : 0, !self->none, here[1, "one"] && !here[2, "one"] ? 1 : 0, this->s ? 1 : 0);
}

syscall:::entry
/tid == $pid && self->s && global && !self->none/
{
	self->none = self->s;
	copied = self->s;
	@one[self->s] = count();
	@one[stack(3)] = count();
	@same[here[1, "one"], self->name] = count();
	self->s = 0;
	global = 0;
	here[1, "one"] = 0;
	this->s = 0;
	printf("%d%d%d%d\n", self->s ? 1 : 0, global ? 1 : 0, here[1, "one"] ? 1 : 0, this->s ? 1 : 0);
}

syscall:::entry
/tid == $pid && self->none && copied/
{
	printf("<%k>\n", self->s);
	exit(0);
}

END
{
	printa("%@d\n", @one);
	printa("%@d\n", @same);
}
