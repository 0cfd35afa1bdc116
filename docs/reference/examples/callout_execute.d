/* run: -q -c "sleep 1" */
/* The timers of the kernel that run while a command sleeps, the most frequent three. */
callout_execute:::callout-start
{
        @[args[0]->c_func] = count();
}

END
{
        trunc(@, 3);
        printa("%-50a %@5u\n", @);
}
