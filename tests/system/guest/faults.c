/* SPDX-License-Identifier: MIT */
/* Thousands of faults on pages of a server that is slow, and whose errors, death and silence are met on the way (R142). */

/*
 * faults CROWD PAGES: CROWD processes wait for pages at once. If PAGES is not 0, a storm goes on until so many pages
 * were checked, each word of them; in it pages of a second server, which refuses and loses nothing, are stored to. All
 * of it is done twice: the second time, nothing may be left in the end that was not there before.
 */
#define _GNU_SOURCE
#include "asleep.h"
#include "books.h"
#include "expect.h"
#include "slow_server.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/swap.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define CROWD_MAX     2560u
#define WORKERS	      40u
#define OWN	      (STORE_PAGES / WORKERS) /* pages of a worker in the file STORE */
#define RUN	      32u		      /* pages of the largest request */
#define KILL_EVERY    40u  /* pages, at least; so many kills in all, of workers */
#define SERVER_EVERY  20u  /* kills, one is of the server */
#define FIRST	      64u  /* page that is waited for: the pages before are read together */
#define STRIDE	      3u   /* pages, so that no request asks for two that are wanted */
#define FAIL_ONE_IN   40u  /* reads */
#define LOSE_ONE_IN   100u /* reads */
#define TRIES	      1000u
#define PROGRAM_PAGES 256u	     /* of the programs' files, at most */
#define INDEX_NODES   32u	     /* of these and of the memory that is a file, at most */
#define PATIENT	      ",timeout=600" /* however busy the host is */
#define DISK	      "/dev/vda"
#define PLACE	      "/served"
#define KEPT	      "/kept"

/* What all processes share. */
static struct common {
	struct slow_control slow, keeper;
	unsigned begun;		     /* processes that are about to wait */
	unsigned long pages, errors; /* checked; SIGBUS and EIO */
	unsigned wrong, over;
} * common;

static pid_t server, keeper; /* the second one neither refuses nor loses a request */
static unsigned ncrowd;
static unsigned long npages; /* that a storm checks */

static void nap(unsigned ms)
{
	usleep(ms * 1000);
}

/* ---- pages ---- */

static sigjmp_buf bus;

static void on_bus(int sig)
{
	siglongjmp(bus, sig);
}

static void found_wrong(const char *what, unsigned file, uint64_t page)
{
	if (__atomic_add_fetch(&common->wrong, 1, __ATOMIC_RELAXED) < 20)
		printf("%s: file %u, page %lu\n", what, file, page);
}

static bool is_right(const uint64_t *at, unsigned file, uint64_t page, unsigned from)
{
	for (unsigned i = from; i < PAGE_WORDS; i++)
		if (at[i] != slow_word(file, page * PAGE_WORDS + i))
			return false;
	return true;
}

/* Checks the words of a page from `from` on. Returns false if there is SIGBUS. */
static bool look(const uint64_t *at, unsigned file, uint64_t page, unsigned from)
{
	if (sigsetjmp(bus, 1)) {
		__atomic_add_fetch(&common->errors, 1, __ATOMIC_RELAXED);
		return false;
	}
	if (!is_right(at, file, page, from))
		found_wrong("a mapped page", file, page);
	__atomic_add_fetch(&common->pages, 1, __ATOMIC_RELAXED);
	return true;
}

/* Until it is there: whatever the server does, it comes in the end. */
static void insist(const uint64_t *at, unsigned file, uint64_t page, unsigned from)
{
	unsigned i = 0;

	while (i < TRIES && !look(at, file, page, from))
		i++;
	if (i == TRIES)
		found_wrong("a page that does not come", file, page);
}

static int open_file(unsigned file)
{
	char path[] = PLACE "/0";
	int fd;

	path[sizeof(path) - 2] += (char)file;
	while ((fd = open(path, O_RDONLY)) < 0 && errno == EIO)
		nap(1);
	if (fd < 0) {
		perror(path);
		_exit(2);
	}
	return fd;
}

static uint64_t *map(int fd, unsigned n, uint64_t page, int flags)
{
	uint64_t *at = mmap(NULL, n * PAGE, PROT_READ | (flags == MAP_PRIVATE ? PROT_WRITE : 0),
			    flags, fd, (off_t)(page * PAGE));

	if (at == MAP_FAILED) {
		perror("mmap");
		_exit(3);
	}
	return at;
}

/* ---- many at once ---- */

static pid_t crowd[CROWD_MAX];

/* Waits for one page. Returns 0; 1 if there was SIGBUS. */
static int wait_for_page(uint64_t page)
{
	uint64_t *at = map(open_file(0), 1, page, MAP_SHARED);

	__atomic_add_fetch(&common->begun, 1, __ATOMIC_RELAXED);
	return look(at, 0, page, 0) ? 0 : 1;
}

static void wait_until(const char *what, const volatile unsigned *count, unsigned least)
{
	UNTIL(what, *count >= least);
	expect(what, least, *count);
}

enum spread { APART, SAME, ONE_RUN };

/* Which page the i-th waits for. ONE_RUN: of those that come with one request, as the file's first one is read. */
static uint64_t page_for(enum spread spread, unsigned i)
{
	return spread == ONE_RUN ? i % RUN : spread == SAME ? FIRST : FIRST + i * STRIDE;
}

static void gather(enum spread spread)
{
	common->begun = 0;
	common->slow.most_held = 0;
	for (unsigned i = 0; i < ncrowd; i++) {
		crowd[i] = fork();
		if (crowd[i] == 0)
			_exit(wait_for_page(page_for(spread, i)));
		if (crowd[i] < 0) {
			perror("fork");
			exit(1);
		}
		if (i == 0)
			wait_until("the first request", &common->slow.held, 1);
	}
}

static int status_of(pid_t pid)
{
	int status = -1;

	waitpid(pid, &status, 0);
	return status;
}

static void start(const char *options)
{
	memset(&common->slow, 0, sizeof(common->slow));
	server = slow_server_mount(PLACE, MS_RDONLY, options);
	expect("a server", true, server > 0);
}

static void stop(void)
{
	expect("reads that are kept", 0, common->slow.held);
	expect("umount", 0, umount(PLACE));
	expect("the server's status", 0, status_of(server));
	expect("late answers that have arrived", 0, (long)common->slow.landed);
}

/* Has the server answer all reads. */
static void let_go(void)
{
	common->slow.hold = 0;
	slow_server_poke();
}

/*
 * Each waits for a page of its own; the server has all requests before it answers one. fails: every
 * other answer is an error.
 */
static void different_pages(bool fails)
{
	start(PATIENT);
	common->slow.hold = CROWD_MAX;
	common->slow.fail_odd = fails;
	gather(APART);
	wait_until("requests at once", &common->slow.held, ncrowd);
	let_go();
	for (unsigned i = 0; i < ncrowd; i++)
		expect("who waits", (fails && page_for(APART, i) % 2) << 8, status_of(crowd[i]));
	stop();
}

/* All wait for one request. Every other one is killed meanwhile, which ends at once. */
static void one_request(enum spread spread, bool fails)
{
	start(PATIENT);
	common->slow.hold = CROWD_MAX;
	gather(spread);
	wait_until("who has begun", &common->begun, ncrowd);
	until_asleep(crowd, ncrowd);
	until_asleep(&server, 1);
	expect("requests", 1, common->slow.held);
	for (unsigned i = 0; i < ncrowd; i += 2)
		kill(crowd[i], SIGKILL);
	for (unsigned i = 0; i < ncrowd; i += 2)
		expect("who is killed", SIGKILL, status_of(crowd[i]));
	common->slow.fail_one_in = fails;
	let_go();
	for (unsigned i = 1; i < ncrowd; i += 2)
		expect("who waits on", fails << 8, status_of(crowd[i]));
	stop();
}

/* The server ends while all wait, and another one takes its place: all get their pages. */
static void another_server(void)
{
	start(PATIENT);
	common->slow.hold = CROWD_MAX;
	gather(APART);
	wait_until("requests", &common->slow.held, ncrowd);
	kill(server, SIGKILL);
	expect("the server's status", SIGKILL, status_of(server));
	common->slow.hold = 0;
	server = slow_server_mount(PLACE, MS_REMOUNT | MS_RDONLY, "");
	for (unsigned i = 0; i < ncrowd; i++)
		expect("who waits", 0, status_of(crowd[i]));
	stop();
}

/* ---- a storm ---- */

static struct {
	uint64_t chance;
	int fd[FILES];
	uint64_t *map[FILES]; /* all of each */
	int store_fd;
	unsigned store_page; /* the first of its own in the file STORE */
	uint64_t *store;
	uint64_t stored[OWN]; /* what was stored to each of them last */
} self;

static unsigned any(unsigned n)
{
	return draw_below(&self.chance, n);
}

static void any_page(void)
{
	unsigned file = any(FILES), page = any(FILE_PAGES);

	insist(self.map[file] + page * PAGE_WORDS, file, page, 0);
}

static void some_in_order(void)
{
	unsigned file = any(FILES), page = any(FILE_PAGES - 40), n = 1 + any(40);

	for (; n > 0; n--, page++)
		insist(self.map[file] + page * PAGE_WORDS, file, page, 0);
}

static void forget_some(void)
{
	unsigned file = any(FILES), page = any(FILE_PAGES - 256);

	madvise(self.map[file] + page * PAGE_WORDS, 256 * PAGE, MADV_DONTNEED);
}

/* Nobody maps them any more when they come. */
static void unmap_what_was_asked_for(void)
{
	unsigned file = any(FILES), page = any(FILE_PAGES - 64);
	uint64_t *at = map(self.fd[file], 64, page, MAP_SHARED);

	madvise(at, 64 * PAGE, MADV_WILLNEED);
	if (any(2))
		insist(at, file, page, 0);
	munmap(at, 64 * PAGE);
}

/* Stores to copies, of which a child has its own. */
static void change_copies(void)
{
	unsigned file = any(FILES), page = any(FILE_PAGES - 8), n = 8;
	uint64_t *at = map(self.fd[file], n, page, MAP_PRIVATE), mine = draw(&self.chance);
	volatile unsigned i;
	pid_t child;

	for (i = 0; i < n; i += 2) {
		insist(at + i * PAGE_WORDS, file, page + i, 0);
		at[i * PAGE_WORDS] = mine + i;
	}
	child = fork();
	for (i = 0; child >= 0 && i < n; i++) {
		insist(at + i * PAGE_WORDS, file, page + i, 1);
		if (i % 2 == 0 && at[i * PAGE_WORDS] != mine + i)
			found_wrong("a changed copy", file, page + i);
		at[i * PAGE_WORDS] = mine + i + (child == 0);
	}
	if (child == 0)
		_exit(0);
	if (child > 0)
		status_of(child);
	munmap(at, n * PAGE);
}

/* A child waits for the same pages as its parent, and may be killed. */
static void with_a_child(void)
{
	unsigned file = any(FILES), page = any(FILE_PAGES - 200);
	volatile unsigned i;
	int status;
	pid_t child;

	madvise(self.map[file] + page * PAGE_WORDS, 200 * PAGE, MADV_DONTNEED);
	child = fork();
	for (i = 0; i < 200; i += 33)
		insist(self.map[file] + (page + i) * PAGE_WORDS, file, page + i, 0);
	if (child == 0)
		_exit(0);
	if (child > 0 && any(2))
		kill(child, SIGKILL);
	status = child > 0 ? status_of(child) : 0;
	if (status != 0 && status != SIGKILL)
		found_wrong("a child's status", (unsigned)status, 0);
}

static void read_some(void)
{
	static uint64_t bytes[8 * PAGE_WORDS];
	unsigned file = any(FILES), page = any(FILE_PAGES - 8), n = 1 + any(8);
	ssize_t got = pread(self.fd[file], bytes, n * PAGE, (off_t)(page * PAGE));

	if (got < 0)
		__atomic_add_fetch(&common->errors, 1, __ATOMIC_RELAXED);
	for (unsigned i = 0; got > 0 && i < (size_t)got / PAGE; i++)
		if (!is_right(bytes + i * PAGE_WORDS, file, page + i, 0))
			found_wrong("a page that was read", file, page + i);
	if (got < 0 && errno != EIO)
		found_wrong("an error of read", file, page);
}

static uint64_t own_word(unsigned page, unsigned i)
{
	return slow_word(STORE, page * PAGE_WORDS + i) + self.stored[page];
}

static void store_page(unsigned page)
{
	self.stored[page] = draw(&self.chance);
	for (unsigned i = 0; i < PAGE_WORDS; i++)
		self.store[page * PAGE_WORDS + i] = own_word(page, i);
}

static void check_own(const uint64_t *at, unsigned page, const char *what)
{
	for (unsigned i = 0; i < PAGE_WORDS; i++)
		if (at[i] != own_word(page, i)) {
			found_wrong(what, STORE, self.store_page + page);
			return;
		}
}

/* Nobody else stores to these pages. What the server has not taken yet, nobody may lose. */
static void store_some(void)
{
	static uint64_t bytes[PAGE_WORDS];
	unsigned page = any(OWN);
	uint64_t *at = self.store + page * PAGE_WORDS;

	check_own(at, page, "a stored page");
	store_page(page);
	switch (any(4)) {
	case 0:
		madvise(self.store, OWN * PAGE, MADV_DONTNEED);
		break;
	case 1:
		if (msync(at, PAGE, MS_SYNC) != 0)
			found_wrong("msync", STORE, page);
		check_own(slow->stored + (self.store_page + page) * PAGE_WORDS, page,
			  "a page at the server");
		break;
	case 2:
		if (pread(self.store_fd, bytes, PAGE, (off_t)((self.store_page + page) * PAGE)) !=
		    PAGE)
			found_wrong("pread", STORE, page);
		check_own(bytes, page, "a stored page that was read");
		break;
	default:
		break;
	}
}

static void start_store(unsigned number)
{
	slow = &common->keeper;
	self.store_page = number * OWN;
	self.store_fd = open(KEPT "/4", O_RDWR);
	self.store = mmap(NULL, OWN * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, self.store_fd,
			  (off_t)(self.store_page * PAGE));
	if (self.store == MAP_FAILED) {
		perror("a file to store to");
		_exit(4);
	}
	for (unsigned page = 0; page < OWN; page++)
		store_page(page);
}

static void end_store(void)
{
	if (msync(self.store, OWN * PAGE, MS_SYNC) != 0)
		found_wrong("the last msync", STORE, self.store_page);
	for (unsigned page = 0; page < OWN; page++)
		check_own(slow->stored + (self.store_page + page) * PAGE_WORDS, page,
			  "a page at the server in the end");
}

/* Does any of these until the storm is over. */
static void work(unsigned number, uint64_t seed)
{
	static void (*const acts[])(void) = {
		any_page,      any_page,     any_page,
		some_in_order, forget_some,  unmap_what_was_asked_for,
		change_copies, with_a_child, read_some,
		store_some,
	};

	self.chance = seed;
	for (unsigned i = 0; i < FILES; i++) {
		self.fd[i] = open_file(i);
		self.map[i] = map(self.fd[i], FILE_PAGES, 0, MAP_SHARED);
	}
	start_store(number);
	while (!__atomic_load_n(&common->over, __ATOMIC_RELAXED))
		acts[any(sizeof(acts) / sizeof(acts[0]))]();
	end_store();
	_exit(0);
}

static pid_t start_worker(unsigned number)
{
	static uint64_t seed;
	pid_t pid;

	seed++;
	pid = fork();
	if (pid == 0)
		work(number, seed << 32);
	return pid;
}

static void start_keeper(void)
{
	memset(&common->keeper, 0, sizeof(common->keeper));
	slow = &common->keeper;
	keeper = slow_server_mount(KEPT, 0, PATIENT);
	slow = &common->slow;
}

/* Both end, and after a while others take their places. */
static void replace_servers(unsigned pause_ms)
{
	kill(server, SIGKILL);
	kill(keeper, SIGKILL);
	expect("the server's status", SIGKILL, status_of(server));
	expect("the other's status", SIGKILL, status_of(keeper));
	nap(pause_ms);
	server = slow_server_mount(PLACE, MS_REMOUNT | MS_RDONLY, "");
	slow = &common->keeper;
	keeper = slow_server_mount(KEPT, MS_REMOUNT, "");
	slow = &common->slow;
}

/* By reclaim, since the start of the machine. */
static unsigned long pages_dropped(void)
{
	struct faultline_reclaim reclaim = { 0 };

	syscall(SYS_faultline, FAULTLINE_RECLAIM, 0, &reclaim, sizeof(reclaim), 0);
	return reclaim.dropped;
}

/* A storm has to have some of everything. */
static void report(unsigned nkills, unsigned long ndropped)
{
	const struct slow_control *told = &common->slow;

	fprintf(stderr,
		"%lu pages checked, %lu times SIGBUS or EIO, %u kills, %lu pages reclaimed; of the server: %lu reads, %lu "
		"failed, %lu lost, %lu flushed, %u at once; %lu writes\n",
		common->pages, common->errors, nkills, ndropped, told->reads, told->failures,
		told->losses, told->flushes, told->most_held, common->keeper.writes);
	expect("many reads", true, told->reads > npages / 4);
	expect("some failed", true, told->failures > 0 && common->errors > 0);
	expect("many writes", true, common->keeper.writes > npages / 100);
	expect("some were given up", true, told->losses > 0 && told->flushes > 0);
	expect("some pages were reclaimed", true, ndropped > npages / 10);
}

static void storm(void)
{
	uint64_t chance = 7;
	unsigned long dropped = pages_dropped();
	unsigned nkills = 0;

	start(",timeout=1");
	start_keeper();
	common->pages = common->errors = common->over = 0;
	common->slow.fail_one_in = FAIL_ONE_IN;
	common->slow.lose_one_in = LOSE_ONE_IN;
	for (unsigned i = 0; i < WORKERS; i++)
		crowd[i] = start_worker(i);
	/* On a busy host memory may not be short yet when so many pages were checked. */
	while (common->wrong == 0 && (common->pages < npages || nkills < npages / KILL_EVERY ||
				      pages_dropped() - dropped <= npages / 10)) {
		unsigned i = draw_below(&chance, WORKERS);

		nap(5 + draw_below(&chance, 20));
		if (++nkills % SERVER_EVERY == 0) {
			replace_servers(draw_below(&chance, 20));
		}
		kill(crowd[i], SIGKILL);
		expect("a worker's status", SIGKILL, status_of(crowd[i]));
		crowd[i] = start_worker(i);
	}
	/* a server that is replaced before the time-out has nothing flushed: this one stays until then */
	UNTIL("a flush", common->wrong || common->slow.flushes);
	common->over = 1;
	for (unsigned i = 0; i < WORKERS; i++)
		expect("a worker's status", 0, status_of(crowd[i]));
	report(nkills, pages_dropped() - dropped);
	common->slow.lose_one_in = 0;
	/* what nobody waits for is too late, too */
	UNTIL("the last answer", !common->slow.held);
	UNTIL("the last user", umount(PLACE) == 0 || errno != EBUSY);
	expect("the server's status", 0, status_of(server));
	expect("late answers that have arrived", 0, (long)common->slow.landed);
	expect("umount of what is kept", 0, umount(KEPT));
	expect("its server's status", 0, status_of(keeper));
}

/* ---- everything ---- */

static void all(void)
{
	different_pages(false);
	different_pages(true);
	for (enum spread spread = SAME; spread <= ONE_RUN; spread++) {
		one_request(spread, false);
		one_request(spread, true);
	}
	another_server();
	if (npages)
		storm();
	expect("wrong pages", 0, common->wrong);
}

/* The nodes of the indexes of all files' pages: they come and go with the pages of the programs' files. */
static uint64_t index_nodes(void)
{
	FILE *file = fopen("/proc/slabinfo", "r");
	unsigned long n = 0;
	char line[256];

	expect("/proc/slabinfo", true, file != NULL);
	while (file && fgets(line, sizeof(line), file) && sscanf(line, "radix_node %lu", &n) != 1)
		;
	if (file)
		fclose(file);
	return n;
}

static uint64_t nodes; /* as the books were read last */

/* With nothing in swap, if there is a disk for it. Index nodes are counted apart. */
static bool read_books(struct faultline_ledger *ret)
{
	bool has_swap = swapoff(DISK) == 0;

	if (has_swap && swapon(DISK, 0) != 0)
		expect("swapon", 0, errno);
	do { /* what is closed in the background takes nodes with it */
		nodes = index_nodes();
		if (syscall(SYS_faultline, FAULTLINE_LEDGER, 0, ret, sizeof(*ret), 0) != 1)
			return false;
	} while (nodes != index_nodes());
	ret->slab_objects -= nodes;
	return true;
}

/* Frames that nobody has, but the programs' files: of these, other pages are mapped after a storm. */
static long left(const struct faultline_ledger *ledger)
{
	return (long)(ledger->free + ledger->slabs + ledger->object);
}

static void nothing_is_left(void)
{
	struct books books = { .read = read_books, .frames = left };

	if (!leaves_nothing(&books, all))
		return;
	expect("pages of files", true, books.after.object < books.before.object + PROGRAM_PAGES);
	expect("index nodes", true, nodes >= 1 && nodes < INDEX_NODES);
}

int main(int argc, char **argv)
{
	if (argc != 3)
		return 2;
	ncrowd = (unsigned)strtoul(argv[1], NULL, 10);
	npages = strtoul(argv[2], NULL, 10);
	setvbuf(stdout, NULL, _IOLBF, 0);
	signal(SIGBUS, on_bus);
	mkdir(PLACE, 0755);
	mkdir(KEPT, 0755);
	common = mmap(NULL, sizeof(*common), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1,
		      0);
	if (common == MAP_FAILED || ncrowd > CROWD_MAX)
		return 1;
	slow = &common->slow;
	all();
	nothing_is_left();
	if (nwrong == 0)
		puts("faults: ok");
	return nwrong != 0;
}
