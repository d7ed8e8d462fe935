/* SPDX-License-Identifier: MIT */
/* R25: full and empty pipes: writers and readers wait for each other, whole or in parts, and small
 * writes stay whole. */
#include "t.h"

#define TOTAL (2 * MIB)

static char buf[TOTAL];

static void nonblocking(void)
{
	long room = 0, n;
	int p[2];

	TRY(pipe2(p, O_NONBLOCK | O_CLOEXEC));
	TRY(read(p[0], buf, 10));
	while ((n = write(p[1], buf, 4096)) == 4096)
		room += n;
	result("write when full", n);
	say("it held 64 KiB: %s\n", room == 65536 ? "yes" : "no");
	TRY(read(p[0], buf, 4095));
	TRY(read(p[0], buf, 1));
	TRY(write(p[1], buf, 4096));
	TRY(write(p[1], buf, 1));
	TRY(read(p[0], buf, TOTAL));
	TRY(read(p[0], buf, TOTAL));
	TRY(pipe2(p, 0x40));
	close(p[1]);
}

/* The writer puts all at once; the reader takes little and slowly at first. */
static void blocking(void)
{
	int p[2], status;
	long sum = 0, n, got = 0;
	pid_t pid;

	TRY(pipe(p));
	pid = fork();
	if (pid == 0) {
		close(p[0]);
		for (size_t i = 0; i < TOTAL; i++)
			buf[i] = file_byte(i);
		_exit(write(p[1], buf, TOTAL) == (ssize_t)TOTAL ? 0 : 1);
	}
	close(p[1]);
	while ((n = read(p[0], buf, got < 1000 ? 100 : 70001)) > 0) {
		for (long i = 0; i < n; i++)
			sum += buf[i] != file_byte((size_t)(got + i));
		got += n;
	}
	say("read %ld, %ld wrong, then %ld\n", got, sum, n);
	waitpid(pid, &status, 0);
	ended("writer", status);
	close(p[0]);
}

/* Eight writers of 512-byte records: none is torn. */
static void records(void)
{
	char rec[512];
	int p[2], torn = 0, count[8] = { 0 };
	ssize_t n;

	TRY(pipe(p));
	for (int w = 0; w < 8; w++) {
		if (fork() == 0) {
			memset(rec, 'a' + w, sizeof(rec));
			for (int i = 0; i < 200; i++)
				if (write(p[1], rec, sizeof(rec)) != sizeof(rec))
					_exit(1);
			_exit(0);
		}
	}
	close(p[1]);
	while ((n = read(p[0], rec, sizeof(rec))) > 0) {
		torn += n != sizeof(rec) || not_all(rec, sizeof(rec), rec[0]);
		count[rec[0] - 'a']++;
	}
	for (int w = 0; w < 8; w++)
		torn += count[w] != 200;
	say("torn or lost: %d\n", torn);
	while (wait(NULL) > 0)
		continue;
}

int main(void)
{
	nonblocking();
	blocking();
	records();
	return 0;
}
