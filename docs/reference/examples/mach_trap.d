/* Refused, with the reason. */
mach_trap:::entry
{
        @[probefunc] = count();
}
