/* run: -q -c 'ls -l /proc/self' */
/* Who makes the kernel allocate memory, and how much at a time. */
dtmalloc:::malloc
/pid == $target/
{
        @[execname] = lquantize(arg3, 0, 1000, 200);
}
