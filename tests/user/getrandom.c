/* SPDX-License-Identifier: MIT */
/* getrandom: every length, flags, and bytes that are not all the same; AT_RANDOM differs from
 * process to process. */
#include "t.h"

#include <sys/auxv.h>
#include <sys/random.h>

int main(int argc, char **argv)
{
	unsigned char *p = (unsigned char *)anon(4 * PAGE), q[64];
	unsigned count[256] = { 0 }, least = -1u, most = 0;
	char *args[] = { argv[0], "child", NULL };
	int pipes[2];

	if (argc > 1)
		return write(3, (void *)getauxval(AT_RANDOM), 16) != 16;
	TRY(getrandom(p, 4 * PAGE, 0));
	for (size_t i = 0; i < 4 * PAGE; i++)
		count[p[i]]++;
	for (int i = 0; i < 256; i++) {
		least = count[i] < least ? count[i] : least;
		most = count[i] > most ? count[i] : most;
	}
	say("each byte value comes: %s\n", least > 16 && most < 160 ? "yes" : "no");
	TRY(getrandom(q, 64, GRND_NONBLOCK));
	say("differs: %s\n", memcmp(p, q, 64) ? "yes" : "no");
	TRY(getrandom(q, 0, 0));
	TRY(getrandom(q, 7, GRND_RANDOM | GRND_NONBLOCK));
	TRY(getrandom(q, 7, 0x100));
	TRY(pipe(pipes));
	for (int i = 0; i < 2; i++) {
		if (fork() == 0) {
			close(3);
			dup(pipes[1]);
			execv(argv[0], args);
			_exit(1);
		}
		wait(NULL);
	}
	TRY(read(pipes[0], q, 64));
	say("AT_RANDOM differs: %s\n", memcmp(q, q + 16, 16) ? "yes" : "no");
	return 0;
}
