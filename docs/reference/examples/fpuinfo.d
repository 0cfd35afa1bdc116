/* No processor that Linux runs on here has the kernel simulate these: the program is refused, with the reason. */
fpuinfo:::fpu_sim_fdivd
{
        @[execname] = count();
}
