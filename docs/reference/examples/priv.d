/* run: -q -c 'setpriv --reuid 65534 chroot /' */
/* What a command may not do: 18 is CAP_SYS_CHROOT. */
priv:::priv-err
/pid == $target && args[0] == 18/
{
        printf("%s (uid %d) has not capability %d\n", execname, uid, args[0]);
}
