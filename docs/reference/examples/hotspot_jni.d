/* run: -q -c "java -Xshare:off -version" */
/* How often java looks for classes from native code. */
hotspot_jni$target:::FindClass-entry
{
        @[copyinstr(args[1])] = count();
}

END
{
        trunc(@, 5);
        printa("%s %@d\n", @);
}
