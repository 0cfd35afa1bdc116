/* run: -q -c "/usr/bin/python3 -S -E -c 'import threading; t = threading.Thread(target=int); t.start(); t.join()'" */
/* Whether the process has taken locks of pthreads, and let them go. */
plockstat$target:::mutex-acquire { taken++; }
plockstat$target:::mutex-release { let_go++; }

END
{
        printf("taken: %s, let go: %s\n", taken ? "yes" : "no", let_go ? "yes" : "no");
}
