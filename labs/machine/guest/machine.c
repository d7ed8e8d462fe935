/* SPDX-License-Identifier: MIT */
/* The tests of the lab machine: what a program sees of its console, and of the end of the machine. */
#include "programs.h"

#include <poll.h>

#define KIB  1024u
#define LINE 200u /* bytes of a line of input, at most, without its end */

/* ---- output ---- */

/* The status that the machine ends with. */
static void status(uint64_t seed, size_t n)
{
	(void)n;
	result("answer", mix(seed, 0));
	exit(1 + (int)(seed % 100));
}

/* The status of a program on a machine that has no way to end. Without a word for it the console is a terminal. */
static void stays_on(uint64_t seed, size_t n)
{
	(void)n;
	exit(1 + (int)(seed % 100));
}

/* Many lines, in writes of several kilobytes. */
static void lines(uint64_t seed, size_t n)
{
	static char text[8 * KIB];
	size_t used = 0;

	for (size_t i = 0; i < n; i++) {
		used += (size_t)snprintf(text + used, sizeof(text) - used, "result line %llu\n",
					 (unsigned long long)mix(seed, i));
		if (used < sizeof(text) - 64 && i + 1 < n)
			continue;
		if (write(STDOUT_FILENO, text, used) != (ssize_t)used)
			fail("write");
		used = 0;
	}
}

/* What n KiB of output take, in instructions: the clock counts them. */
static void cost(uint64_t seed, size_t n)
{
	static char text[KIB];
	uint64_t before;

	memset(text, '.', sizeof(text));
	text[sizeof(text) - 1] = '\n';
	say("result answer %llu\n", (unsigned long long)mix(seed, n));
	before = nanoseconds();
	for (size_t i = 0; i < n; i++)
		if (write(STDOUT_FILENO, text, sizeof(text)) != sizeof(text))
			fail("write");
	result("instructions_for_a_byte", (nanoseconds() - before) / (n * KIB));
}

static void killed(uint64_t seed, size_t n)
{
	*(volatile int *)n = (int)seed;
}

/*
 * Children are killed, which the log reports; and the output has lines that look like those of a
 * log.
 */
static void log_apart(uint64_t seed, size_t n)
{
	let_children_die(); /* they are to be killed */
	for (size_t i = 0; i < n; i++) {
		int pid = fork_child();

		/* Executed anew, for of what is executed once the log has not all. */
		if (pid == 0)
			execl("/proc/self/exe", "machine", "killed", "0", "8", NULL);
		if (waitpid(pid, NULL, 0) != pid)
			fail("waitpid");
		say("[    1.%06u] trap: this is no line of the log\n", (unsigned)i);
		result("answer", mix(seed, i));
	}
}

/* A line of output, which is seen apart from the log only if the log has moved. */
static void unasked(uint64_t seed, size_t n)
{
	(void)n;
	say("a line of the program\n");
	exit(1 + (int)(seed % 100));
}

static uint64_t switches(void)
{
	struct faultline_machine machine;

	if (syscall(SYS_faultline, FAULTLINE_MACHINE, 0, &machine, sizeof(machine), 0) != 1)
		fail("FAULTLINE_MACHINE");
	return machine.switches;
}

/* ---- input ---- */

#define PATIENCE 25 /* seconds, for input that does not come */

static void nothing_comes(int number)
{
	(void)number;
	say("failed input: nothing has come for %d seconds\n", PATIENCE);
	_exit(98);
}

/* Reads; ends the program if nothing comes. */
static ssize_t read_soon(void *to, size_t n)
{
	ssize_t got;

	signal(SIGALRM, nothing_comes);
	alarm(PATIENCE);
	got = read(STDIN_FILENO, to, n);
	alarm(0);
	if (got < 0)
		fail("read");
	return got;
}

/* What is wrong with the input, for the student: the first byte that is not the expected one. */
struct wrongs {
	bool shown;
	char expected[32 * KIB];
	size_t nexpected;
};

/* Compares what was read with what comes from byte `at` on; returns how many bytes are not as expected. */
static uint64_t compare(struct wrongs *wrongs, const unsigned char *bytes, size_t n, size_t at)
{
	uint64_t wrong = 0;

	for (size_t i = 0; i < n; i++) {
		unsigned char expected =
			at + i < wrongs->nexpected ? (unsigned char)wrongs->expected[at + i] : 0;

		if (at + i < wrongs->nexpected && bytes[i] == expected)
			continue;
		wrong++;
		if (!wrongs->shown)
			say("first byte %zu of %zu: %#x came, %#x expected\n", at + i,
			    wrongs->nexpected, bytes[i], expected);
		wrongs->shown = true;
	}
	return wrong;
}

/* Reads up to the end, in reads of so many bytes at most, with a pause before each of the first. */
static void read_all(struct wrongs *wrongs, uint64_t secret, size_t most, unsigned pauses)
{
	static unsigned char bytes[8 * KIB];
	const struct timespec while_it_comes = { .tv_nsec = 100000000 };
	uint64_t count = 0, wrong = 0;
	ssize_t n;

	do {
		if (pauses > 0) {
			nanosleep(&while_it_comes, NULL);
			pauses--;
		}
		n = read_soon(bytes, most);
		wrong += compare(wrongs, bytes, (size_t)n, count);
		count += (uint64_t)n;
	} while (n > 0);
	result("bytes", count);
	result("wrong_bytes", wrong);
	result("answer", secret + wrong + count - wrongs->nexpected);
}

/* Each of the 256 bytes, many times. */
static void input(uint64_t seed, size_t n)
{
	static struct wrongs wrongs;

	for (size_t i = 0; i < n; i++) {
		char byte = (char)mix(seed, i);

		wrongs.expected[wrongs.nexpected++] = byte == '\n' ? '\r' : byte;
		if (i % LINE == LINE - 1 || i + 1 == n)
			wrongs.expected[wrongs.nexpected++] = '\n';
	}
	read_all(&wrongs, mix(seed, n), 1000, 0);
}

/* More comes than the kernel has room for, and nobody reads. */
static void late(uint64_t seed, size_t n)
{
	static struct wrongs wrongs;

	for (uint64_t i = 0; wrongs.nexpected < n; i++)
		wrongs.nexpected += (size_t)sprintf(wrongs.expected + wrongs.nexpected, "%llu\n",
						    (unsigned long long)mix(seed, i));
	read_all(&wrongs, mix(seed, n), 333, 8);
}

/* Reads a line, which has a number. */
static uint64_t read_number(void)
{
	char line[80];

	line[read_soon(line, sizeof(line) - 1)] = '\0';
	return strtoull(line, NULL, 10);
}

/* Somebody is asleep in read(2) when a line comes. */
static void blocked(uint64_t seed, size_t n)
{
	uint64_t before = switches();

	(void)seed;
	for (size_t i = 0; i < n; i++)
		result("line", read_number());
	result("switches_while_waiting", switches() - before);
}

/* Somebody is asleep in poll(2) when a line comes. */
static void polled(uint64_t seed, size_t n)
{
	struct pollfd one = { .fd = STDIN_FILENO, .events = POLLIN };
	uint64_t before = switches();

	(void)seed;
	for (size_t i = 0; i < n; i++) {
		if (poll(&one, 1, PATIENCE * 1000) != 1 || !(one.revents & POLLIN))
			nothing_comes(0);
		result("line", read_number());
	}
	result("switches_while_waiting", switches() - before);
}

/*
 * Switches of threads while nothing happens for n seconds, with a child that waits for input. Then a line
 * comes, and the child gets it: it has waited for an interrupt that was on its way.
 */
static void idle(uint64_t seed, size_t n)
{
	const struct timespec second = { .tv_sec = 1 };
	struct channel up;
	uint64_t before;
	int pid;

	(void)seed;
	channel_open(&up);
	pid = fork_child();
	if (pid == 0) {
		tell(&up, read_number());
		_exit(0);
	}
	nanosleep(&second, NULL);
	before = switches();
	for (size_t i = 0; i < n; i++)
		nanosleep(&second, NULL);
	result("switches_while_idle", switches() - before);
	result("line", hear(&up));
	join_child(pid);
}

/* Each line is answered while others come: a read of a console returns one line. */
static void echo(uint64_t seed, size_t n)
{
	for (size_t i = 0; i < n; i++)
		result("line", read_number() + (seed & 0xffff));
}

static const struct lab_test tests[] = {
	{ "programs", programs },   { "answer", answer }, { "status", status },
	{ "stays_on", stays_on },   { "lines", lines },	  { "cost", cost },
	{ "log_apart", log_apart }, { "killed", killed }, { "unasked", unasked },
	{ "idle", idle },	    { "input", input },	  { "late", late },
	{ "blocked", blocked },	    { "polled", polled }, { "echo", echo },
};

int main(int argc, char **argv)
{
	return lab_main(tests, sizeof(tests) / sizeof(tests[0]), argc, argv);
}
