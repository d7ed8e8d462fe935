/* SPDX-License-Identifier: MIT */
/* Each call with each argument bad in each way, and with each two.
 *
 * errnos GROUP [each]: a line for each argument, with what the call answers to each of its bad values. With two
 * bad arguments the errno has to be one of the two. In the hardened kernel the ledger has to agree after
 * each argument, and each two, have been bad in all their ways; with `each`, after each call.
 * errnos calls: says which calls have no row. Where something is wrong, the status is NOT_RECORDED: no recording can
 * make it right. */
#include "errnos.h"

#include <limits.h>
#include <sys/vfs.h>
#include <sys/wait.h>
#include <linux/magic.h>

#include "abi/faultline.h"
#include "../../system/guest/until.h"

#define ROUNDS	 5
#define MOST_BAD 32

char long_path[2 * PAGE], long_name[300];

static const struct row *now; /* whose calls are made */
static bool judges;	      /* the table says what is right, and only what is wrong is told */
static bool quiet;	      /* only the ledger counts */
static bool each;	      /* the ledger is asked after each call */
static int lowest_free;
static long *child_result;
static bool is_wrong;

/* Says what must be nowhere, on no kernel. */
#define WRONG(...)                \
	do {                      \
		is_wrong = true;  \
		say(__VA_ARGS__); \
	} while (0)

/* ---- the ledger ---- */

static uint64_t known_errors;

static bool read_ledger(struct faultline_ledger *ret)
{
	*ret = (struct faultline_ledger){ 0 };
	return syscall(SYS_faultline, FAULTLINE_LEDGER, 0, ret, sizeof(*ret), 0) == 1;
}

#define MOST_SITES 1000

/* What the ledger has of memory; of the kernel's heap by the places in its sources that have asked for it. */
struct books {
	struct faultline_ledger ledger;
	struct faultline_site sites[MOST_SITES];
	long nsites;
};

/* Returns whether the kernel has a ledger. */
static bool read_books(struct books *ret)
{
	ret->nsites = 0;
	if (!read_ledger(&ret->ledger))
		return false;
	ret->nsites = syscall(SYS_faultline, FAULTLINE_SITES, 0, ret->sites, sizeof(ret->sites), 0);
	return true;
}

/* Says so if the ledger has found more than before. Returns true if it has not. */
static bool ledger_agrees(const char *after)
{
	struct faultline_ledger ledger;
	uint64_t known = known_errors;

	if (!read_ledger(&ledger))
		return true;
	known_errors = ledger.errors;
	if (ledger.errors > known)
		WRONG("%s: after %s the ledger has %lu errors more\n", now->name, after,
		      (unsigned long)(ledger.errors - known));
	return ledger.errors <= known;
}

/* ---- one call ---- */

static long raw(long number, const word *arg)
{
	register word a0 asm("a0") = arg[0];
	register word a1 asm("a1") = arg[1];
	register word a2 asm("a2") = arg[2];
	register word a3 asm("a3") = arg[3];
	register word a4 asm("a4") = arg[4];
	register word a5 asm("a5") = arg[5];
	register word a6 asm("a6") = arg[6];
	register long a7 asm("a7") = number;

	asm volatile("ecall"
		     : "+r"(a0), "+r"(a1), "+r"(a2), "+r"(a3), "+r"(a4), "+r"(a5), "+r"(a6)
		     : "r"(a7)
		     : "memory");
	return (long)a0;
}

static bool is_error(long result)
{
	return result < 0 && result > -4096;
}

/* A child that exec has replaced leaves 0. Its own child, if the call makes one, ends at once. */
static long in_a_child(long number, const word *arg)
{
	pid_t pid;

	*child_result = 0;
	pid = fork();
	if (pid == 0) {
		long result;

		if (now->how & USER && (syscall(SYS_setgroups, 0, NULL) ||
					setresgid(1000, 1000, 1000) || setresuid(1000, 1000, 1000)))
			_exit(0);
		result = raw(number, arg);

		if ((number == SYS_clone || number == SYS_clone3) && result == 0)
			_exit(0);
		*child_result = result;
		while (wait(NULL) > 0)
			continue;
		_exit(0);
	}
	while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
		continue;
	return *child_result;
}

/* Positions are what they were, and descriptors are where they were: none stays open, or set aside. */
static void check_descriptors(const char *after)
{
	int fd = dup(FD_RW);

	close(fd);
	if (fd != lowest_free && !quiet)
		WRONG("%s: after %s the lowest free descriptor is %d, not %d\n", now->name, after,
		      fd, lowest_free);
	lowest_free = fd; /* each change is told once */
	for (int place = FD_RW; place <= FD_DIR; place++)
		lseek(place, 0, SEEK_SET);
}

/* Makes the call with value a of argument i and value b of argument j, if they are not negative. */
static long make(int i, const struct bad *a, int j, const struct bad *b, const char *what)
{
	word arg[ARGS];
	long result;

	memset((void *)LAST, 0, PAGE);
	memcpy(arg, now->right, sizeof(arg));
	if (now->before)
		now->before(arg);
	if (i >= 0)
		arg[i] = a->value;
	if (j >= 0)
		arg[j] = b->value;
	if (now->call)
		result = now->call(arg);
	else
		result = now->how & FORKS ? in_a_child(now->number, arg) : raw(now->number, arg);
	if (!is_error(result)) {
		if (now->how & OPENS)
			close((int)result);
		if (now->after)
			now->after(arg, result);
	}
	check_descriptors(what);
	return result;
}

/* ---- results ---- */

static const char *text_of(long result, char *buf, size_t size)
{
	if (is_error(result) && strerrorname_np((int)-result))
		snprintf(buf, size, "%s", strerrorname_np((int)-result));
	else if (now->how & (HIDES | FORKS))
		snprintf(buf, size, "ok");
	else
		snprintf(buf, size, "%ld", result);
	return buf;
}

static long single[ARGS][MOST_BAD];

/* What the name of a bad value says that the call has to answer. */
static void judge(const char *name, const char *expected, long result)
{
	char text[40];

	text_of(result, text, sizeof(text));
	if (strcmp(expected, text) != 0)
		WRONG("%s: %s, but it is %s\n", now->name, name, text);
}

static void judge_single(int i)
{
	char name[60];

	for (unsigned n = 0; now->bad[i][n].name; n++) {
		const char *expected = strstr(now->bad[i][n].name, ": ");

		snprintf(name, sizeof(name), "%d %s", i + 1, now->bad[i][n].name);
		judge(name, expected ? expected + 2 : "", single[i][n]);
	}
}

static void tell_single(int i)
{
	char line[1000], text[40];
	int at = snprintf(line, sizeof(line), "%s %d:", now->name, i + 1);

	for (unsigned n = 0; now->bad[i][n].name; n++)
		at += snprintf(line + at, sizeof(line) - (size_t)at, "%s %s %s", n ? "," : "",
			       now->bad[i][n].name, text_of(single[i][n], text, sizeof(text)));
	say("%s\n", line);
}

static void try_right(void)
{
	char text[40];
	long result;

	if (now->how & BLOCKS)
		return;
	result = make(-1, NULL, -1, NULL, "the right call");
	if (judges)
		judge("the right call", now->answer, result);
	else if (!quiet)
		say("%s: %s\n", now->name, text_of(result, text, sizeof(text)));
	ledger_agrees("the right call");
}

static void try_single(int i, int j)
{
	char what[60];

	(void)j;
	for (unsigned n = 0; now->bad[i][n].name; n++) {
		snprintf(what, sizeof(what), "%d %s", i + 1, now->bad[i][n].name);
		single[i][n] = make(i, &now->bad[i][n], -1, NULL, what);
		if (each)
			ledger_agrees(what);
	}
	if (judges)
		judge_single(i);
	else if (!quiet)
		tell_single(i);
}

static bool is_exception(const char *first, const char *second, long result)
{
	const struct pair_exception *e = now->exceptions;

	for (; e && e->first; e++)
		if (strcmp(e->first, first) == 0 && strcmp(e->second, second) == 0 &&
		    result == -e->error)
			return true;
	return false;
}

/* An errno is that of one of the two. The call may succeed if one of the two alone is no error. */
static bool is_of_two(long result, long a, long b)
{
	if (!is_error(result))
		return !is_error(a) || !is_error(b);
	return result == a || result == b;
}

static void try_pair(int i, unsigned m, int j, unsigned n)
{
	const struct bad *a = &now->bad[i][m], *b = &now->bad[j][n];
	char first[50], second[50], what[110], text[3][40];
	long result;

	snprintf(first, sizeof(first), "%d %s", i + 1, a->name);
	snprintf(second, sizeof(second), "%d %s", j + 1, b->name);
	snprintf(what, sizeof(what), "%s and %s", first, second);
	result = make(i, a, j, b, what);
	if (each)
		ledger_agrees(what);
	if (quiet || is_of_two(result, single[i][m], single[j][n]) ||
	    is_exception(first, second, result))
		return;
	WRONG("%s: %s: %s, not %s or %s\n", now->name, what,
	      text_of(result, text[0], sizeof(text[0])),
	      text_of(single[i][m], text[1], sizeof(text[1])),
	      text_of(single[j][n], text[2], sizeof(text[2])));
}

static void try_pairs(int i, int j)
{
	for (unsigned m = 0; now->bad[i][m].name; m++)
		for (unsigned n = 0; now->bad[j][n].name; n++)
			try_pair(i, m, j, n);
}

/* If the ledger disagrees then, all is done again with a look after each call, to name the one. */
static void with_ledger(void (*try)(int, int), int i, int j, const char *what)
{
	const bool was_quiet = quiet;

	try(i, j);
	if (each || ledger_agrees(what))
		return;
	each = quiet = true;
	try(i, j);
	each = false;
	quiet = was_quiet;
}

static void try_all(void)
{
	char what[50];

	try_right();
	for (int i = 0; i < ARGS; i++) {
		snprintf(what, sizeof(what), "argument %d", i + 1);
		if (now->bad[i])
			with_ledger(try_single, i, i, what);
	}
	for (int i = 0; i < ARGS; i++) {
		for (int j = i + 1; now->bad[i] && j < ARGS; j++) {
			snprintf(what, sizeof(what), "arguments %d and %d", i + 1, j + 1);
			if (now->bad[j])
				with_ledger(try_pairs, i, j, what);
		}
	}
}

/* ---- rows ---- */

static pid_t child;

pid_t ended_child(void)
{
	siginfo_t info;

	if (child && waitid(P_PID, (id_t)child, &info, WEXITED | WNOWAIT) == 0)
		return child;
	child = fork();
	if (child == 0)
		_exit(7);
	waitid(P_PID, (id_t)child, &info, WEXITED | WNOWAIT);
	return child;
}

static void clear(const struct group *group)
{
	if (child)
		waitpid(child, NULL, 0);
	child = 0;
	if (group->clear)
		group->clear();
}

static void find_lowest_free(void)
{
	lowest_free = dup(FD_RW);
	close(lowest_free);
}

/* All descriptors but FD_CLOSED are open, or only the usual ones again. */
static void crowd(bool full)
{
	static bool is_filler[4096];
	int fd;

	while (full && (fd = dup(FD_RW)) >= 0)
		is_filler[fd] = true;
	for (fd = 0; fd < (int)sizeof(is_filler); fd++) {
		if (is_filler[fd] && (!full || fd == FD_CLOSED)) {
			close(fd);
			is_filler[fd] = false;
		}
	}
	find_lowest_free();
}

/* How many blocks of a site there were; they are in the order of their first use. */
static uint32_t blocks_of(const struct books *books, long site)
{
	return site < books->nsites ? books->sites[site].blocks : 0;
}

static bool same_sites(const struct books *a, const struct books *b)
{
	for (long i = 0; i < b->nsites; i++)
		if (blocks_of(a, i) != blocks_of(b, i))
			return false;
	return true;
}

static bool same_books(const struct books *a, const struct books *b)
{
	return a->ledger.slab_objects == b->ledger.slab_objects &&
	       a->ledger.tables == b->ledger.tables && a->ledger.object == b->ledger.object &&
	       a->ledger.stacks == b->ledger.stacks && same_sites(a, b);
}

static void warm_up(const struct group *group)
{
	if (!(now->how & BLOCKS))
		make(-1, NULL, -1, NULL, "the right call");
	clear(group);
}

static bool on_server(void)
{
	struct statfs st;

	return statfs(".", &st) == 0 && st.f_type == V9FS_MAGIC;
}

/* Has something gone that was there before? A server still had to answer it then. */
static bool less_books(const struct books *before, const struct books *after)
{
	const struct faultline_ledger *a = &before->ledger, *b = &after->ledger;

	for (long i = 0; i < before->nsites; i++)
		if (after->sites[i].blocks < before->sites[i].blocks)
			return true;
	return b->slab_objects < a->slab_objects || b->tables < a->tables ||
	       b->object < a->object || b->stacks < a->stacks;
}

/*
 * What a process had goes in the background, and so do closed files of a server. These may wait for the
 * host, which no process shows: then the last rounds wait until there is not more than before.
 */
static void settle(const struct books *before, struct books *after, bool is_last)
{
	UNTIL("the end of all", only_caller_runs(UINT_MAX));
	read_books(after);
	while (is_last && on_server() && !same_books(before, after) && !less_books(before, after)) {
		nap(10);
		read_books(after);
	}
}

static void tell_difference(const struct books *before, const struct books *after)
{
	const struct faultline_ledger *a = &before->ledger, *b = &after->ledger;

	WRONG("%s: there were %lu objects, %lu tables, %lu pages of files, %lu stacks; now %lu, %lu, %lu, %lu\n",
	      now->name, (unsigned long)a->slab_objects, (unsigned long)a->tables,
	      (unsigned long)a->object, (unsigned long)a->stacks, (unsigned long)b->slab_objects,
	      (unsigned long)b->tables, (unsigned long)b->object, (unsigned long)b->stacks);
	for (long i = 0; i < after->nsites; i++)
		if (blocks_of(before, i) != after->sites[i].blocks)
			WRONG("%s: there were %u blocks of %s:%u; now %u\n", now->name,
			      blocks_of(before, i), after->sites[i].file, after->sites[i].line,
			      after->sites[i].blocks);
}

/*
 * What is allocated at the end of a row must be what was at its beginning, or the next time: a first
 * use may make what stays, and also that of a server, which runs meanwhile.
 */
static void run_rounds(const struct group *group, const struct row *row)
{
	static struct books before, after;
	bool has_ledger;

	for (int round = 0; round < ROUNDS || less_books(&before, &after); round++) {
		now = row;
		quiet = round > 0;
		if (round == 0)
			warm_up(group);
		has_ledger = read_books(&before);
		try_all();
		clear(group);
		if (has_ledger)
			settle(&before, &after, round + 1 >= ROUNDS);
		if (!has_ledger || same_books(&before, &after))
			return;
	}
	tell_difference(&before, &after);
}

static void run_row(const struct group *group, const struct row *row)
{
	crowd((row->how & CROWDED) != 0);
	run_rounds(group, row);
	crowd(false);
}

/* ---- what the arguments refer to ---- */

static void map_at(word at, size_t npages, int prot, int how)
{
	if (mmap((void *)at, npages * PAGE, prot, how | MAP_FIXED | MAP_ANONYMOUS, -1, 0) !=
	    (void *)at) {
		say("cannot map %#lx: %s\n", (unsigned long)at, strerrorname_np(errno));
		exit(98);
	}
}

static void make_memory(void)
{
	map_at(DATA, 4, RW, MAP_PRIVATE);
	map_at(READONLY, 4, PROT_READ, MAP_PRIVATE);
	map_at(NOACCESS, 4, PROT_NONE, MAP_PRIVATE);
	map_at(LAST, 1, RW, MAP_PRIVATE);
	map_at(ENDLESS, 1, RW, MAP_PRIVATE);
	map_at(SHARED, 1, RW, MAP_SHARED);
	memset((void *)DATA, 0, 4 * PAGE);
	memset((void *)ENDLESS, 'x', PAGE);
	memset(long_path, '/', sizeof(long_path) - 1);
	memset(long_name, 'n', sizeof(long_name) - 1);
	child_result = mmap(NULL, PAGE, RW, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
}

static void place(int fd, int at)
{
	if (fd < 0 || dup2(fd, at) != at || close(fd) != 0) {
		say("cannot open descriptor %d: %s\n", at, strerrorname_np(errno));
		exit(97);
	}
}

static void make_descriptors(void)
{
	int ends[2];

	place(open("file", O_RDWR), FD_RW);
	place(open("file", O_RDONLY), FD_RDONLY);
	place(open("file", O_WRONLY), FD_WRONLY);
	place(open("full", O_RDONLY), FD_DIR);
	place(open("file", O_PATH), FD_PATH);
	pipe2(ends, O_NONBLOCK);
	place(ends[0], FD_IN);
	place(ends[1], FD_OUT);
	pipe(ends);
	close(ends[0]);
	place(ends[1], FD_BROKEN);
	place(memfd_create("m", MFD_ALLOW_SEALING), FD_MEMFD);
	place(memfd_create("s", MFD_ALLOW_SEALING), FD_SEALED);
	fcntl(FD_SEALED, F_ADD_SEALS, F_SEAL_SEAL | F_SEAL_WRITE);
	place(open(".", O_RDONLY), FD_HERE);
}

static void make_files(void)
{
	make_file("file", 2 * PAGE);
	chmod("file", 0644);
	mkdir("dir", 0755);
	mkdir("full", 0755);
	make_file("full/x", 10);
	if (symlink("loop", "loop") != 0 || symlink("file", "link") != 0)
		exit(96);
}

/* ---- groups ---- */

static const struct group *const groups[] = { &files_group,	&names_group,	&memory_group,
					      &processes_group, &signals_group, &terminal_group,
					      &events_group,	&uio_group,	&ipc_group,
					      &sysv_group,	&mqueue_group,	&refused_group,
					      &absent_group };

#define GROUPS (sizeof(groups) / sizeof(groups[0]))

static bool run_group(const char *name)
{
	for (unsigned i = 0; i < GROUPS; i++) {
		if (strcmp(groups[i]->name, name) != 0)
			continue;
		make_files();
		make_memory();
		make_descriptors();
		judges = groups[i]->judges;
		if (groups[i]->set_up)
			groups[i]->set_up();
		for (size_t n = 0; n < groups[i]->count; n++)
			run_row(groups[i], &groups[i]->rows[n]);
		if (groups[i]->tear_down)
			groups[i]->tear_down();
		if (judges)
			say("errnos: all tried\n");
		return true;
	}
	return false;
}

/* ---- are these all calls? ---- */

static const struct {
	const char *name;
	long number;
} calls[] = {
#define SYSCALL(name) { #name, SYS_##name },
#include "linux/sys/syscalls.def"
#undef SYSCALL
};

/* No argument is an error to these, if they have any. */
static const long never_fail[] = {
	SYS_brk,	 SYS_exit,	   SYS_exit_group, SYS_getpid,
	SYS_getppid,	 SYS_gettid,	   SYS_setsid,	   SYS_getuid,
	SYS_geteuid,	 SYS_getgid,	   SYS_getegid,	   SYS_set_tid_address,
	SYS_sched_yield, SYS_umask,	   SYS_sync,	   SYS_restart_syscall,
	SYS_munlockall,	 SYS_rt_sigreturn, SYS_vhangup
};

static bool has_row(long number)
{
	for (unsigned i = 0; i < sizeof(never_fail) / sizeof(never_fail[0]); i++)
		if (never_fail[i] == number)
			return true;
	for (unsigned i = 0; i < GROUPS; i++)
		for (size_t n = 0; n < groups[i]->count; n++)
			if (groups[i]->rows[n].number == number)
				return true;
	return false;
}

static void look_for_calls(void)
{
	for (unsigned i = 0; i < sizeof(calls) / sizeof(calls[0]); i++)
		if (!has_row(calls[i].number))
			WRONG("%s has no row\n", calls[i].name);
	say("all calls have been looked for\n");
}

int main(int argc, char **argv)
{
	const char *what = argc > 1 ? argv[1] : "";

	if (strcmp(what, "exit") == 0)
		return 0;
	signal(SIGPIPE, SIG_IGN);
	each = argc > 2 && strcmp(argv[2], "each") == 0;
	if (strcmp(what, "calls") == 0) {
		look_for_calls();
	} else if (!run_group(what)) {
		say("no such group\n");
		return 2;
	}
	return is_wrong ? NOT_RECORDED : 0;
}
