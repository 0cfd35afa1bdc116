/* Linux has no such probe: the program is refused, with the reason. */
xpv:::dom-create-start
{
        trace(execname);
}
