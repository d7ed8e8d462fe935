/* SPDX-License-Identifier: MIT */
/* R158: a pseudo-terminal's bytes and modes, and what is left of them when the server is killed at any instruction. */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <unistd.h>

#include "abi/served.h"
#include "terminal/line.h"
#include "test.h"
#include "ttyd/terminal.h"

#define TEXT_MOST 20000

static struct term *term; /* shared with a process that is killed */
static uint32_t number;	  /* of requests: each has one of its own */

static struct term *term_shared(void)
{
	struct term *made = mmap(NULL, sizeof(*made), PROT_READ | PROT_WRITE,
				 MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	assert_true(made != MAP_FAILED);
	term_init(made);
	return made;
}

static ssize_t writes(enum term_end end, const char *text)
{
	struct term_done done;

	return term_write(term, end, ++number, (const uint8_t *)text, strlen(text), &done);
}

static unsigned types(const char *text)
{
	struct term_done done;

	assert_int_equal(strlen(text), term_write(term, TERM_MASTER, ++number,
						  (const uint8_t *)text, strlen(text), &done));
	return done.events;
}

static void reads(enum term_end end, const char *text)
{
	struct term_done done;
	uint8_t bytes[TERM_READ_MOST];
	size_t n = strlen(text);

	if (n == 0) {
		assert_int_equal(-EAGAIN,
				 term_read(term, end, ++number, bytes, sizeof(bytes), &done));
		return;
	}
	assert_int_equal(n, term_read(term, end, ++number, bytes, sizeof(bytes), &done));
	assert_memory_equal(text, bytes, n);
}

static struct abi_termios raw_modes(void)
{
	struct abi_termios modes = term->ldisc.termios;

	modes.c_iflag = modes.c_oflag = modes.c_lflag = 0;
	return modes;
}

static void set_raw(void)
{
	const struct abi_termios modes = raw_modes();
	struct term_done done;

	assert_int_equal(0, term_set_modes(term, TERM_SLAVE, ++number, &modes, false, &done));
}

/* ---- what goes through ---- */

TEST(lines) // R158
{
	term = term_shared();
	assert_int_equal(POLLOUT | POLLWRNORM, term_events(term, TERM_MASTER));
	assert_int_equal(POLLOUT | POLLWRNORM, term_events(term, TERM_SLAVE));
	assert_int_equal(SERVED_TTY_SHOWN, types("abx\177c"));
	reads(TERM_SLAVE, "");
	assert_int_equal(SERVED_TTY_SHOWN | SERVED_TTY_TYPED, types("\nd\n\4"));
	assert_int_equal(7, term_unread(term, TERM_SLAVE)); /* the end of file is one */
	reads(TERM_MASTER, "abx\b \bc\r\nd\r\n");
	reads(TERM_SLAVE, "abc\n");
	reads(TERM_SLAVE, "d\n");
}

TEST(an_end_of_file_is_read_once) // R158
{
	struct term_done done;
	uint8_t byte;

	term = term_shared();
	types("\4");
	assert_true(term_events(term, TERM_SLAVE) & POLLIN);
	assert_int_equal(0, term_read(term, TERM_SLAVE, ++number, &byte, 1, &done));
	assert_int_equal(0, term_read(term, TERM_SLAVE, number, &byte, 1, &done));
	assert_int_equal(-EAGAIN, term_read(term, TERM_SLAVE, ++number, &byte, 1, &done));
}

TEST(keys_of_signals) // R158
{
	term = term_shared();
	assert_int_equal(SERVED_TTY_INTERRUPT, types("lost\3") & ~SERVED_TTY_SHOWN);
	assert_int_equal(SERVED_TTY_QUIT, types("\34") & ~SERVED_TTY_SHOWN);
	assert_int_equal(SERVED_TTY_SUSPEND, types("\32") & ~SERVED_TTY_SHOWN);
	types("kept\n");
	reads(TERM_SLAVE, "kept\n");
}

TEST(who_polls_sees_what_a_key_has_taken_away) // R158
{
	struct term_done done;

	term = term_shared();
	types("lost\n");
	assert_true(term_events(term, TERM_SLAVE) & POLLIN);
	assert_int_equal(1,
			 term_write(term, TERM_MASTER, ++number, (const uint8_t *)"\3", 1, &done));
	assert_false(term_events(term, TERM_SLAVE) & POLLIN);
	assert_true(done.slave);
	types("lost\n");
	assert_int_equal(0, term_type(term, TERM_MASTER, ++number, 3, &done));
	assert_true(done.slave);
}

TEST(stops) // R158
{
	term = term_shared();
	types("\23");
	assert_int_equal(-EAGAIN, writes(TERM_SLAVE, "x"));
	assert_false(term_events(term, TERM_SLAVE) & POLLOUT);
	assert_int_equal(SERVED_TTY_RESUMED, types("\21"));
	assert_int_equal(1, writes(TERM_SLAVE, "x"));
	reads(TERM_MASTER, "x");
}

TEST(packets) // R158
{
	struct term_done done;

	term = term_shared();
	assert_int_equal(0, term_set_packet(term, ++number, true, &done));
	types("\23");
	assert_true(term_events(term, TERM_MASTER) & POLLPRI);
	reads(TERM_MASTER, "\4");
	types("\21");
	reads(TERM_MASTER, "\10");
	assert_false(term_events(term, TERM_MASTER) & POLLPRI);
	assert_int_equal(0, term_set_packet(term, ++number, false, &done));
}

/* Each way has room for so much, and all that was taken comes. */
TEST(is_bounded) // R158
{
	static const char bytes[TERM_WRITE_MOST + 1] = "";
	uint8_t got[TERM_READ_MOST];
	struct term_done done;

	term = term_shared();
	set_raw();
	for (unsigned end = 0; end < TERM_ENDS; end++) {
		enum term_end other = end == TERM_MASTER ? TERM_SLAVE : TERM_MASTER;
		size_t n = 0, back = 0;
		ssize_t took;

		while ((took = term_write(term, end, ++number, (const uint8_t *)bytes,
					  sizeof(bytes), &done)) > 0)
			n += (size_t)took;
		assert_int_equal(-EAGAIN, took);
		assert_false(term_events(term, end) & POLLOUT);
		assert_int_equal(
			end == TERM_MASTER ? LDISC_ROOM - 1 + LDISC_HELD_MAX : TERM_OUTPUT_MOST, n);
		while ((took = term_read(term, other, ++number, got, sizeof(got), &done)) > 0)
			back += (size_t)took;
		assert_int_equal(n, back);
		assert_true(term_events(term, end) & POLLOUT);
	}
}

/* A request that comes again changes nothing, and is answered as it was. */
TEST(again) // R158
{
	struct term_done done;
	uint8_t got[2][40];

	term = term_shared();
	types("one\ntwo\n");
	assert_int_equal(4, term_read(term, TERM_SLAVE, ++number, got[0], 40, &done));
	types("three\n");
	assert_int_equal(4, term_read(term, TERM_SLAVE, number - 1, got[1], 40, &done));
	assert_memory_equal(got[0], got[1], 4);
	assert_int_equal(
		4, term_write(term, TERM_MASTER, ++number, (const uint8_t *)"x\3y\n", 4, &done));
	assert_true(done.events & SERVED_TTY_INTERRUPT);
	assert_int_equal(
		4, term_write(term, TERM_MASTER, number, (const uint8_t *)"x\3y\n", 4, &done));
	assert_true(done.events & SERVED_TTY_INTERRUPT);
	reads(TERM_SLAVE, "y\n");
	reads(TERM_SLAVE, "");
}

/* ---- random keys, output, reads and modes, against the model that the console has, too ---- */

static struct {
	struct line_model line;
	uint8_t keys[LDISC_HELD_MAX]; /* typed, but there was no room */
	size_t nkeys;
	uint8_t shown[TERM_OUTPUT_MOST + TERM_ECHO_MOST];
	size_t nshown;
} model;

static bool chance(unsigned percent)
{
	return test_below(100) < percent;
}

static void model_show(const uint8_t *bytes, size_t n)
{
	if (model.nshown + n > sizeof(model.shown))
		return; /* of an echo: it is lost */
	memcpy(model.shown + model.nshown, bytes, n);
	model.nshown += n;
}

static bool model_quotes(uint8_t key)
{
	return line_has(&model.line, ICANON) && line_has(&model.line, IEXTEN) &&
	       line_is(&model.line, key, VLNEXT);
}

/* Which key is taken next? Returns false if none is. */
static bool model_next(size_t *at, bool *signal)
{
	*at = 0;
	*signal = false;
	if (model.nkeys != 0 && line_room(&model.line))
		return true;
	for (; *at < model.nkeys; ++*at)
		if ((*at == 0 || !model_quotes(model.keys[*at - 1])) &&
		    line_urgent(&model.line, model.keys[*at], signal))
			return true;
	return false;
}

static unsigned model_take_keys(void)
{
	unsigned did = 0;
	bool signal;
	size_t at;

	while (model_next(&at, &signal)) {
		uint8_t key = model.keys[at];
		size_t from = signal && !line_has(&model.line, NOFLSH) ? 0 : at;

		model.nkeys -= at + 1 - from;
		memmove(model.keys + from, model.keys + at + 1, model.nkeys - from);
		did |= line_type(&model.line, key);
		model_show(model.line.echo.bytes, model.line.echo.n);
	}
	return did;
}

static uint8_t any_key(void)
{
	unsigned kind = (unsigned)test_below(20);

	return kind < 12   ? (uint8_t)('a' + test_below(26))
	       : kind < 15 ? '\n'
	       : kind < 19 ? model.line.termios.c_cc[test_below(VEOL2 + 1)]
			   : (uint8_t)test_below(256);
}

/* The last server has done it, and the next one is asked for it again: nothing changes. */
static ssize_t write_twice(enum term_end end, const uint8_t *bytes, size_t n)
{
	struct term_done done;
	ssize_t took = term_write(term, end, ++number, bytes, n, &done);

	if (took > 0 && chance(20))
		assert_int_equal(took, term_write(term, end, number, bytes, n, &done));
	return took;
}

static void type_some(void)
{
	uint8_t bytes[300];
	size_t n = 1 + test_zipf(sizeof(bytes)), done = 0;
	ssize_t took;

	for (size_t i = 0; i < n; i++)
		bytes[i] = any_key();
	took = write_twice(TERM_MASTER, bytes, n);
	if (took == -EAGAIN)
		assert_int_equal(LDISC_HELD_MAX, model.nkeys);
	while (took != -EAGAIN && done < n && model.nkeys < LDISC_HELD_MAX) {
		model.keys[model.nkeys++] = bytes[done++];
		(void)model_take_keys();
	}
	assert_int_equal(took == -EAGAIN ? 0 : took, done);
}

static void show_some(void)
{
	uint8_t bytes[300], to[LDISC_EXPAND_MAX];
	size_t n = 1 + test_zipf(sizeof(bytes)), done = 0;
	ssize_t took;

	for (size_t i = 0; i < n; i++)
		bytes[i] = any_key();
	took = write_twice(TERM_SLAVE, bytes, n);
	while (!model.line.stopped && done < n && model.nshown < TERM_OUTPUT_MOST)
		model_show(to, line_write(&model.line, bytes[done++], to));
	assert_int_equal(took == -EAGAIN ? 0 : took, done);
}

static void read_some(enum term_end end)
{
	static uint8_t bytes[2][TERM_READ_MOST], expected[TERM_READ_MOST];
	size_t n = 1 + test_below(chance(80) ? 100 : TERM_READ_MOST), want;
	struct term_done done;
	ssize_t got = term_read(term, end, ++number, bytes[0], n, &done);
	bool is_end;

	if (end == TERM_MASTER) {
		want = n < model.nshown ? n : model.nshown;
		memcpy(expected, model.shown, want);
		model.nshown -= want;
		memmove(model.shown, model.shown + want, model.nshown);
		assert_int_equal(want ? (ssize_t)want : -EAGAIN, got);
	} else if (model.line.whole == 0) {
		assert_int_equal(-EAGAIN, got);
		return;
	} else {
		want = line_read(&model.line, expected, n, &is_end);
		(void)model_take_keys();
		assert_int_equal(want, got);
	}
	if (got < 0)
		return;
	assert_memory_equal(expected, bytes[0], want);
	if (chance(20)) {
		assert_int_equal(got, term_read(term, end, number, bytes[1], n, &done));
		assert_memory_equal(expected, bytes[1], want);
	}
}

static void change_modes(void)
{
	struct abi_termios modes = model.line.termios;
	bool flushes = chance(30);
	struct term_done done;

	modes.c_iflag = ICRNL | IXON | (uint32_t)(test_random() & (INLCR | ISTRIP | IGNCR | IUTF8));
	modes.c_oflag = OPOST | ONLCR | (uint32_t)(test_random() & (ONLRET | OCRNL | ONOCR));
	modes.c_lflag = chance(70) ? ISIG | ICANON | ECHO | ECHOE | ECHOK | ECHOCTL | IEXTEN
				   : (uint32_t)test_random();
	assert_int_equal(0, term_set_modes(term, TERM_SLAVE, ++number, &modes, flushes, &done));
	if (flushes) {
		line_flush(&model.line);
		model.nkeys = 0;
	}
	line_set(&model.line, &modes);
	(void)model_take_keys();
	if (chance(50))
		assert_int_equal(0,
				 term_set_modes(term, TERM_SLAVE, number, &modes, flushes, &done));
}

TEST(like_the_model) // R158
{
	term = term_shared();
	line_set(&model.line, &term->ldisc.termios);
	for (unsigned i = test_steps(200000); i != 0; i--) {
		switch (test_below(chance(1) ? 5 : 4)) {
		case 0:
			type_some();
			break;
		case 1:
			show_some();
			break;
		case 2:
			read_some(TERM_MASTER);
			break;
		case 3:
			read_some(TERM_SLAVE);
			break;
		default:
			change_modes();
			break;
		}
		assert_int_equal(model.nshown, term_unread(term, TERM_MASTER));
		assert_int_equal(model.line.whole, term_unread(term, TERM_SLAVE));
		assert_int_equal(model.nkeys, term->head.held.n);
	}
}

/* ---- a server that is killed ---- */

struct request {
	const char *name;
	const char *before; /* typed before it, by the server that is killed later */
	const char *shown;  /* written by a program before it; NULL: nothing */
	enum { TYPES, SHOWS, READS_MASTER, READS_SLAVE, SETS_RAW, FLUSHES, TYPES_ONE } kind;
	const char *bytes;
};

struct outcome {
	ssize_t result;
	unsigned events;
	char read[TEXT_MOST];
	size_t nread;
};

static ssize_t do_request(const struct request *request, uint32_t with, const char *bytes,
			  uint8_t *to, struct term_done *done)
{
	const struct abi_termios modes = raw_modes();

	switch (request->kind) {
	case TYPES:
		return term_write(term, TERM_MASTER, with, (const uint8_t *)bytes, strlen(bytes),
				  done);
	case SHOWS:
		return term_write(term, TERM_SLAVE, with, (const uint8_t *)bytes, strlen(bytes),
				  done);
	case READS_MASTER:
		return term_read(term, TERM_MASTER, with, to, 100, done);
	case READS_SLAVE:
		return term_read(term, TERM_SLAVE, with, to, 100, done);
	case SETS_RAW:
		return term_set_modes(term, TERM_SLAVE, with, &modes, false, done);
	case FLUSHES:
		return term_flush(term, TERM_SLAVE, with, TCIFLUSH, done);
	default:
		return term_type(term, TERM_SLAVE, with, (uint8_t)*bytes, done);
	}
}

/* All that is left at both ends, the line that is not finished too. */
static void read_all(struct outcome *outcome)
{
	uint8_t bytes[TERM_READ_MOST];
	struct term_done done;
	ssize_t n;

	set_raw();
	for (unsigned end = 0; end < TERM_ENDS; end++) {
		outcome->read[outcome->nread++] = '|';
		while ((n = term_read(term, end, ++number, bytes, sizeof(bytes), &done)) > 0) {
			memcpy(outcome->read + outcome->nread, bytes, (size_t)n);
			outcome->nread += (size_t)n;
		}
	}
}

/* The request is made, until all of it is done, as the kernel does; the first time it may have been done before. */
static void finish(const struct request *request, uint32_t first, struct outcome *outcome)
{
	bool is_write = request->kind == TYPES || request->kind == SHOWS;
	const char *left = is_write ? request->bytes : "";
	uint32_t with = first;
	uint8_t bytes[TERM_READ_MOST];

	memset(outcome, 0, sizeof(*outcome));
	number = first;
	do {
		struct term_done done;
		ssize_t n =
			do_request(request, with, is_write ? left : request->bytes, bytes, &done);

		assert_true(n >= 0);
		outcome->events |= done.events;
		if (is_write) {
			left += n;
		} else if (request->kind == READS_MASTER || request->kind == READS_SLAVE) {
			memcpy(outcome->read, bytes, (size_t)n);
			outcome->nread = (size_t)n;
		}
		outcome->result += n;
		with = ++number;
	} while (*left);
	read_all(outcome);
}

static const struct request requests[] = {
	{ "a line", "be", NULL, TYPES, "fore\n" },
	{ "an erase and more", "abcd", NULL, TYPES, "\177\177xy\n" },
	{ "a kill and more", "abcd", NULL, TYPES, "\25uvwxyz\nnext" },
	{ "a signal", "abcd", NULL, TYPES, "\3again\n" },
	{ "output", "", "first", SHOWS, "a\nb\tc\n" },
	{ "a read of the master", "typed", "shown\n", READS_MASTER, "" },
	{ "a read of the slave", "one\ntwo\n", NULL, READS_SLAVE, "" },
	{ "modes", "half a line", NULL, SETS_RAW, "" },
	{ "a flush", "one\nhalf", NULL, FLUSHES, "" },
	{ "an erase that is typed by a request", "abcd", NULL, TYPES_ONE, "\177" },
};

/* Starts a process that makes the request, and stops before and after it. */
static pid_t start_request(const struct request *request, uint32_t with)
{
	pid_t pid = fork();

	if (pid == 0) {
		uint8_t bytes[TERM_READ_MOST];
		struct term_done done;

		ptrace(PTRACE_TRACEME, 0, NULL, NULL);
		raise(SIGSTOP);
		do_request(request, with, request->bytes, bytes, &done);
		raise(SIGSTOP);
		_exit(0);
	}
	waitpid(pid, NULL, 0);
	return pid;
}

/* Executes one instruction. Returns false at the end. */
static bool step(pid_t pid)
{
	int status;

	ptrace(PTRACE_SINGLESTEP, pid, NULL, NULL);
	waitpid(pid, &status, 0);
	return WIFSTOPPED(status) && WSTOPSIG(status) == SIGTRAP;
}

/* The request never comes again, for who made it was killed, too. So it was made up to one of its bytes, or not at all. */
static void never_again(const struct request *request, uint32_t with, const struct term *start,
			const struct term *left, unsigned long steps)
{
	static struct outcome whole, actual;
	struct term_done done;

	*term = *left;
	term_recover(term);
	number = with;
	memset(&actual, 0, sizeof(actual));
	read_all(&actual);
	for (size_t n = 0; n <= strlen(request->bytes); n++) {
		*term = *start;
		number = with;
		if (n != 0)
			(void)term_write(term, request->kind == TYPES ? TERM_MASTER : TERM_SLAVE,
					 with, (const uint8_t *)request->bytes, n, &done);
		memset(&whole, 0, sizeof(whole));
		read_all(&whole);
		if (actual.nread == whole.nread &&
		    memcmp(actual.read, whole.read, whole.nread) == 0)
			return;
	}
	fail_msg("%s, killed with who asks after %lu steps: \"%.*s\"", request->name, steps,
		 (int)actual.nread, actual.read);
}

/* The server was killed when the terminal was as it is in `left`: the next one goes on. */
static void go_on(const struct request *request, uint32_t with, const struct term *left,
		  const struct outcome *expected, unsigned long steps)
{
	static struct outcome actual;

	*term = *left;
	term_recover(term);
	finish(request, with, &actual);
	if (actual.result == expected->result && actual.events == expected->events &&
	    actual.nread == expected->nread &&
	    memcmp(actual.read, expected->read, expected->nread) == 0)
		return;
	fail_msg(
		"%s, killed after %lu steps: %ld not %ld, events %#x not %#x, \"%.*s\" not \"%.*s\"",
		request->name, steps, (long)actual.result, (long)expected->result, actual.events,
		expected->events, (int)actual.nread, actual.read, (int)expected->nread,
		expected->read);
}

/* The next server goes on, whichever instruction was the last one of this one. */
TEST(killed_anywhere) // R158
{
	for (size_t i = 0; i < sizeof(requests) / sizeof(requests[0]); i++) {
		const struct request *request = &requests[i];
		struct term *shared = term_shared(), *own = term_shared();
		static struct outcome expected;
		static struct term start, last;
		unsigned long steps = 0;
		uint32_t first;
		pid_t pid;

		number = 0;
		term = shared;
		types(request->before);
		if (request->shown)
			assert_int_equal(strlen(request->shown),
					 writes(TERM_SLAVE, request->shown));
		first = number + 1;
		*own = start = last = *shared;
		pid = start_request(request, first);
		term = own;
		finish(request, first, &expected);
		while (step(pid)) {
			steps++;
			if (memcmp(&last, shared, sizeof(last)) == 0)
				continue;
			last = *shared;
			go_on(request, first, &last, &expected, steps);
			if (request->kind == TYPES || request->kind == SHOWS)
				never_again(request, first, &start, &last, steps);
		}
		kill(pid, SIGKILL);
		waitpid(pid, NULL, 0);
		assert_true(steps > 100);
		munmap(shared, sizeof(*shared));
		munmap(own, sizeof(*own));
	}
}
