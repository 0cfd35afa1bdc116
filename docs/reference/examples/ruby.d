/* run: -q -c "ruby --disable=gems -e 3.times{Time.new.year}" */
/* The methods that a line of Ruby calls: those of Ruby itself that are written in C. */
ruby$target:::function-entry
/copyinstr(arg2) == "-e"/
{
        @[copyinstr(arg0), copyinstr(arg1)] = count();
}

END
{
        printa("%s.%s %@d\n", @);
}
