/* SPDX-License-Identifier: MIT */
/* Text made record by record: any way to read it gives the same bytes, or says what is short. */
#include <stdio.h>
#include <string.h>

#include "abi/errno.h"
#include "fake_proc.h"
#include "lib/bits.h"
#include "linux/fs/file/text_file.h"
#include "linux/fs/proc/process_text.h"
#include "linux/fs/proc/seq.h"
#include "mm/host.h"
#include "mm/swap/relieve.h"
#include "tests/host/lib/fail_nth.h"
#include "tests/host/mm/user_memory.h"
#include "tree.h"

/* A source of records of growing length, "1", "22", ...: record n has n times `width` bytes. */
struct source {
	unsigned records, width;
	int begin_error, record_error; /* the latter instead of record error_at */
	unsigned error_at;
	unsigned begun, ended, made;
};

static int begin(void *arg, void **walk_ret)
{
	struct source *source = arg;

	if (source->begin_error)
		return source->begin_error;
	source->begun++;
	*walk_ret = source;
	return 0;
}

static void end(void *walk)
{
	struct source *source = walk;

	source->ended++;
}

static int record(void *arg, void *walk, uint64_t *cursor, struct seq *seq)
{
	struct source *source = arg;
	unsigned n = (unsigned)*cursor + 1;

	assert_ptr_equal(arg, walk);
	if (source->record_error && n == source->error_at)
		return source->record_error;
	if (n > source->records)
		return -ENODATA;
	for (unsigned i = 0; i + 1 < n * source->width; i++)
		seq_put(seq, "%c", (int)('a' + n % 26));
	seq_put(seq, "\n");
	source->made++;
	*cursor = n;
	return 0;
}

static const struct seq_ops ops = { .begin = begin, .end = end, .record = record };

/* What the whole file has to be. */
static size_t expected(const struct source *source, char *buf)
{
	size_t len = 0;

	for (unsigned n = 1; n <= source->records; n++) {
		memset(buf + len, (int)('a' + n % 26), n * source->width - 1);
		len += n * source->width;
		buf[len - 1] = '\n';
	}
	return len;
}

static ssize_t read_at(struct seq_file *file, char *to, size_t n, uint64_t *pos)
{
	struct user_iter iter = user_iter_one(USER_START, n);
	uint64_t before = *pos;
	ssize_t got = seq_read(file, &iter, pos);

	assert_int_equal(0, fake_mutexes_held);
	assert_int_equal(got > 0 ? got : 0, *pos - before);
	for (ssize_t i = 0; i < got; i++)
		to[i] = (char)*user_memory_at(USER_START + (vaddr_t)i);
	return got;
}

static char whole[300000], part[60000];

static void in_pieces_of(struct source *source, size_t piece)
{
	size_t len = expected(source, whole);
	struct seq_file *file = seq_create(&ops, source);
	uint64_t pos = 0;
	ssize_t got;

	assert_non_null(file);
	while ((got = read_at(file, part, piece, &pos)) > 0)
		assert_memory_equal(whole + pos - (size_t)got, part, (size_t)got);
	assert_int_equal(0, got);
	assert_int_equal(len, pos);
	assert_int_equal(0, read_at(file, part, piece, &pos));
	assert_int_equal(source->ended, source->begun);
	seq_destroy(file);
}

TEST(pieces_of_any_size)
{
	static const size_t sizes[] = { 1, 2, 7, 100, 4095, 4096, 4097, 50000 };
	struct source some = { .records = 60, .width = 3 };

	tree_start();
	for (unsigned i = 0; i < ARRAY_SIZE(sizes); i++)
		in_pieces_of(&some, sizes[i]);
	tree_end();
}

/* A read makes no more than it needs: each record once where the file is read in order. */
TEST(each_record_is_made_once)
{
	struct source some = { .records = 60, .width = 3 };

	tree_start();
	in_pieces_of(&some, 1);
	assert_int_equal(60, some.made);
	tree_end();
}

/* The last records need more than one page, and less than the most. */
TEST(records_larger_than_a_page)
{
	struct source large = { .records = 8, .width = 3000 };

	tree_start();
	in_pieces_of(&large, 50000);
	in_pieces_of(&large, 100);
	tree_end();
}

TEST(records_too_large)
{
	struct source large = { .records = 2, .width = 40000 };
	struct seq_file *file;
	uint64_t pos = 0;

	tree_start();
	file = seq_create(&ops, &large);
	assert_int_equal(-ENOMEM, read_at(file, part, 10, &pos));
	seq_destroy(file);
	tree_end();
}

TEST(any_position)
{
	struct source some = { .records = 40, .width = 9 };
	size_t len = expected(&some, whole);
	struct seq_file *file;

	tree_start();
	file = seq_create(&ops, &some);
	for (size_t at = len + 3; at-- > 0;) {
		uint64_t pos = at;
		ssize_t got = read_at(file, part, 50, &pos);

		if (at >= len) {
			assert_int_equal(0, got);
			continue;
		}
		assert_in_range(got, 1, 50);
		assert_memory_equal(whole + at, part, (size_t)got);
	}
	seq_destroy(file);
	tree_end();
}

/* The first position always begins anew; a read that goes on has what was made before. */
TEST(what_changes)
{
	struct source some = { .records = 3, .width = 4 };
	struct seq_file *file;
	uint64_t pos = 0;

	tree_start();
	file = seq_create(&ops, &some);
	assert_int_equal(2, read_at(file, part, 2, &pos));
	some.records = 0;
	assert_int_equal(2, read_at(file, part, 10, &pos));
	assert_int_equal(0, read_at(file, part, 10, &pos));
	pos = 0;
	assert_int_equal(0, read_at(file, part, 10, &pos));
	some.records = 1;
	assert_int_equal(4, read_at(file, part, 10, &pos));
	seq_destroy(file);
	tree_end();
}

/* What was made before the error is read; then the error comes. */
TEST(errors_of_the_source)
{
	struct source some = { .records = 9, .width = 4, .record_error = -ESRCH, .error_at = 3 };
	struct seq_file *file;
	uint64_t pos = 0;

	tree_start();
	file = seq_create(&ops, &some);
	assert_int_equal(0, read_at(file, part, 0, &pos));
	assert_int_equal(12, read_at(file, part, 100, &pos));
	assert_int_equal(-ESRCH, read_at(file, part, 100, &pos));
	some.begin_error = -EINTR;
	assert_int_equal(-EINTR, read_at(file, part, 100, &pos));
	assert_int_equal(some.ended, some.begun);
	pos = 2;
	some.begin_error = -ENODATA;
	assert_int_equal(0, read_at(file, part, 100, &pos));
	seq_destroy(file);
	tree_end();
}

/* Nothing is lost where the reader's memory is not there, or only in part. */
TEST(memory_that_cannot_be_written)
{
	struct source some = { .records = 4, .width = 4 };
	struct user_iter none, few;
	struct seq_file *file;
	uint64_t pos = 0;

	tree_start();
	expected(&some, whole);
	file = seq_create(&ops, &some);
	none = user_iter_one(8, 10);
	assert_int_equal(-EFAULT, seq_read(file, &none, &pos));
	assert_int_equal(0, pos);
	assert_int_equal(3, read_at(file, part, 3, &pos));
	few = user_iter_one(USER_START + 16 * PAGE_SIZE - 1, 10);
	assert_int_equal(1, seq_read(file, &few, &pos));
	assert_int_equal(5, read_at(file, part, 5, &pos));
	assert_memory_equal(whole + 4, part, 5);
	none = user_iter_one(8, 10);
	assert_int_equal(-EFAULT, seq_read(file, &none, &pos));
	seq_destroy(file);
	tree_end();
}

static unsigned pauses_left;

static int pause_until_killed(struct vm_wait *wait)
{
	(void)wait;
	return pauses_left-- == 0 ? -EINTR : 0;
}

TEST(a_kill_ends_the_walk)
{
	int (*before)(struct vm_wait *);
	struct source some = { .records = 1000, .width = 1 };
	struct seq_file *file;
	uint64_t pos = 100000;

	tree_start();
	file = seq_create(&ops, &some);
	before = mm_host.pause;
	mm_host.pause = pause_until_killed;
	pauses_left = 20;
	/* The text that was made before the kill still counts. */
	(void)read_at(file, part, 10, &pos);
	mm_host.pause = before;
	assert_in_range(some.made, 20, 23);
	seq_destroy(file);
	tree_end();
}

TEST(without_memory)
{
	struct source large = { .records = 8, .width = 3000 };
	bool reached = true;
	unsigned n = 0;

	tree_start();
	for (; reached; n++) {
		struct seq_file *file;
		uint64_t pos = 0;
		ssize_t got = 1;

		fail_arm(n + 1, FAIL_ONE);
		file = seq_create(&ops, &large);
		while (file && got > 0)
			got = read_at(file, part, sizeof(part), &pos);
		reached = fail_disarm();
		assert_true(!reached || !file || got == -ENOMEM);
		if (file)
			seq_destroy(file);
		mm_trim();
	}
	assert_in_range(n, 4, 10); /* the state, and a buffer that grows */
	tree_end();
}

TEST(seeks)
{
	struct file file = { .pos = 5 };

	assert_int_equal(3, file_seek_from_start(&file, 3, SEEK_SET));
	assert_int_equal(7, file_seek_from_start(&file, 4, SEEK_CUR));
	assert_int_equal(7, file.pos);
	assert_int_equal(-EINVAL, file_seek_from_start(&file, -8, SEEK_CUR));
	assert_int_equal(-EINVAL, file_seek_from_start(&file, INT64_MAX, SEEK_CUR));
	assert_int_equal(-EINVAL, file_seek_from_start(&file, 0, SEEK_END));
	assert_int_equal(-EINVAL, file_seek_from_start(&file, -1, SEEK_SET));
	assert_int_equal(7, file.pos);
}

TEST(once_and_escapes)
{
	char buf[20];
	struct seq seq = { .buf = buf, .size = sizeof(buf) };
	uint64_t cursor = 0;

	assert_int_equal(0, seq_once(&cursor));
	assert_int_equal(-ENODATA, seq_once(&cursor));
	seq_put_escaped(&seq, "a b\\\n", " \\\n");
	assert_false(seq.full);
	assert_string_equal("a\\040b\\134\\012", buf);
	seq_put(&seq, "%s", "123456");
	assert_true(seq.full);
}

static char *text_of(void (*put)(struct seq *, const struct process_facts *),
		     const struct process_facts *facts)
{
	static char buf[4096];
	struct seq seq = { .buf = buf, .size = sizeof(buf) };

	put(&seq, facts);
	assert_false(seq.full);
	buf[seq.len] = '\0';
	return buf;
}

static void put_status(struct seq *seq, const struct process_facts *facts)
{
	proc_put_status(seq, facts, &fake_cred);
}

static const struct process_facts a_process = {
	.tid = 8,
	.pid = 7,
	.parent = 3,
	.group = 5,
	.session = 4,
	.state = 'S',
	.name = "a \\ b\n)",
	.wish = { .nice = -5, .policy = 3 },
	.nthreads = 6,
	.terminal = 0x501,
	.terminal_group = 9,
	.exit_signal = 17,
	.umask = 022,
	.fd_size = 256,
	.pending_thread = 1ul << 40 | 2,
	.caught = 4,
	.queued = 3,
	.queue_max = 100,
	.has_memory = true,
	.layout = { .code_start = 0x10000,
		    .code_end = 0x12001,
		    .data_start = 0x13000,
		    .data_end = 0x13010,
		    .stack_start = 4000,
		    .arg_start = 5000,
		    .arg_end = 5001,
		    .env_start = 5002,
		    .env_end = 5003 },
	.mapped = 100 * PAGE_SIZE,
	.data = 10 * PAGE_SIZE,
	.stack = 2 * PAGE_SIZE,
	.exec = 5 * PAGE_SIZE,
	.locked = 2 * PAGE_SIZE,
	.resident = 50 * PAGE_SIZE,
	.resident_file = 20 * PAGE_SIZE,
	.resident_shmem = 3 * PAGE_SIZE,
	.peak_resident = 60 * PAGE_SIZE,
	.peak_mapped = 110 * PAGE_SIZE,
	.harts = 1,
	.tables = PAGE_SIZE,
	.heap_start = 0x14000,
	.usage = { .minor_faults = 11, .major_faults = 12, .nvcsw = 23, .nivcsw = 24 },
	.thread_usage = { .nvcsw = 13, .nivcsw = 14 },
	.children_usage = { .minor_faults = 21, .major_faults = 22 },
};

TEST(text_of_a_process)
{
	assert_string_equal(
		"8 (a \\134 b\\012)) S 3 5 4 1281 9 0 11 21 12 22 0 0 0 0 15 -5 6 0 0 409600 50 "
		"18446744073709551615 65536 73729 4000 0 0 2 0 0 4 1 0 0 17 0 0 3 0 0 0 77824 "
		"77840 81920 5000 5001 5002 5003 0\n",
		text_of(proc_put_stat, &a_process));
	assert_string_equal("100 50 23 3 0 12 0\n", text_of(proc_put_statm, &a_process));
	assert_string_equal(
		"Name:\ta \\134 b\\012)\nUmask:\t0022\nState:\tS (sleeping)\nTgid:\t7\nNgid:\t0\n"
		"Pid:\t8\n"
		"PPid:\t3\nTracerPid:\t0\nUid:\t0\t0\t0\t0\nGid:\t0\t0\t0\t0\nFDSize:\t256\n"
		"Groups:\t \nNStgid:\t7\nNSpid:\t8\nNSpgid:\t5\nNSsid:\t4\nKthread:\t0\n"
		"VmPeak:\t     440 kB\nVmSize:\t     400 kB\nVmLck:\t       8 kB\n"
		"VmPin:\t       0 kB\nVmHWM:\t     240 kB\nVmRSS:\t     200 kB\n"
		"RssAnon:\t     108 kB\nRssFile:\t      80 kB\nRssShmem:\t      12 kB\n"
		"VmData:\t      40 kB\nVmStk:\t       8 kB\nVmExe:\t      12 kB\n"
		"VmLib:\t       8 kB\nVmPTE:\t       4 kB\nVmSwap:\t       0 kB\n"
		"HugetlbPages:\t       0 kB\nCoreDumping:\t0\nTHP_enabled:\t1\n"
		"untag_mask:\t0xffffffffffffffff\nThreads:\t6\n"
		"SigQ:\t3/100\nSigPnd:\t0000010000000002\nShdPnd:\t0000000000000000\n"
		"SigBlk:\t0000000000000000\nSigIgn:\t0000000000000000\n"
		"SigCgt:\t0000000000000004\nCapInh:\t0000000000000000\n"
		"CapPrm:\t0000000000000000\nCapEff:\t000001ffffffffff\n"
		"CapBnd:\t0000000000000000\nCapAmb:\t0000000000000000\nNoNewPrivs:\t0\n"
		"Seccomp:\t0\nSeccomp_filters:\t0\nSpeculation_Store_Bypass:\tunknown\n"
		"SpeculationIndirectBranch:\tunsupported\n"
		"Cpus_allowed:\t1\nCpus_allowed_list:\t0\nMems_allowed:\t1\nMems_allowed_list:\t0\n"
		"voluntary_ctxt_switches:\t13\nnonvoluntary_ctxt_switches:\t14\n",
		text_of(put_status, &a_process));
}

TEST(text_of_a_zombie)
{
	const struct process_facts zombie = { .tid = 8,
					      .pid = 8,
					      .state = 'Z',
					      .name = "z",
					      .nthreads = 1,
					      .terminal_group = -1,
					      .umask = -1,
					      .status = 9 };
	char *text = text_of(put_status, &zombie);

	assert_non_null(strstr(text, "State:\tZ (zombie)\n"));
	assert_non_null(strstr(text, "FDSize:\t0\n"));
	assert_null(strstr(text, "Vm"));
	assert_null(strstr(text, "Umask"));
	assert_string_equal("8 (z) Z 0 0 0 0 -1 0 0 0 0 0 0 0 0 0 20 0 1 0 0 0 0 "
			    "18446744073709551615 0 0 0 0 0 0 0 0 0 1 0 0 0 0 0 0 0 0 0 0 0 0 0 "
			    "0 0 0 9\n",
			    text_of(proc_put_stat, &zombie));
	assert_string_equal("0 0 0 0 0 0 0\n", text_of(proc_put_statm, &zombie));
}

TEST(states)
{
	static const struct {
		char state;
		const char *line;
	} states[] = { { 'R', "State:\tR (running)\n" }, { 'T', "State:\tT (stopped)\n" } };

	for (unsigned i = 0; i < ARRAY_SIZE(states); i++) {
		const struct process_facts facts = { .state = states[i].state };

		assert_non_null(strstr(text_of(put_status, &facts), states[i].line));
	}
}
