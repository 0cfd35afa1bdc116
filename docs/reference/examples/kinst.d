/* Linux has no such probe: the program is refused, with what there is instead. */
kinst::vm_fault:entry
{
        trace(execname);
}
