/* Linux has no such probe: the program is refused, with what there is instead. */
udplite:::send
{
        trace(execname);
}
