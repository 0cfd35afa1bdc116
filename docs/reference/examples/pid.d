/* run: -q -c "ls docs" */
/* Where ls gets its memory from. */
pid$target:libc:malloc:entry
{
        @[ustack(2)] = sum(arg0);
}

END
{
        trunc(@, 2);
}
