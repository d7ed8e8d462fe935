/* SPDX-License-Identifier: MIT */
/* The tests of the lab machine: what a program sees of its console, and of the end of the machine. */
#include "programs.h"

#include <poll.h>

#define KIB 1024u

/* ---- output ---- */

/* The status that the machine ends with. */
static void status(uint64_t seed, size_t n)
{
	(void)n;
	result("answer", mix(seed, 0));
	exit(1 + (int)(seed % 100));
}

/* The status of a program on a machine that has no way to end. */
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

/* A child is killed, which the log reports. */
static void kill_child(void)
{
	int pid = fork_child();

	/* Executed anew, for of what is executed once the log has not all. */
	if (pid == 0)
		execl(own_file, "machine", "killed", "0", "8", NULL);
	if (waitpid(pid, NULL, 0) != pid)
		fail("waitpid");
}

static void kills(uint64_t seed, size_t n)
{
	let_children_die();
	for (size_t i = 0; i < n; i++) {
		kill_child();
		result("answer", mix(seed, i));
	}
}

/* The output has lines that look like those of a log, too. */
static void log_apart(uint64_t seed, size_t n)
{
	let_children_die();
	for (size_t i = 0; i < n; i++) {
		kill_child();
		for (unsigned k = 0; k < 2; k++)
			say("[    1.%06u] trap: this is no line of the log\n", 2 * (unsigned)i + k);
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

#define PATIENCE 15 /* seconds, for input that does not come */

/* Waits until there is something to read. Returns false if nothing comes. */
static bool comes(int fd)
{
	struct pollfd one = { .fd = fd, .events = POLLIN };

	return poll(&one, 1, PATIENCE * 1000) == 1 && (one.revents & POLLIN);
}

static void await(int fd)
{
	if (comes(fd))
		return;
	say("failed input: nothing has come for %d seconds\n", PATIENCE);
	_exit(98);
}

/*
 * What has to come. The input has no end: a program has read enough when it has that many bytes, or when the last ones are
 * those that are expected last, though others are missing.
 */
struct wanted {
	unsigned char bytes[32 * KIB];
	size_t count;
};

#define LAST_BYTES 12u

/* Tells whether the end has come. */
static bool is_whole(const struct wanted *wanted, const unsigned char *got, size_t n)
{
	const unsigned char *last = wanted->bytes + wanted->count - LAST_BYTES;

	return n >= wanted->count ||
	       (n >= LAST_BYTES && !memcmp(got + n - LAST_BYTES, last, LAST_BYTES));
}

/* Returns how many bytes are not as expected, and shows the first of them. */
static uint64_t compare(const struct wanted *wanted, const unsigned char *got, size_t n)
{
	uint64_t wrong = 0;

	for (size_t i = 0; i < n; i++) {
		bool more = i >= wanted->count;

		if (!more && got[i] == wanted->bytes[i])
			continue;
		if (wrong++ == 0)
			say("first byte %zu of %zu: %#x came, %#x expected\n", i, wanted->count,
			    got[i], more ? 0 : wanted->bytes[i]);
	}
	return wrong;
}

/* Reads so many bytes at a time, at most, with a pause before each of the first reads. */
static void read_all(const struct wanted *wanted, uint64_t secret, size_t most, unsigned pauses)
{
	static unsigned char got[sizeof(wanted->bytes) + KIB];
	size_t count = 0;
	uint64_t wrong;

	await(STDIN_FILENO);
	while (!is_whole(wanted, got, count) && comes(STDIN_FILENO)) {
		ssize_t n;

		if (pauses > 0) {
			pause_for(100000000);
			pauses--;
		}
		n = read(STDIN_FILENO, got + count, most);
		if (n <= 0)
			fail("read");
		count += (size_t)n;
	}
	wrong = compare(wanted, got, count);
	result("bytes", count);
	result("wrong_bytes", wrong);
	result("answer", secret + wrong + count - wanted->count);
}

/* Each of the 256 bytes, many times. */
static void input(uint64_t seed, size_t n)
{
	static struct wanted wanted;

	for (; wanted.count < n; wanted.count++)
		wanted.bytes[wanted.count] = (unsigned char)mix(seed, wanted.count);
	read_all(&wanted, mix(seed, n), 1000, 0);
}

/* More comes than the kernel has room for, and nobody reads. */
static void late(uint64_t seed, size_t n)
{
	static struct wanted wanted;

	for (uint64_t i = 0; wanted.count < n; i++)
		wanted.count += (size_t)sprintf((char *)wanted.bytes + wanted.count, "%llu\n",
						(unsigned long long)mix(seed, i));
	read_all(&wanted, mix(seed, n), 333, 8);
}

/* Reads a line, which has a number. */
static uint64_t read_number(void)
{
	char line[80];
	size_t n = 0;

	do
		if (read(STDIN_FILENO, line + n, 1) != 1)
			fail("read");
	while (line[n++] != '\n' && n < sizeof(line));
	line[n - 1] = '\0';
	return strtoull(line, NULL, 10);
}

/* A child reads lines for ever, asleep in read(2), and tells their numbers. */
static void fork_reader(struct channel *up)
{
	channel_open(up);
	if (fork_child() != 0)
		return;
	for (;;)
		tell(up, read_number());
}

/* Counts the switches of two seconds at least, however late the lines came: a kernel that polls has many by then. */
static void result_waiting(int fd, uint64_t begin, uint64_t switches_then)
{
	const uint64_t least = 2000000000, passed = nanoseconds() - begin;
	struct pollfd one = { .fd = fd, .events = POLLIN };

	if (passed < least && poll(&one, 1, (int)((least - passed) / 1000000)) != 0)
		say("failed input: more has come than was sent\n");
	result("switches_while_waiting", switches() - switches_then);
}

/* Somebody is asleep in read(2) when a line comes. */
static void blocked(uint64_t seed, size_t n)
{
	uint64_t begin = nanoseconds(), before = switches();
	struct channel up;

	(void)seed;
	fork_reader(&up);
	for (size_t i = 0; i < n; i++) {
		await(up.ends[0]);
		result("line", hear(&up));
	}
	result_waiting(up.ends[0], begin, before);
}

/* Somebody is asleep in poll(2) when a line comes. */
static void polled(uint64_t seed, size_t n)
{
	uint64_t begin = nanoseconds(), before = switches();

	(void)seed;
	for (size_t i = 0; i < n; i++) {
		await(STDIN_FILENO);
		result("line", read_number());
	}
	result_waiting(STDIN_FILENO, begin, before);
}

/*
 * Switches of threads while nothing happens for n seconds, with a child that waits for input. Then a line
 * comes, and the child gets it: it has waited for an interrupt that was on its way.
 */
static void idle(uint64_t seed, size_t n)
{
	const uint64_t second = 1000000000;
	struct channel up;
	uint64_t before;

	(void)seed;
	fork_reader(&up);
	pause_for(second);
	before = switches();
	for (size_t i = 0; i < n; i++)
		pause_for(second);
	result("switches_while_idle", switches() - before);
	await(up.ends[0]);
	result("line", hear(&up));
}

/* Each line is answered while others come. */
static void echo(uint64_t seed, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		await(STDIN_FILENO);
		result("line", read_number() + (seed & 0xffff));
	}
}

static const struct lab_test tests[] = {
	{ "programs", programs }, { "answer", answer },	      { "status", status },
	{ "stays_on", stays_on }, { "lines", lines },	      { "cost", cost },
	{ "kills", kills },	  { "log_apart", log_apart }, { "killed", killed },
	{ "unasked", unasked },	  { "idle", idle },	      { "input", input },
	{ "late", late },	  { "blocked", blocked },     { "polled", polled },
	{ "echo", echo },
};

int main(int argc, char **argv)
{
	return lab_main(tests, sizeof(tests) / sizeof(tests[0]), argc, argv);
}
