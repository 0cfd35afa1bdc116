/* run: -q -c "java -XX:+ExtendedDTraceProbes -version" */
/* The methods of the class String that java calls most often before it prints its version. */
hotspot$target:::method-entry
/copyinstr(args[1], args[2]) == "java/lang/String"/
{
        @[copyinstr(args[3], args[4])] = count();
}

END
{
        trunc(@, 5);
        printa("%s %@d\n", @);
}
