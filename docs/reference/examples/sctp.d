/* Linux has no such probe: the program is refused, with what there is instead. */
sctp:::state-change
{
        trace(execname);
}
