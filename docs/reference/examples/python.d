/* run: -q -c "/usr/bin/python3 -S -E -c 'import keyword; f = lambda: 1; [f() for n in range(7)]'" */
/* The functions that a line of Python calls, by their returns. */
python$target:::function-return
/copyinstr(arg0) == "<string>"/
{
        @[copyinstr(arg1)] = count();
}

END
{
        printa("%s %@d\n", @);
}
