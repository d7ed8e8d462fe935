/* SPDX-License-Identifier: MIT */
/* Random keys, settings, reads, writes and polls of a terminal, against what POSIX says of them. */

/*
 * The kernel's own linux/fs/tty/ runs on the machine of machine.c. The model of bytes and lines is that
 * of line.c; this file has the model of reads (VMIN, VTIME and their clock), of the order of output,
 * of poll and of signals. While a read or a write waits, other steps are taken; after each, the model
 * says whether it has to go on. After each step all that programs can see is compared.
 */
#include <getopt.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "abi/errno.h"
#include "abi/poll.h"
#include "abi/signal.h"
#include "base/clock.h"
#include "line.h"
#include "machine.h"

#define STEPS_AN_EPISODE 400
#define WAIT_STEPS	 40 /* after these, a signal ends a wait */
#define READ_MAX	 5000
#define WRITE_MAX	 200
#define TENTH		 (MACHINE_HZ / 10)
#define ECHOES_MAX	 (2 * LDISC_ECHO_MAX) /* more is dropped while the device takes none */

static uint64_t seed, step;

/* ---- random numbers, and what is said of a failure ---- */

static uint64_t state;

static uint64_t below(uint64_t n)
{
	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return (state * 0x2545f4914f6cdd1du >> 8) % n;
}

static bool chance(unsigned percent)
{
	return below(100) < percent;
}

static char told[40][120];
static uint64_t ntold;

static __attribute__((format(printf, 1, 2))) void tell(const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	vsnprintf(told[ntold++ % ARRAY_SIZE(told)], sizeof(told[0]), fmt, args);
	va_end(args);
}

void fail(const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	for (uint64_t i = ntold < ARRAY_SIZE(told) ? 0 : ntold - ARRAY_SIZE(told); i < ntold; i++)
		printf("# %s\n", told[i % ARRAY_SIZE(told)]);
	printf("# seed %" PRIu64 ", step %" PRIu64 ": ", seed, step);
	vprintf(fmt, args);
	printf("\nnot ok 1 - terminal\n");
	fflush(NULL);
	va_end(args);
	exit(1);
}

/* ---- the model ---- */

/* Bytes for the screen: of the echo, and of the program that writes. */
struct bytes {
	uint8_t at[1 << 16];
	size_t sent, n;
};

static struct {
	struct line_model line;
	/* Typed, but there was no room. The kernel has the first LDISC_HELD_MAX of them. */
	uint8_t keys[65536];
	size_t nkeys;
	bool stalled, resumed, hung_up;
	struct bytes echo, written;
	int signals[MACHINE_SIGNAL];
	size_t nsignals;
	unsigned polled; /* what the last look of poll that waits has found */
	bool polling;
} model;

/* A read that runs. */
static struct {
	bool runs, finished, nonblock;
	uint8_t to[READ_MAX];
	size_t n, done, min;
	size_t least;	      /* a line with less does not end it */
	uint64_t time, since; /* VTIME in ticks; from when it counts */
	ssize_t result;
} reader;

enum ending { BY_BYTES, BY_TIME, BY_NOTHING, BY_SIGNAL, ENDINGS };

/* How often reads ended how, in lines and for the four cases of POSIX. */
static const char *const cases[] = { "lines", "MIN=0 TIME=0", "MIN=0 TIME>0", "MIN>0 TIME=0",
				     "MIN>0 TIME>0" };
static uint64_t endings[ARRAY_SIZE(cases)][ENDINGS], waits, polls_woken, writes_stopped,
	echoes_dropped;
static unsigned the_case;

static void take_key(uint8_t key, size_t *unsent, size_t *room)
{
	unsigned events = line_type(&model.line, key);
	size_t sent;

	if (*unsent + model.line.echo.n <= ECHOES_MAX) {
		check(model.echo.n + model.line.echo.n <= sizeof(model.echo.at), "much echo");
		memcpy(model.echo.at + model.echo.n, model.line.echo.bytes, model.line.echo.n);
		model.echo.n += model.line.echo.n;
		*unsent += model.line.echo.n;
	} else {
		echoes_dropped++;
	}
	sent = MIN(*unsent, *room);
	*unsent -= sent;
	*room -= sent;
	if (events & LDISC_INTERRUPT)
		model.signals[model.nsignals++] = SIGINT;
	if (events & LDISC_QUIT)
		model.signals[model.nsignals++] = SIGQUIT;
	if (events & LDISC_SUSPEND)
		model.signals[model.nsignals++] = SIGTSTP;
}

static void drop_keys(size_t at, size_t n)
{
	model.nkeys -= n;
	memmove(model.keys + at, model.keys + at + n, model.nkeys - at);
}

static bool quotes(uint8_t key)
{
	return line_has(&model.line, ICANON) && line_has(&model.line, IEXTEN) &&
	       line_is(&model.line, key, VLNEXT);
}

/* Finds the first key, of those that the kernel has, that acts at once. */
static bool find_urgent(size_t *at_ret, bool *signal)
{
	for (size_t at = 0; at < MIN(model.nkeys, (size_t)LDISC_HELD_MAX); at++) {
		if ((at == 0 || !quotes(model.keys[at - 1])) &&
		    line_urgent(&model.line, model.keys[at], signal)) {
			*at_ret = at;
			return true;
		}
	}
	return false;
}

/* Types what has been typed: in order, but signals and ^S and ^Q do not wait for room. */
static void take_keys(void)
{
	size_t unsent = model.echo.n - model.echo.sent, room = machine.room;

	while (model.nkeys != 0) {
		size_t at = 0;
		bool signal = false;
		uint8_t key;

		if (!line_room(&model.line) && !find_urgent(&at, &signal))
			break;
		key = model.keys[at];
		if (signal && !line_has(&model.line, NOFLSH))
			drop_keys(0, at + 1);
		else
			drop_keys(at, 1);
		take_key(key, &unsent, &room);
	}
	model.stalled = model.nkeys != 0;
	model.resumed = false;
	model.hung_up = machine.ended && model.nkeys == 0;
}

/* After a read or another setting: is there room for what waits? */
static void resume_keys(void)
{
	model.resumed |= model.stalled && line_much_room(&model.line);
}

/* Lets the input thread run, here and there. */
static void run_input(bool typed)
{
	bool runs = machine_input_due();

	check(runs || machine_input_ended() || !(typed || model.resumed),
	      "the input thread sleeps although there is %s", typed ? "input" : "room");
	if (runs) {
		take_keys();
		machine_run_input();
	}
}

static unsigned ready(void)
{
	const struct line_model *line = &model.line;
	size_t least = line_has(line, ICANON) || line->termios.c_cc[VTIME] != 0 ||
				       line->termios.c_cc[VMIN] == 0
			       ? 1
			       : line->termios.c_cc[VMIN];
	unsigned can = 0;

	if (line->whole >= least)
		can |= POLLIN | POLLRDNORM;
	if (model.hung_up)
		can |= POLLIN | POLLRDNORM | POLLHUP;
	if (!line->stopped && machine.room != 0)
		can |= POLLOUT | POLLWRNORM;
	return can;
}

void on_output(const uint8_t *bytes, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		/* What has been typed comes before what a program writes afterwards. */
		struct bytes *from = model.echo.sent != model.echo.n ? &model.echo : &model.written;

		check(from->sent != from->n, "the screen gets byte %#x, which nothing has sent",
		      bytes[i]);
		check(from->at[from->sent] == bytes[i],
		      "the screen gets byte %#x, not %#x of the %s", bytes[i], from->at[from->sent],
		      from == &model.echo ? "echo" : "program");
		from->sent++;
	}
}

/* ---- reads ---- */

static void finish(enum ending how, ssize_t nothing)
{
	reader.finished = true;
	reader.result = reader.done != 0 ? (ssize_t)reader.done : nothing;
	endings[the_case][how]++;
}

static bool out_of_time(void)
{
	return reader.time != 0 && (reader.min == 0 || reader.done != 0) &&
	       fake_time >= reader.since + reader.time;
}

/* The read looks: takes what there is, and ends or waits. */
static void look(void)
{
	while (!reader.finished && model.line.whole != 0) {
		bool end;
		size_t got = line_read(&model.line, reader.to + reader.done,
				       MIN(reader.n - reader.done, (size_t)256), &end);

		reader.done += got;
		reader.since = fake_time;
		resume_keys();
		if (reader.done == reader.n ||
		    (end && line_has(&model.line, ICANON) && reader.done >= reader.least))
			finish(BY_BYTES, 0);
	}
	if (reader.finished)
		return;
	if (reader.done != 0 && reader.done >= reader.min)
		finish(BY_BYTES, 0);
	else if (model.hung_up || (reader.min == 0 && reader.time == 0))
		finish(BY_NOTHING, 0);
	else if (reader.nonblock)
		finish(BY_NOTHING, -EAGAIN);
	else if (out_of_time())
		finish(BY_TIME, 0);
}

static void start_read(size_t n, bool nonblock)
{
	const struct line_model *line = &model.line;

	memset(&reader, 0, sizeof(reader));
	reader.runs = true;
	reader.n = n;
	reader.nonblock = nonblock;
	reader.since = fake_time;
	reader.min = 1;
	the_case = 0;
	if (!line_has(line, ICANON)) {
		reader.min = MIN(n, (size_t)line->termios.c_cc[VMIN]);
		reader.least = MAX(reader.min, 1ul);
		reader.time = line->termios.c_cc[VTIME] * TENTH;
		the_case = 1 + (reader.min != 0) * 2 + (reader.time != 0);
	}
	look();
}

/* ---- after each step ---- */

static void compare(void)
{
	struct abi_termios termios;
	struct abi_winsize winsize;
	int available;
	unsigned can;

	check(machine.nsignals == model.nsignals &&
		      memcmp(machine.signals, model.signals, machine.nsignals * sizeof(int)) == 0,
	      "%zu signals, not %zu, or others", machine.nsignals, model.nsignals);
	machine.nsignals = model.nsignals = 0;
	check(machine_ioctl(TCGETS, &termios) == 0 &&
		      memcmp(&termios, &model.line.termios, sizeof(termios)) == 0,
	      "other settings");
	check(machine_ioctl(TIOCGWINSZ, &winsize) == 0 && winsize.cols == MACHINE_COLS &&
		      winsize.rows == MACHINE_ROWS,
	      "%u columns and %u rows", winsize.cols, winsize.rows);
	check(machine_ioctl(FIONREAD, &available) == 0 && (size_t)available == model.line.whole,
	      "%d bytes to read, not %zu", available, model.line.whole);
	can = machine_poll(false);
	check(can == ready(), "poll: %#x, not %#x", can, ready());
	if (model.polling && ready() & ~model.polled) {
		check(machine_poll_woken(), "poll sleeps although %#x came to %#x", ready(),
		      model.polled);
		model.polling = false;
		polls_woken++;
	}
}

/* ---- steps ---- */

static uint8_t some_key(void)
{
	static const uint8_t plain[] = "abcdefg hij_kl.m", odd[] = "\t\r\n\b\033\302\265\377\0";

	switch (below(20)) {
	case 0 ... 10:
		return plain[below(sizeof(plain) - 1)];
	case 11 ... 14:
		return model.line.termios.c_cc[below(VEOL2 + 1)];
	case 15 ... 17:
		return '\n';
	case 18:
		return odd[below(sizeof(odd))];
	default:
		return (uint8_t)below(256);
	}
}

static void type_keys(void)
{
	size_t n = chance(1) ? below(6000) : 1 + below(chance(50) ? 2 : 8);
	bool letters = n > 100 && chance(50);

	if (machine.ended)
		return;
	for (size_t i = 0; i < n && model.nkeys < sizeof(model.keys); i++) {
		uint8_t key = letters ? 'x' : some_key();

		model.keys[model.nkeys++] = key;
		machine.keys[machine.nkeys++] = key;
	}
	tell("type %zu keys: %#x %#x ...", n, machine.keys[0], n > 1 ? machine.keys[1] : 0);
	waitq_wake_all(&machine.dev.readable);
	run_input(true);
}

/* A program writes. The model's part is done when the kernel's may be: not while ^S holds it. */
static struct {
	uint8_t bytes[WRITE_MAX];
	size_t n;
	bool runs, sent;
} writer;

static uint32_t some_of(uint32_t flags)
{
	return flags & (uint32_t)below(UINT32_MAX);
}

static void set_modes(void)
{
	static const uint8_t defaults[NCCS] = {
		[VINTR] = 003,	[VQUIT] = 034, [VERASE] = 0177, [VKILL] = 025,	 [VEOF] = 004,
		[VSTART] = 021, [VSTOP] = 023, [VSUSP] = 032,	[VWERASE] = 027, [VREPRINT] = 022,
		[VLNEXT] = 026, [VEOL] = 'm',  [VEOL2] = '.',
	};
	static const uint8_t mins[] = { 0, 0, 1, 1, 1, 2, 3, 5, 255 },
			     times[] = { 0, 0, 1, 1, 2, 5 };
	static const unsigned long requests[] = { TCSETS, TCSETSW, TCSETSF };
	unsigned kind = (unsigned)below(5);
	unsigned long request = writer.runs ? TCSETS : requests[below(3)]; /* the others wait */
	struct abi_termios termios = model.line.termios;
	int err, background = machine.background;

	termios.c_iflag = kind == 0 ? some_of(~0u) : ICRNL | IXON | some_of(IUTF8 | INLCR | ISTRIP);
	termios.c_oflag = kind == 0 ? some_of(~0u) : OPOST | ONLCR | some_of(ONLRET);
	termios.c_lflag = kind == 0 ? some_of(~0u)
				    : ISIG | some_of(ECHO | ECHOE | ECHOK | ECHOKE | ECHOCTL) |
					      ECHO | IEXTEN | some_of(NOFLSH);
	if (kind != 0)
		termios.c_lflag |= kind >= 3 ? ICANON : 0;
	memcpy(termios.c_cc, defaults, sizeof(defaults));
	if (chance(20))
		termios.c_cc[below(VEOL2 + 1)] = chance(30) ? 0 : some_key();
	termios.c_cc[VMIN] = mins[below(sizeof(mins))];
	termios.c_cc[VTIME] = times[below(sizeof(times))];
	tell("set %#lx: i %#x o %#x l %#x min %u time %u", request, termios.c_iflag,
	     termios.c_oflag, termios.c_lflag, termios.c_cc[VMIN], termios.c_cc[VTIME]);
	if (!background) {
		if (request == TCSETSF) {
			line_flush(&model.line);
			drop_keys(0, MIN(model.nkeys, (size_t)LDISC_HELD_MAX));
		}
		line_set(&model.line, &termios);
		resume_keys();
	}
	err = machine_ioctl(request, &termios);
	check(err == background, "settings: %d", err);
	run_input(false);
}

static void discard(void)
{
	bool input = chance(70);
	int err, background = machine.background;

	tell("discard %s", input ? "input" : "output");
	if (input && !background) {
		line_flush(&model.line);
		drop_keys(0, MIN(model.nkeys, (size_t)LDISC_HELD_MAX));
		resume_keys();
	}
	err = tty_ops.ioctl(&machine.file, TCFLSH, input ? TCIFLUSH : TCOFLUSH);
	check(err == background, "tcflush: %d", err);
	run_input(false);
}

static void pass_time(void)
{
	uint64_t n = chance(50) ? below(3) * TENTH / 2 : 1 + below(3 * TENTH);

	/* Up to the end of the read's time, or a tick before. */
	if (reader.runs && reader.time != 0 && chance(50)) {
		uint64_t end = reader.since + reader.time - below(2);

		n = end > fake_time ? end - fake_time : 0;
	}
	tell("%" PRIu64 " ticks pass", n);
	fake_time += n;
	run_input(false);
}

static void make_room(void)
{
	machine.room = chance(60) ? SIZE_MAX : below(chance(50) ? 3 : 100);
	tell("the device has room for %zu", machine.room);
	if (machine.room != 0)
		waitq_wake_all(&machine.dev.writable);
	run_input(false);
}

static void send_written(void)
{
	if (model.line.stopped || writer.sent)
		return;
	for (size_t i = 0; i < writer.n; i++)
		model.written.n += line_write(&model.line, writer.bytes[i],
					      model.written.at + model.written.n);
	writer.sent = true;
}

static void write_some(bool nonblock)
{
	struct file file = machine.file; /* another one than that of who reads */
	struct user_iter from;
	ssize_t expected, result;
	bool refused = line_has(&model.line, TOSTOP) && machine.background;

	if (writer.runs)
		return;
	writer.runs = true;
	writer.sent = false;
	writer.n = 1 + below(WRITE_MAX);
	for (size_t i = 0; i < writer.n; i++)
		writer.bytes[i] = some_key();
	tell("write %zu%s", writer.n, nonblock ? " at once" : "");
	expected = refused			    ? machine.background
		   : nonblock && model.line.stopped ? -EAGAIN
						    : (ssize_t)writer.n;
	if (!refused)
		send_written();
	file.flags = nonblock ? O_NONBLOCK : 0;
	from = user_iter_kernel(writer.bytes, writer.n);
	result = tty_ops.write(&file, &from, NULL);
	if (!writer.sent && !refused && !nonblock)
		expected = -EINTR;
	check(result == expected, "write: %zd, not %zd", result, expected);
	check(result <= 0 || model.written.sent == model.written.n, "write of %zd has sent less",
	      result);
	writer.runs = false;
}

static void start_poll(void)
{
	model.polling = true;
	model.polled = machine_poll(true);
	check(model.polled == ready(), "poll: %#x, not %#x", model.polled, ready());
	tell("poll: %#x", model.polled);
}

static void change_group(void)
{
	machine.background = chance(70) ? 0 : chance(50) ? -EINTR : -EIO;
	tell("background: %d", machine.background);
}

static void hang_up(void)
{
	tell("hang up");
	machine.ended = true;
	waitq_wake_all(&machine.dev.readable);
	run_input(true);
}

/* What others do, also while a read or a write waits. */
static void other_step(bool with_write)
{
	switch (below(with_write ? 24 : 20)) {
	case 0 ... 7:
		type_keys();
		break;
	case 8 ... 10:
		pass_time();
		break;
	case 11 ... 12:
		set_modes();
		break;
	case 13:
		discard();
		break;
	case 14 ... 15:
		make_room();
		break;
	case 16 ... 17:
		start_poll();
		break;
	case 18:
		change_group();
		break;
	case 19:
		if (chance(1))
			hang_up();
		break;
	default:
		write_some(true);
		break;
	}
	compare();
}

/* A write waits for room. */
static int wait_for_room(struct waitq *queue, uint64_t seq)
{
	if (waitq_sample(queue) == seq && !reader.runs && chance(50))
		type_keys();
	while (waitq_sample(queue) == seq)
		make_room();
	return 0;
}

/* A write waits for ^Q. */
static int wait_for_go(struct waitq *queue, uint64_t seq)
{
	writes_stopped++;
	for (unsigned i = 0; i < WAIT_STEPS; i++) {
		bool woken = waitq_sample(queue) != seq;

		check(woken || model.line.stopped, "a write sleeps although output goes on");
		if (woken && chance(75)) {
			send_written();
			return 0;
		}
		other_step(false);
	}
	tell("a signal ends the write");
	return -EINTR;
}

static int wait_for_input(struct waitq *queue, uint64_t seq, uint64_t deadline)
{
	waits++;
	for (unsigned i = 0; i < WAIT_STEPS; i++) {
		bool woken = waitq_sample(queue) != seq;
		bool due = deadline <= fake_time;

		if (model.line.whole != 0 || model.hung_up || out_of_time())
			check(woken || due, "a read sleeps although %s",
			      model.line.whole ? "there is input" : "its time is over");
		if ((woken || due) && chance(75)) {
			look();
			check(woken || reader.finished, "a read ends before its time");
			return woken ? 0 : -ETIMEDOUT;
		}
		other_step(true);
	}
	tell("a signal ends the read");
	finish(BY_SIGNAL, -EINTR);
	return -EINTR;
}

int on_wait(struct waitq *queue, uint64_t seq, uint64_t deadline)
{
	run_input(false); /* it has had time enough to run */
	if (queue == &machine.dev.writable)
		return wait_for_room(queue, seq);
	if (queue == &machine.tty->resumed)
		return wait_for_go(queue, seq);
	check(queue == &machine.tty->readable, "a wait for something else");
	/* The last look was in time for what came, and the time ended meanwhile: */
	if (reader.finished && deadline <= fake_time)
		return -ETIMEDOUT;
	check(!reader.finished, "a read waits that has %zu bytes", reader.done);
	return wait_for_input(queue, seq, deadline);
}

static void read_some(void)
{
	static const size_t sizes[] = { 1, 1, 2, 3, 4, 6, 10, 100, 255, 256, 257, READ_MAX };
	static uint8_t bytes[READ_MAX];
	size_t n = sizes[below(ARRAY_SIZE(sizes))];
	bool nonblock = chance(30);
	int background = machine.background;
	struct user_iter to = user_iter_kernel(bytes, n);
	ssize_t result;

	tell("read %zu%s", n, nonblock ? " at once" : "");
	if (!background)
		start_read(n, nonblock);
	machine.file.flags = nonblock ? O_NONBLOCK : 0;
	result = tty_ops.read(&machine.file, &to, NULL);
	run_input(false);
	if (background) {
		check(result == background, "read in the background: %zd", result);
		return;
	}
	check(reader.finished, "a read of %zu ends with %zd, and should wait", n, result);
	check(result == reader.result, "read of %zu: %zd, not %zd", n, result, reader.result);
	check(result <= 0 || memcmp(bytes, reader.to, (size_t)result) == 0,
	      "a read has other bytes");
	reader.runs = false;
}

static void episode(void)
{
	machine_boot();
	memset(&model, 0, sizeof(model));
	memset(&reader, 0, sizeof(reader));
	model.line.termios = machine.tty->ldisc.termios;
	for (unsigned i = 0; i < STEPS_AN_EPISODE && model.echo.n < sizeof(model.echo.at) / 2 &&
			     model.written.n < sizeof(model.written.at) / 2;
	     i++, step++) {
		if (chance(25))
			read_some();
		else if (chance(10))
			write_some(false);
		else
			other_step(true);
		compare();
	}
	/* In the end everything reaches the screen. */
	machine.room = SIZE_MAX;
	fake_time += MACHINE_HZ;
	run_input(false);
	check(model.echo.sent == model.echo.n || machine.ended, "%zu bytes of the echo are lost",
	      model.echo.n - model.echo.sent);
	machine_free();
}

/* What a run must have done to be worth its name. */
static void expect_all(void)
{
	for (unsigned c = 0; c < ARRAY_SIZE(cases); c++) {
		bool timed = c == 2 || c == 4;

		printf("# %s: %" PRIu64 " reads ended by bytes, %" PRIu64 " by time, %" PRIu64
		       " without, %" PRIu64 " by a signal\n",
		       cases[c], endings[c][BY_BYTES], endings[c][BY_TIME], endings[c][BY_NOTHING],
		       endings[c][BY_SIGNAL]);
		check(endings[c][BY_BYTES] > 0 && endings[c][BY_NOTHING] > 0 &&
			      (!timed || endings[c][BY_TIME] > 0),
		      "reads of %s did not end in each way", cases[c]);
	}
	printf("# %" PRIu64 " waits, %" PRIu64 " polls woken, %" PRIu64 " writes stopped, %" PRIu64
	       " echoes dropped\n",
	       waits, polls_woken, writes_stopped, echoes_dropped);
	check(waits && polls_woken && writes_stopped && echoes_dropped, "something never happened");
}

int main(int argc, char **argv)
{
	static const struct option options[] = {
		{ "seed", 1, NULL, 's' },
		{ "steps", 1, NULL, 'n' },
		{ NULL, 0, NULL, 0 },
	};
	uint64_t steps = 40000;
	int c;

	while ((c = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (c == 's') {
			seed = strtoull(optarg, NULL, 0);
		} else if (c == 'n') {
			steps = strtoull(optarg, NULL, 0);
		} else {
			fprintf(stderr, "usage: test-terminal-model [--seed N] [--steps N]\n");
			return 2;
		}
	}
	printf("1..1\n");
	state = seed * 2 + 1;
	while (step < steps)
		episode();
	expect_all();
	printf("ok 1 - terminal, seed %" PRIu64 "\n", seed);
	return 0;
}
