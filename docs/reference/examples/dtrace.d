/* run: -q */
/* When a program begins and ends, and what goes wrong in between. */
BEGIN
{
        printf("begin\n");
}

BEGIN
{
        trace(*(int *)0);
}

BEGIN
{
        exit(0);
}

ERROR
{
        printf("a fault in clause %d, action %d, kind %d, address %x\n", arg1, arg2, arg4, arg5);
}

END
{
        printf("end\n");
}
