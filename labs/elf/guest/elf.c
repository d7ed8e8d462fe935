/* SPDX-License-Identifier: MIT */
/* The tests of the lab elf about what exec and the pages of a program take, and whose they are. */
#include "made.h"

/* ---- what exec takes ---- */

/* Shows the first page of this process that has a private frame. */
static void show_first_private(unsigned long va, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		unsigned long at = frame_at(0, (void *)(va + i * PAGE));
		struct faultline_frame frame;

		if (!at ||
		    syscall(SYS_faultline, FAULTLINE_FRAME, at, &frame, sizeof(frame), 0) != 1 ||
		    frame.kind != FAULTLINE_FRAME_PRIVATE)
			continue;
		say("first private frame at %#lx\n", va + i * PAGE);
		return;
	}
}

/* As read_all(), and tells whether exec has taken frames. */
static void show_and_read(uint64_t seed, size_t n)
{
	say_and_wait(0);
	show_first_private(TEXT_AT, n);
	read_text_and_data(seed, n);
}

/* A program that waits first, and then reads all of its text and data. */
static void frames(uint64_t seed, size_t n)
{
	long before;
	int pid;

	open_channels();
	before = private_frames();
	pid = start(MADE, "show_and_read", seed, n);
	hear(&up);
	result_frames("frames_taken", private_frames() - before);
	tell(&down, 0);
	result("child", hear(&up));
	result_frames("frames_taken_by_reads", private_frames() - before);
	tell(&down, 0);
	join_child(pid);
}

static void read_data(uint64_t seed, size_t n)
{
	const unsigned char *end = (unsigned char *)(DATA_AT + n * PAGE + PAGE / 2);

	(void)seed;
	say_and_wait(0);
	show_first_private(DATA_AT, 2 * n + 1);
	tell(&up, sum((char *)DATA_AT, n));
	say_and_wait(not_zero(end, PAGE / 2 + n * PAGE));
}

/* Data and zeros in one segment, as ordinary programs have them. */
static void zeros_behind(uint64_t seed, size_t n)
{
	long before;
	int pid;

	open_channels();
	before = private_frames();
	pid = start(MADE, "read_data", seed, n);
	hear(&up);
	result_frames("frames_taken", private_frames() - before);
	tell(&down, 0);
	result("data", hear(&up));
	result("bytes_that_are_not_zero", hear(&up));
	result_frames("frames_taken_by_reads", private_frames() - before);
	tell(&down, 0);
	join_child(pid);
}

#define INSTANCES 12

/* Many processes run one program: all of them read all. */
static void instances(uint64_t seed, size_t n)
{
	struct channel downs[INSTANCES];
	int pids[INSTANCES];
	uint64_t total = 0;
	long before = 0;

	channel_open(&up);
	for (unsigned i = 0; i < INSTANCES; i++) {
		channel_open(&down);
		downs[i] = down;
		if (i == 1)
			before = used_frames();
		pids[i] = start(MADE, "read_all", seed, n);
		hear(&up);
		tell(&down, 0);
		total = total * 3 + hear(&up);
		if (i == 1)
			result_frames("frames_taken_by_the_second", used_frames() - before);
	}
	result("all", total);
	for (unsigned i = 0; i < INSTANCES; i++) {
		tell(&downs[i], 0);
		join_child(pids[i]);
	}
}

#define CHOSEN	40
#define WINDOWS 28 /* segments that show the same bytes of the file, one behind the other */

/* Pages that are chosen by a seed: what they hold. */
static uint64_t sum_chosen(unsigned long va, size_t n, uint64_t choice)
{
	uint64_t total = 0;

	for (size_t i = 0; i < CHOSEN; i++)
		total += page_read((char *)(va + mix(choice, i) % n * PAGE)) * (2 * i + 1);
	return total;
}

static void read_chosen(uint64_t seed, size_t n)
{
	uint64_t choice = OF_CHOICES(seed);

	n *= WINDOWS;
	tell(&up, sum_chosen(TEXT_AT, n, choice));
	tell(&up, sum_chosen(DATA_AT, n, choice));
	tell(&up, sum_chosen(DATA_AT, n, choice + 1));
	for (size_t i = 0; i < CHOSEN; i++)
		page_write((char *)(DATA_AT + mix(choice, i) % n * PAGE), mix(OF_WRITES(seed), i));
	tell(&up, sum_chosen(DATA_AT, n, choice));
	say_and_wait(sum_chosen(MORE_AT, n, choice));
}

/* Segments that are larger than memory. The file has as many bytes as one of them. */
static void large(uint64_t seed, size_t n)
{
	int pid;

	open_channels();
	pid = start(MADE, "read_chosen", seed, n);
	result("text", hear(&up));
	result("data", hear(&up));
	result("others", hear(&up));
	result("written", hear(&up));
	result("zeros", hear(&up));
	tell(&down, 0);
	join_child(pid);
}

/* Instructions, if time is counted in them. */
static void cost(uint64_t seed, size_t n)
{
	uint64_t before;
	int pid;

	open_channels();
	join_child(start(MADE, "leave", seed, n));
	before = nanoseconds();
	join_child(start(MADE, "leave", seed, n));
	result("instructions", nanoseconds() - before);
	pid = start(MADE, "read_all", seed, n);
	hear(&up);
	tell(&down, 0);
	result("child", hear(&up));
	tell(&down, 0);
	join_child(pid);
}

static uint64_t faults_taken(void)
{
	struct faultline_process process;
	uint64_t total = 0;

	if (syscall(SYS_faultline, FAULTLINE_PROCESS, 0, &process, sizeof(process), 0) != 1)
		fail("FAULTLINE_PROCESS");
	for (unsigned i = 0; i < FAULTLINE_KINDS; i++)
		total += process.faults[i];
	return total;
}

static void count_faults(uint64_t seed, size_t n)
{
	uint64_t before, total;

	(void)seed;
	before = faults_taken();
	total = sum((char *)TEXT_AT, n) + 3 * sum((char *)DATA_AT, n);
	tell(&up, faults_taken() - before);
	say_and_wait(total);
}

/* Text, and data with zeros behind it. Their pages are in memory, since the file was just read. */
static void faults(uint64_t seed, size_t n)
{
	long before;
	int pid;

	open_channels();
	read_whole(MADE);
	before = private_frames();
	pid = start(MADE, "count_faults", seed, n);
	result("faults", hear(&up));
	result("child", hear(&up));
	result_frames("frames_taken", private_frames() - before);
	tell(&down, 0);
	join_child(pid);
}

/* ---- data is private ---- */

static size_t write_eighth(uint64_t seed, size_t n)
{
	size_t written = 0;

	for (size_t i = 0; i < n; i++) {
		if (mix(OF_WRITES(seed), i) % 8)
			continue;
		page_write((char *)DATA_AT + i * PAGE, mix(OF_WRITES(seed), i));
		written++;
	}
	return written;
}

static void write_some(uint64_t seed, size_t n)
{
	say_and_wait(sum((char *)DATA_AT, n));
	tell(&up, write_eighth(seed, n));
	say_and_wait(sum((char *)DATA_AT, n));
}

static uint64_t sum_of_file(const char *path, uint64_t offset, size_t n)
{
	static char page[PAGE];
	int file = open_file(path);
	uint64_t total = 0;

	for (size_t i = 0; i < n; i++) {
		read_at(file, offset + i * PAGE, page, PAGE);
		total += page_read(page) * (2 * i + 1);
	}
	close(file);
	return total;
}

/* Two instances, the first of which writes. The file and the second keep what they have. */
static void copies(uint64_t seed, size_t n)
{
	uint64_t written;
	int pids[2];
	long before;

	open_channels();
	before = private_frames();
	pids[0] = start(MADE, "write_some", seed, n);
	result("before", hear(&up));
	tell(&down, 0);
	written = hear(&up);
	result("child", hear(&up));
	result("frames_beyond_the_copies",
	       (uint64_t)labs(private_frames() - before - (long)written));
	pids[1] = start(MADE, "read_all", seed, n);
	hear(&up);
	result("file", sum_of_file(MADE, offset_of(MADE, DATA_AT), n));
	/* either may hear it: the first then ends, and the second reads */
	tell(&down, 0);
	tell(&down, 0);
	result("second", hear(&up));
	tell(&down, 0);
	join_child(pids[0]);
	join_child(pids[1]);
}

static void drop_some(uint64_t seed, size_t n)
{
	char *data = (char *)DATA_AT;

	fill(data, n, OF_WRITES(seed));
	if (madvise(data + n / 4 * PAGE, n / 2 * PAGE, MADV_DONTNEED))
		fail("MADV_DONTNEED");
	tell(&up, sum(data, n));
	fill(data, n / 2, seed);
	say_and_wait(sum(data, n));
}

/* Pages that were written and are given back: the file's bytes are there again. */
static void dropped(uint64_t seed, size_t n)
{
	int pid;

	open_channels();
	pid = start(MADE, "drop_some", seed, n);
	result("dropped", hear(&up));
	result("written_again", hear(&up));
	tell(&down, 0);
	join_child(pid);
}

static void fork_and_write(uint64_t seed, size_t n)
{
	char *data = (char *)DATA_AT;
	int pid;

	fill(data, n / 4, OF_WRITES(seed));
	pid = fork_child();
	if (pid == 0) {
		hear(&down);
		for (size_t i = 0; i < n; i += 2)
			page_write(data + i * PAGE, mix(OF_CHOICES(seed), i));
		tell(&up, sum(data, n) + sum((char *)TEXT_AT, n));
		_exit(0);
	}
	for (size_t i = 0; i < n; i += 3)
		page_write(data + i * PAGE, mix(OF_CHOICES(seed) + 1, i));
	tell(&up, 0);
	join_child(pid);
	say_and_wait(sum(data, n) + sum((char *)TEXT_AT, n));
}

/* The program forks when it has touched few of its pages. */
static void forked(uint64_t seed, size_t n)
{
	int pid;

	open_channels();
	pid = start(MADE, "fork_and_write", seed, n);
	hear(&up);
	tell(&down, 0);
	result("child", hear(&up));
	result("parent", hear(&up));
	tell(&down, 0);
	join_child(pid);
}

/* ---- little memory ---- */

static void write_all(uint64_t seed, size_t n)
{
	n *= WINDOWS;
	tell(&up, sum_chosen(DATA_AT, n, OF_CHOICES(seed)));
	hear(&down);
	fill((char *)DATA_AT, n, OF_WRITES(seed));
	tell(&up, 1);
}

/* As read_all(), but it does not run while it waits: it would be killed if it found no memory then. */
static void sleep_and_read(uint64_t seed, size_t n)
{
	uint64_t word;

	tell(&up, 0);
	check_count("read from a pipe", read(down.ends[0], &word, sizeof(word)), sizeof(word));
	read_text_and_data(seed, n);
}

#define SMALL 50 /* pages */

/* A program writes more than there is memory, and is killed. Another one goes on. */
static void out_of_memory(uint64_t seed, size_t n)
{
	struct channel up_of_one, down_of_one;
	int one, other;

	open_channels();
	down_of_one = down;
	up_of_one = up;
	one = start("/made/small", "sleep_and_read", seed, SMALL);
	hear(&up);
	open_channels();
	let_children_die(); /* one is killed, as it should be */
	other = start(MADE, "write_all", seed, n);
	close(up.ends[1]);
	result("found", hear(&up));
	tell(&down, 0);
	result("status_of_the_large", (uint64_t)wait_child(other));
	tell(&down_of_one, 0);
	result("other", hear(&up_of_one));
	tell(&down_of_one, 0);
	join_child(one);
}

#define PRESSURE 4 /* times as much as the data */

static void press(uint64_t seed, size_t n)
{
	char *pages = map_pages(PRESSURE * n, MAP_PRIVATE);

	write_eighth(seed, n);
	for (unsigned round = 0; round < 2; round++) {
		fill(pages, PRESSURE * n, OF_CHOICES(seed) + round);
		tell(&up, sum((char *)TEXT_AT, n) + sum((char *)DATA_AT, n));
	}
	say_and_wait(sum(pages, PRESSURE * n));
}

/* Pages of the program leave memory, and come back. */
static void swapped(uint64_t seed, size_t n)
{
	int pid;

	open_channels();
	pid = start(MADE, "press", seed, n);
	result("program", hear(&up));
	result("program", hear(&up));
	result("heap", hear(&up));
	tell(&down, 0);
	join_child(pid);
}

/* ---- what is given back ---- */

/* A program with text and data; every third one is followed by one that does not run. */
static uint64_t one_life(uint64_t seed, size_t n, size_t turn)
{
	uint64_t answer;
	int pid = start(MADE, "read_all", seed, n);

	hear(&up);
	tell(&down, 0);
	answer = hear(&up);
	tell(&down, 0);
	join_child(pid);
	if (turn % 3 == 1)
		answer += try_file("/made/short");
	if (turn % 3 == 2)
		answer += try_file("/made/bad");
	return answer;
}

/* Returns how many references and frames the hardened kernel finds nobody, or too many, for. */
static uint64_t ledger_errors(void)
{
	struct faultline_ledger ledger;

	if (syscall(SYS_faultline, FAULTLINE_LEDGER, 0, &ledger, sizeof(ledger), 0) != 1)
		fail("FAULTLINE_LEDGER");
	return ledger.errors;
}

/* Forty programs come and go. */
static void leaks(uint64_t seed, size_t n)
{
	uint64_t total = 0;
	long before = 0;

	open_channels();
	let_children_die();
	for (size_t i = 0; i < 40; i++) {
		if (i == 4)
			before = used_frames();
		total = total * 3 + one_life(seed, n, i);
	}
	result("frames_lost", (uint64_t)labs(used_frames() - before));
	result("errors_in_the_ledger", ledger_errors());
	result("total", total);
}

/* ---- ordinary programs ---- */

/* The one that `programs` runs: its answer is its argument, mixed. */
static void answer(uint64_t seed, size_t n)
{
	result("answer", mix(seed, n));
}

static void programs(uint64_t seed, size_t n)
{
	open_channels();
	for (size_t i = 0; i < n; i++)
		join_child(start(i % 2 ? MADE : own_file, "answer", mix(seed, i), i));
}

int main(int argc, char **argv)
{
	static const struct lab_test roles[] = {
		{ "leave", leave },
		{ "answer", answer },
		{ "read_all", read_all },
		{ "show_and_read", show_and_read },
		{ "read_data", read_data },
		{ "read_chosen", read_chosen },
		{ "count_faults", count_faults },
		{ "write_some", write_some },
		{ "drop_some", drop_some },
		{ "fork_and_write", fork_and_write },
		{ "sleep_and_read", sleep_and_read },
		{ "write_all", write_all },
		{ "press", press },
	};
	static const struct lab_test tests[] = {
		{ "programs", programs },
		{ "frames", frames },
		{ "zeros_behind", zeros_behind },
		{ "instances", instances },
		{ "large", large },
		{ "cost", cost },
		{ "faults", faults },
		{ "copies", copies },
		{ "dropped", dropped },
		{ "forked", forked },
		{ "out_of_memory", out_of_memory },
		{ "swapped", swapped },
		{ "leaks", leaks },
	};

	return made_main(tests, sizeof(tests) / sizeof(tests[0]), roles,
			 sizeof(roles) / sizeof(roles[0]), argc, argv);
}
