/* run: -q -c "java -XX:+ExtendedDTraceProbes -version" */
/* The methods of the class String that java calls most often before it prints its version. */
hotspot*:::method-entry
/pid == $target && copyinstr(arg1, arg2) == "java/lang/String"/
{
        @[copyinstr(arg3, arg4)] = count();
}

END
{
        trunc(@, 5);
        printa("%s %@d\n", @);
}
