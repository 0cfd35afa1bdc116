/* Linux has no such probe: the program is refused, with what there is instead. */
nfscl:nfs3:read:start
{
        trace(execname);
}
