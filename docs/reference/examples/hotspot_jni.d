/* run: -q -c "java -Xshare:off -version" */
/* How often java looks for classes from native code. */
hotspot_jni*:::FindClass-entry
/pid == $target/
{
        @[copyinstr(arg1)] = count();
}

END
{
        trunc(@, 5);
        printa("%s %@d\n", @);
}
