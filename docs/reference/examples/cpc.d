/* run: -q -c "dd if=/dev/zero of=/dev/null bs=64k count=20000 status=none" */
/* Where a command's processor time goes: every millisecond of it, by the kernel's own counter. */
cpc:::cpu-clock-all-1000000
/pid == $target/
{
        @[arg0 ? "kernel" : "program"] = count();
}
