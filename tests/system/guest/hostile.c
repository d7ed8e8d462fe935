/* SPDX-License-Identifier: MIT */
/* Hostile programs: whatever they ask for, the kernel goes on, and all that they had is freed. */

/*
 * hostile seeds FIRST [COUNT [STEPS]]: for each seed a few children do random calls and acts, STEPS
 * each, and end. Who waits for ever is signalled, then killed. After each seed nobody may be left,
 * and memory and descriptors must be what they were. Then it tells what was called how often. The
 * same seed makes the same calls, but not at the same times. The hardened kernel judges itself.
 */

#include "hostile.h"
#include "until.h"

#include <limits.h>
#include <sys/msg.h>
#include <sys/sem.h>
#include <sys/shm.h>

#define STEPS	    150
#define TICK_MS	    2
#define POKE_TICKS  8  /* without any progress: a signal */
#define KILL_TICKS  20 /* the end */
#define DESCRIPTORS 64
#define SITES_MAX   256

pid_t supervisor;
unsigned me;

static char self_path[256];
static pid_t children[CHILDREN];
static unsigned wrong;

/* ---- a child ---- */

/* A descriptor of each kind. */
static void open_some(void)
{
	int ends[2];

	open("a", O_RDWR | O_CREAT, 0755);
	open("/hostile/text", O_RDONLY);
	open(".", O_RDONLY | O_DIRECTORY);
	pipe2(ends, O_NONBLOCK);
	pipe2(ends, 0);
	open("/dev/console", O_RDONLY | O_NONBLOCK);
	open("/dev/zero", O_RDWR);
	open("b", O_PATH | O_CREAT, 0644);
	memfd_create("sealed", MFD_ALLOW_SEALING);
}

static void begin(uint64_t seed)
{
	char name[32];

	chance_begin(seed * CHILDREN + me);
	setsid();
	snprintf(name, sizeof(name), "/hostile/%u", me);
	mkdir(name, 0755);
	if (chdir(name) != 0)
		_exit(0);
	for (int fd = 0; fd < 8; fd++)
		close(fd);
	for (int fd = 0; fd < 3; fd++)
		open("/dev/null", O_RDWR);
	open_some();
	make_region();
	handlers_begin();
}

static _Noreturn void be_hostile(uint64_t seed, unsigned steps)
{
	const struct itimerval often = { { 0, 7000 }, { 0, 7000 } };

	begin(seed);
	/* Half of them are another user's. */
	if (seed % 2 && (setresgid(1000, 1000, 1000) || setresuid(1000, 1000, 1000)))
		_exit(1);
	setitimer(ITIMER_REAL, &often, NULL);
	for (steps_left = steps; steps_left; steps_left--) {
		count(STEPS_BEGUN);
		count(PROGRESS + me);
		if (ONE_IN(12))
			random_act();
		else
			random_call();
		if (!steps_left)
			break;
	}
	_exit(0);
}

/* ---- the judge ---- */

/* A child that jumped somewhere may come here, too. */
static void only_judge(void)
{
	if (getpid() != supervisor)
		_exit(0);
}

static void kill_all(void)
{
	only_judge();
	kill(-1, SIGKILL);
}

struct books {
	uint64_t memory, objects, tables, stacks;
	uint64_t anonymous, file;
	uint64_t descriptors;
	uint64_t processes;
	/* What is told of a difference: what /proc/slabinfo says, and the heap by the places in the kernel's sources. */
	char slabs[8192];
	struct faultline_site sites[SITES_MAX];
};

static struct books before, after; /* each seed */

/* Which there are, but for process 1 and this. */
static void tell_processes(void)
{
	static struct faultline_process one;

	one.pid = 0;
	while (syscall(SYS_faultline, FAULTLINE_PROCESSES, one.pid, &one, sizeof(one), 0) == 1)
		if (one.pid > 1 && one.pid != supervisor)
			say("# left: %s[%d], child of %d, state %u\n", one.name, one.pid,
			    one.parent, one.state);
}

/* Orphans are buried by process 1. Who is left though it was killed sleeps: that is found afterwards. */
static void wait_for_peace(void)
{
	UNTIL("the end of all", only_caller_runs(UINT_MAX));
}

static uint64_t descriptors(void)
{
	uint64_t open = 0;

	for (int fd = 0; fd < DESCRIPTORS; fd++)
		open |= (uint64_t)(fcntl(fd, F_GETFD) >= 0) << fd;
	return open;
}

static void read_heap(struct books *ret)
{
	int fd = open("/proc/slabinfo", O_RDONLY);
	ssize_t n, all = 0;

	while ((n = read(fd, ret->slabs + all, sizeof(ret->slabs) - 1 - (size_t)all)) > 0)
		all += n;
	ret->slabs[all] = '\0';
	close(fd);
	syscall(SYS_faultline, FAULTLINE_SITES, 0, ret->sites, sizeof(ret->sites), 0);
}

/* (Frames of slabs are free or not as objects happen to lie in them.) */
static void look(struct books *ret)
{
	static struct faultline_ledger ledger;
	static struct faultline_frames frames;

	memset(ret, 0, sizeof(*ret));
	ret->descriptors = descriptors();
	ret->processes = count_processes();
	only_judge();
	if (syscall(SYS_faultline, FAULTLINE_LEDGER, 0, &ledger, sizeof(ledger), 0) == 1) {
		ret->memory = ledger.free + ledger.slabs;
		ret->objects = ledger.slab_objects;
		ret->tables = ledger.tables;
		ret->stacks = ledger.stacks;
		ret->anonymous = ledger.anonymous;
		ret->file = ledger.object;
		wrong += ledger.errors != 0;
	} else if (syscall(SYS_faultline, FAULTLINE_FRAMES, 0, &frames, sizeof(frames), 0) == 1) {
		/* what comes from the archive is given back now and then */
		ret->memory = frames.free + frames.slabs + frames.object;
		ret->tables = frames.tables;
		ret->anonymous = frames.anonymous;
	}
}

/* The release kernel tells less, and keeps frames of kernel stacks for speed. */
#define KEPT_MAX 256

static bool is_same(const struct books *a, const struct books *b)
{
	long lost = (long)(a->memory - b->memory), most = a->objects ? 0 : KEPT_MAX;

	return a->objects == b->objects && a->tables == b->tables && a->stacks == b->stacks &&
	       a->anonymous == b->anonymous && a->file == b->file &&
	       a->descriptors == b->descriptors && a->processes == b->processes && lost >= -most &&
	       lost <= most;
}

static size_t length_of_line(const char *text)
{
	size_t n = strcspn(text, "\n");

	return text[n] ? n + 1 : n;
}

/* The caches are always in the same order; new ones come last. */
static void tell_slabs(void)
{
	const char *was = before.slabs, *is = after.slabs;

	while (*is) {
		int nwas = (int)length_of_line(was), nis = (int)length_of_line(is);

		if (nwas != nis || memcmp(was, is, (size_t)nis) != 0)
			say("# was %.*s# is  %.*s", nwas, was, nis, is);
		was += nwas;
		is += nis;
	}
}

/* The places are always in the same order, too. */
static void tell_sites(void)
{
	for (unsigned i = 0; i < SITES_MAX; i++)
		if (after.sites[i].blocks != before.sites[i].blocks)
			say("# was %u blocks of %s:%u, is %u\n", before.sites[i].blocks,
			    after.sites[i].file, after.sites[i].line, after.sites[i].blocks);
}

static void tell_difference(uint64_t seed)
{
	say("# seed %lu: free %ld, slab objects %ld, tables %ld, stacks %ld, private %ld, of files %ld, "
	    "processes %ld, descriptors %#lx\n",
	    (unsigned long)seed, (long)(after.memory - before.memory),
	    (long)(after.objects - before.objects), (long)(after.tables - before.tables),
	    (long)(after.stacks - before.stacks), (long)(after.anonymous - before.anonymous),
	    (long)(after.file - before.file), (long)(after.processes - before.processes),
	    (unsigned long)(after.descriptors ^ before.descriptors));
	tell_slabs();
	tell_sites();
	tell_processes();
	kill_all();
	wrong++;
}

static void compare(uint64_t seed)
{
	look(&after);
	if (is_same(&before, &after))
		return;
	read_heap(&after);
	tell_difference(seed);
}

static unsigned bury(void)
{
	unsigned left = 0;
	pid_t pid;

	while ((pid = waitpid(-1, NULL, WNOHANG | __WALL)) > 0)
		for (unsigned i = 0; i < CHILDREN; i++)
			children[i] = children[i] == pid ? 0 : children[i];
	for (unsigned i = 0; i < CHILDREN; i++)
		left += children[i] != 0;
	return left;
}

/* Waits for the children; who makes no progress is signalled, and then killed. */
static void watch(void)
{
	uint64_t seen[CHILDREN] = { 0 };
	unsigned idle[CHILDREN] = { 0 };

	while (bury()) {
		nap(TICK_MS);
		for (unsigned i = 0; i < CHILDREN; i++) {
			uint64_t now = counted(PROGRESS + i);

			idle[i] = now == seen[i] ? idle[i] + 1 : 0;
			seen[i] = now;
			if (!children[i] || idle[i] < POKE_TICKS)
				continue;
			kill(children[i], SIGCONT);
			kill(children[i], idle[i] < KILL_TICKS ? SIGALRM : SIGKILL);
		}
	}
}

/* Queues of both kinds, segments and semaphores outlive who made them. */
static void remove_ipc(void)
{
	struct shmid_ds segment;
	struct semid_ds semaphores;
	struct msqid_ds queue;
	long last;

	last = syscall(SYS_shmctl, 0, SHM_INFO, &segment);
	for (long i = 0; i <= last; i++)
		syscall(SYS_shmctl, syscall(SYS_shmctl, i, SHM_STAT, &segment), IPC_RMID, NULL);
	last = syscall(SYS_semctl, 0, 0, SEM_INFO, &semaphores);
	for (long i = 0; i <= last; i++)
		syscall(SYS_semctl, syscall(SYS_semctl, i, 0, SEM_STAT, &semaphores), 0, IPC_RMID);
	last = syscall(SYS_msgctl, 0, MSG_INFO, &queue);
	for (long i = 0; i <= last; i++)
		syscall(SYS_msgctl, syscall(SYS_msgctl, i, MSG_STAT, &queue), IPC_RMID, NULL);
	remove_queues();
}

/* An image, and a file that is none. */
static void make_files(void)
{
	int fd = open("/hostile/text", O_CREAT | O_WRONLY, 0755);

	if (write(fd, "no image", 8) != 8 || link(self_path, "/hostile/self") != 0)
		exit(3);
	close(fd);
}

static void one_round(uint64_t seed, unsigned steps)
{
	make_files();
	sockets_begin();
	for (me = 0; me < CHILDREN; me++) {
		children[me] = fork();
		if (children[me] == 0)
			be_hostile(seed, steps);
		if (children[me] < 0)
			children[me] = 0;
	}
	watch();
	kill_all();
	while (waitpid(-1, NULL, __WALL) > 0)
		;
	wait_for_peace();
	remove_ipc();
	tree_clean(); /* with the mounts that are left */
}

/*
 * The pages of an image come from the archive when they are used: by code, by reports of deaths, by
 * programs that map them. They go back when nobody maps them any more, or by reclaim. Here they stay.
 */
static void lock_image(const char *path)
{
	int fd = open(path, O_RDONLY);
	struct stat st;

	if (fstat(fd, &st) != 0 || mmap(NULL, (size_t)st.st_size, PROT_READ,
					MAP_PRIVATE | MAP_LOCKED, fd, 0) == MAP_FAILED)
		exit(3);
	close(fd);
}

/* As deep as it will ever be. */
static void touch_stack(void)
{
	volatile char deep[128 << 10];

	for (size_t i = 0; i < sizeof(deep); i += PAGE)
		deep[i] = 0;
}

static void make_ready(void)
{
	touch_stack();
	/* All pages of its own are there from now on: which of them a round needs is a matter of chance. */
	if (mlockall(MCL_CURRENT) != 0 || munlockall() != 0)
		exit(3);
	supervisor = getpid();
	setpgid(0, 0);
	if (readlink("/proc/self/exe", self_path, sizeof(self_path) - 1) < 0 ||
	    mkdir("/hostile", 0755) != 0)
		exit(3);
	unlink("/srv/socket"); /* see sockets_begin() */
	tree_remember();
	ipc_make_ready();
	wrong += names_of_output();
	lock_image(self_path);
	lock_image("/proc/1/exe");
	if (access("/bin/sockd", X_OK) == 0)
		lock_image("/bin/sockd");
	counters_begin();
}

static void tell(uint64_t first, uint64_t n)
{
	tell_calls();
	tell_acts();
	say("seeds %lu to %lu: %lu steps, %lu forks, %lu handlers, %lu frames made by hand were good\n",
	    (unsigned long)first, (unsigned long)(first + n - 1),
	    (unsigned long)counted(STEPS_BEGUN), (unsigned long)counted(PROCESSES),
	    (unsigned long)counted(HANDLERS), (unsigned long)counted(RESUMED));
}

/* What a random execve starts has no such argument, and ends at once. */
int main(int argc, char **argv)
{
	uint64_t first, n;
	unsigned steps;

	if (argc < 3 || strcmp(argv[1], "seeds") != 0)
		return 0;
	first = strtoull(argv[2], NULL, 0);
	n = argc > 3 ? strtoull(argv[3], NULL, 0) : 1;
	steps = argc > 4 ? (unsigned)strtoul(argv[4], NULL, 0) : STEPS;
	make_ready();
	one_round(first, steps); /* what is there for good is there now */
	for (uint64_t seed = first; seed < first + n; seed++) {
		look(&before);
		read_heap(&before);
		one_round(seed, steps);
		compare(seed);
	}
	wrong += impossible_counters();
	tell(first, n);
	return wrong != 0;
}
