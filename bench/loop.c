/*
 * loop CPU CALLS [GAP]: a tight loop of getppid(2) on one CPU.
 *
 * GAP: nanoseconds from one call to the next, at least; 0 for none. What a stop of the machine takes is not made up for
 * by a burst of calls. Prints the nanoseconds that a call took on average, gap
 * included. The first argument of the calls counts up in 16 bits, for distributions. `loop number` prints the number of
 * the system call.
 */
#define _GNU_SOURCE
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

static long long now(void)
{
	struct timespec at;

	clock_gettime(CLOCK_MONOTONIC, &at);
	return at.tv_sec * 1000000000LL + at.tv_nsec;
}

int main(int argc, char **argv)
{
	if (argc > 1 && strcmp(argv[1], "number") == 0) {
		printf("%d\n", (int)SYS_getppid);
		return 0;
	}
	if (argc < 3)
		return 2;

	cpu_set_t set;
	CPU_ZERO(&set);
	CPU_SET(atoi(argv[1]), &set);
	if (sched_setaffinity(0, sizeof(set), &set) != 0) {
		perror("loop: sched_setaffinity");
		return 1;
	}

	long calls = atol(argv[2]);
	long long gap = argc > 3 ? atoll(argv[3]) : 0;
	long long start = now();
	long long next = start;
	for (long i = 0; i < calls; i++) {
		syscall(SYS_getppid, i & 0xffff);
		if (gap > 0) {
			long long at = now();

			/* A little late is made up for, a lot is not. */
			next = at - next > 100 * gap ? at : next + gap;
			while (now() < next)
				;
		}
	}
	printf("%.2f\n", (double)(now() - start) / calls);
	return 0;
}
