/* run: -q -c '/usr/bin/python3 -S -E tests/loads.py sleep 20 0.01' */
/* For how long the command is off its CPU, in milliseconds: it sleeps 20 times for 10. */
sched:::off-cpu
/execname == "dtransload"/
{
        self->left = timestamp;
}

sched:::on-cpu
/self->left/
{
        @["milliseconds off CPU"] = quantize((timestamp - self->left) / 1000000);
        self->left = 0;
}
