/* Linux has no such probe: the program is refused, with the reason. */
smb:::op-Read-start
{
        trace(execname);
}
