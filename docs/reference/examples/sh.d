/* run: -q -c "bash docs/reference/examples/sh.sh" */
/* What a shell script calls, and how it went. */
sh$target:::function-entry, sh$target:::builtin-entry, sh$target:::command-entry
{
        printf("%*s-> %s (line %d)\n", self->depth++ * 2, "", copyinstr(arg1), arg2);
}

sh$target:::function-return, sh$target:::builtin-return, sh$target:::command-return
{
        printf("%*s<- %s = %d\n", --self->depth * 2, "", copyinstr(arg1), arg2);
}
