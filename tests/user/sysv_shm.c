/* SPDX-License-Identifier: MIT */
/* System V shared memory: keys and identifiers, attaching and detaching, who may, and what is counted. */
#include "sysv.h"

#include <sys/ipc.h>
#include <sys/shm.h>

#ifndef SHM_STAT_ANY
#define SHM_STAT_ANY 15
#endif

#define KEY	0x46411000
#define NO_SHM	((char *)-1)
#define FIXED	((char *)0x2000000000)
#define SOMEONE 1000

static long attached(int id)
{
	struct shmid_ds ds;

	return shmctl(id, IPC_STAT, &ds) ? -errno : (long)ds.shm_nattch;
}

/* Attaches, and says how that went: at the address asked for, elsewhere or not at all. */
static char *attach(const char *what, int id, const void *at, int flags)
{
	char *p = shmat(id, at, flags);

	say("shmat, %s: %s\n", what,
	    p == NO_SHM ? strerrorname_np(errno)
	    : at	? p == at ? "there" : "elsewhere"
			: "attached");
	return p;
}

static void tell(const char *what, int id)
{
	struct shmid_ds ds;

	if (shmctl(id, IPC_STAT, &ds) != 0) {
		say("%s: %s\n", what, strerrorname_np(errno));
		return;
	}
	say("%s: key %x mode %o size %zu attached %lu, owner %u %u, creator %u %u\n", what,
	    ds.shm_perm.__key, ds.shm_perm.mode, ds.shm_segsz, (unsigned long)ds.shm_nattch,
	    ds.shm_perm.uid, ds.shm_perm.gid, ds.shm_perm.cuid, ds.shm_perm.cgid);
	say("  by %s, last %s; times %d %d %d\n", ds.shm_cpid == getpid() ? "us" : "others",
	    ds.shm_lpid == getpid() ? "us"
	    : ds.shm_lpid	    ? "others"
				    : "nobody",
	    ds.shm_atime != 0, ds.shm_dtime != 0, ds.shm_ctime != 0);
}

/* A segment is found by its key if it has at least as many bytes as asked for; 0 asks for none. */
static void keys(void)
{
	int id, other;

	TRY(shmget(KEY, PAGE, 0600));
	TRY(shmget(KEY, 0, IPC_CREAT | 0600));
	TRY(shmget(KEY, -1ul, IPC_CREAT | 0600));
	TRY(shmget(KEY, SIZE_MAX - (1ul << 24), IPC_CREAT | 0600));
	TRY(shmget(KEY, 1ul << 63, IPC_CREAT | 0600));
	id = shmget(KEY, 2 * PAGE + 1, IPC_CREAT | IPC_EXCL | 0640);
	say("made: %d\n", id >= 0);
	tell("fresh", id);
	TRY(shmget(KEY, 2 * PAGE + 1, IPC_CREAT | IPC_EXCL | 0640));
	TRY(shmget(KEY, 2 * PAGE + 1, IPC_CREAT | 0640) == id);
	TRY(shmget(KEY, 2 * PAGE + 1, IPC_EXCL) == id);
	TRY(shmget(KEY, 0, 0) == id);
	TRY(shmget(KEY, 2 * PAGE + 2, 0));
	TRY(shmget(KEY, 2 * PAGE + 2, IPC_CREAT | IPC_EXCL));
	TRY(shmget(KEY, PAGE, 0777) == id);
	other = shmget(IPC_PRIVATE, PAGE, 0);
	say("private: %d, another one: %d\n", other >= 0, other != id);
	tell("private", other);
	TRY(shmctl(other, IPC_RMID, NULL));
	TRY(shmctl(other, IPC_RMID, NULL));
	TRY(shmctl(id, IPC_RMID, NULL));
	TRY(shmget(KEY, PAGE, 0600));
	other = shmget(KEY, PAGE, IPC_CREAT | 0600);
	say("again: another identifier %d\n", other != id);
	tell("old", id);
	TRY(shmctl(id, IPC_RMID, NULL));
	say("old: %s\n", shmat(id, NULL, 0) == NO_SHM ? strerrorname_np(errno) : "attached");
	TRY(shmctl(other + (1 << 15), IPC_RMID, NULL));
	TRY(shmctl(other, IPC_RMID, NULL));
}

/* Each round of the indices has another number above them. */
static int made[5000];

/* There are no more segments than shmmni: ENOSPC. */
static void as_many_as_there_may_be(void)
{
	int n = 0;

	while (n < 5000 && (made[n] = shmget(IPC_PRIVATE, PAGE, 0)) >= 0)
		n++;
	say("%d segments\n", n);
	TRY(shmget(IPC_PRIVATE, PAGE, 0));
	while (n > 0)
		shmctl(made[--n], IPC_RMID, NULL);
	TRY(shmget(IPC_PRIVATE, PAGE, 0600 | SHM_HUGETLB));
}

static void identifiers(void)
{
	int first = shmget(IPC_PRIVATE, 1, 0), id = first, turns = 0;

	for (int i = 0; i < 200; i++) {
		int next = shmget(IPC_PRIVATE, 1, 0);

		if ((next & 0x7fff) <= (id & 0x7fff))
			turns += (next >> 15) == (id >> 15) + 1 ? 1 : 100;
		shmctl(id, IPC_RMID, NULL);
		id = next;
	}
	say("200 identifiers: %d turns\n", turns);
	shmctl(id, IPC_RMID, NULL);
}

/* Not as root, who may do that on Linux. */
static int attaches_low(void *arg)
{
	int id = *(int *)arg;

	TRY(setresuid(SOMEONE, SOMEONE, SOMEONE));
	attach("rounded to nothing", id, (char *)5, SHM_RND);
	attach("low", id, (char *)PAGE, 0);
	return 0;
}

/* SHM_RND rounds the address down, and SHM_REMAP replaces what is there: without them both are EINVAL. */
static void addresses(void)
{
	int id = shmget(IPC_PRIVATE, 2 * PAGE, 0666);
	char *p, *q;

	p = attach("anywhere", id, NULL, 0);
	memset(p, 'a', 2 * PAGE);
	q = attach("twice", id, NULL, SHM_RDONLY);
	say("the same bytes: %c%c, attached %ld\n", q[0], q[2 * PAGE - 1], attached(id));
	tell("now", id);
	/* A segment that is attached to read cannot be made writable. */
	TRY(mprotect(q, PAGE, RW));
	TRY(mprotect(q, PAGE, PROT_READ | PROT_EXEC));
	TRY(mprotect(q, PAGE, PROT_READ));
	say("attached %ld\n", attached(id));
	TRY(shmdt(p + PAGE));
	TRY(shmdt(p + 1));
	TRY(shmdt(NULL));
	TRY(shmdt(FIXED));
	TRY(shmdt(q));
	TRY(shmdt(q));
	TRY(shmdt(p));
	tell("detached", id);
	p = attach("fixed", id, FIXED, 0);
	say("still %c\n", *p);
	attach("taken", id, FIXED, 0);
	attach("taken in part", id, FIXED - PAGE, 0);
	attach("taken, replaced", id, FIXED + PAGE, SHM_REMAP);
	say("attached %ld, %d %d\n", attached(id), p[0] == 'a', p[PAGE] == 'a');
	attach("odd", id, FIXED + 100 * PAGE + 5, 0);
	attach("odd, rounded", id, FIXED + 100 * PAGE + 5, SHM_RND);
	attach("odd, rounded and replaced", id, FIXED + 100 * PAGE + 5, SHM_RND | SHM_REMAP);
	say("attached %ld\n", attached(id));
	in_child("low", attaches_low, &id);
	attach("rounded to nothing and replaced", id, (char *)5, SHM_RND | SHM_REMAP);
	attach("replaced nowhere", id, NULL, SHM_REMAP);
	attach("high", id, (char *)0x3fffffffff000, 0);
	attach("past the end", id, (char *)-PAGE, 0);
	attach("past the end, replaced", id, (char *)-PAGE, SHM_REMAP);
	attach("negative", -1, NULL, 0);
	attach("none", id + 1, NULL, 0);
	attach("executable", id, FIXED + 200 * PAGE, SHM_EXEC);
	TRY(shmdt(FIXED + 200 * PAGE));
	TRY(shmdt(FIXED + 100 * PAGE));
	TRY(shmdt(FIXED + PAGE));
	say("attached %ld\n", attached(id));
	TRY(shmdt(FIXED));
	say("attached %ld\n", attached(id));
	TRY(shmctl(id, IPC_RMID, NULL));
}

/* What is counted when mappings are split, moved, cut and copied. */
static void pieces(void)
{
	int id = shmget(IPC_PRIVATE, 6 * PAGE, 0600);
	char *p = attach("six pages", id, FIXED, 0), *q;

	TRY(mprotect(p + PAGE, PAGE, PROT_READ));
	say("split twice: %ld\n", attached(id));
	TRY(mprotect(p + PAGE, PAGE, RW));
	say("alike again: %ld\n", attached(id));
	TRY(mprotect(p + PAGE, 2 * PAGE, PROT_READ));
	say("another border: %ld\n", attached(id));
	TRY(munmap(p + 4 * PAGE, PAGE));
	say("with a hole: %ld\n", attached(id));
	q = mremap(p + 5 * PAGE, PAGE, PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, p + 20 * PAGE);
	say("moved: %d, %ld\n", q == p + 20 * PAGE, attached(id));
	q = mremap(q, 0, PAGE, MREMAP_MAYMOVE);
	say("doubled: %d, %ld\n", q != MAP_FAILED, attached(id));
	TRY(munmap(q, PAGE));
	q = mremap(p + 20 * PAGE, PAGE, 3 * PAGE, 0);
	say("longer: %d, %ld\n", q == p + 20 * PAGE, attached(id));
	TRY(shmdt(p));
	say("detached: %ld\n", attached(id));
	TRY(shmdt(p));
	TRY(shmdt(p + 20 * PAGE));
	TRY(shmdt(p + 15 * PAGE));
	say("the moved piece: %ld\n", attached(id));
	p = attach("again", id, FIXED, 0);
	TRY(munmap(p, PAGE));
	say("without its first page: %ld\n", attached(id));
	TRY(shmdt(p));
	say("detached: %ld\n", attached(id));
	p = attach("again", id, FIXED, 0);
	mmap(p, PAGE, RW, ANON | MAP_FIXED, -1, 0);
	mmap(p + 2 * PAGE, PAGE, RW, ANON | MAP_FIXED, -1, 0);
	say("with other memory in it: %ld\n", attached(id));
	TRY(shmdt(p));
	say("detached: %ld, other memory: %d %d\n", attached(id), p[0], p[2 * PAGE]);
	munmap(p, 6 * PAGE);
	attach("again", id, FIXED, 0);
	attach("and again", id, FIXED + 3 * PAGE, SHM_REMAP);
	say("one over the other: %ld\n", attached(id));
	TRY(shmdt(FIXED));
	say("the lower one goes: %ld\n", attached(id));
	TRY(shmdt(FIXED + 3 * PAGE));
	say("the upper one goes: %ld\n", attached(id));
	TRY(madvise(FIXED, PAGE, MADV_DONTNEED));
	TRY(shmctl(id, IPC_RMID, NULL));
}

static int sees(void *arg)
{
	int id = *(int *)arg;
	long n = attached(id);

	say("in the child: %ld\n", n);
	tell("in the child", id);
	FIXED[0]++;
	if (shmdt(FIXED) != 0)
		return 99;
	say("it has gone: %ld\n", attached(id));
	return 0;
}

static int execs(void *arg)
{
	char text[16];

	snprintf(text, sizeof(text), "%d", *(int *)arg);
	execl("/proc/self/exe", "sysv_shm", text, NULL);
	return 98;
}

static int ends(void *arg)
{
	(void)arg;
	return 7;
}

/* A child inherits what is attached, which counts for it; exit and exec detach. */
static void children(void)
{
	int id = shmget(IPC_PRIVATE, PAGE, 0600);
	char *p = attach("parent", id, FIXED, 0);
	char *q = attach("not inherited", id, NULL, 0);

	TRY(madvise(q, PAGE, MADV_DONTFORK));
	in_child("a child", sees, &id);
	say("parent: %d, %ld\n", p[0], attached(id));
	tell("after the child", id);
	in_child("ends", ends, NULL);
	say("after an exit: %ld\n", attached(id));
	in_child("execs", execs, &id);
	say("after an exec: %ld\n", attached(id));
	TRY(shmdt(p));
	TRY(shmdt(q));
	TRY(shmctl(id, IPC_RMID, NULL));
}

/* A segment that is removed while somebody is attached. */
static void removal(void)
{
	int id = shmget(KEY, PAGE, IPC_CREAT | 0600), other;
	char *p = attach("attached", id, FIXED, 0), *q;

	strcpy(p, "still here");
	TRY(shmctl(id, IPC_RMID, NULL));
	tell("removed", id);
	TRY(shmctl(id, IPC_RMID, NULL));
	TRY(shmget(KEY, PAGE, 0));
	other = shmget(KEY, PAGE, IPC_CREAT | 0600);
	say("another one: %d\n", other != id);
	q = attach("attached once more", id, NULL, 0);
	say("%s, %ld\n", q, attached(id));
	TRY(shmdt(p));
	say("%s, %ld\n", q, attached(id));
	if (fork() == 0) {
		while (attached(id) != 1) /* until the parent has left it */
			nap(1);
		until_parent_sleeps(); /* it has told of that */
		say("the child has it: %s, %ld\n", q, attached(id));
		_exit(0);
	}
	TRY(shmdt(q));
	wait(NULL);
	tell("gone", id);
	attach("gone", id, NULL, 0);
	TRY(shmctl(other, IPC_RMID, NULL));
}

/* To attach needs the right to read, without SHM_RDONLY to write, too, and with SHM_EXEC to execute. */
static int as_another(void *arg)
{
	int id = *(int *)arg;
	struct shmid_ds ds = { .shm_perm = { .uid = SOMEONE, .gid = SOMEONE, .mode = 0666 } };
	char *p;

	TRY(setresgid(SOMEONE, SOMEONE, SOMEONE));
	TRY(setresuid(SOMEONE, SOMEONE, SOMEONE));
	TRY(shmget(KEY, 0, 0600));
	TRY(shmget(KEY, 0, 0004) == id);
	TRY(shmget(KEY, 0, 0) == id);
	TRY(shmget(KEY, 2 * PAGE, 0600));
	TRY(shmget(KEY, 0, IPC_CREAT | IPC_EXCL));
	p = attach("to write", id, NULL, 0);
	p = attach("to read", id, NULL, SHM_RDONLY);
	attach("to execute", id, NULL, SHM_RDONLY | SHM_EXEC);
	if (p != NO_SHM)
		TRY(mprotect(p, PAGE, RW));
	TRY(shmctl(id, IPC_STAT, &ds) == 0);
	ds.shm_perm.uid = SOMEONE;
	TRY(shmctl(id, IPC_SET, &ds));
	TRY(shmctl(id, IPC_RMID, NULL));
	TRY(shmctl(id, SHM_LOCK, NULL));
	TRY(shmctl(id, SHM_UNLOCK, NULL));
	return 0;
}

/* An owner without rights in the mode may not attach, but may change and remove the segment. */
static int as_owner(void *arg)
{
	int id = *(int *)arg;
	struct shmid_ds ds;

	TRY(setresgid(SOMEONE, SOMEONE, SOMEONE));
	TRY(setresuid(SOMEONE, SOMEONE, SOMEONE));
	attach("owner", id, NULL, 0);
	TRY(shmctl(id, IPC_STAT, &ds));
	TRY(shmctl(id, SHM_LOCK, NULL));
	TRY(shmctl(id, SHM_UNLOCK, NULL));
	ds.shm_perm.mode = 0;
	TRY(shmctl(id, IPC_SET, &ds));
	attach("owner without a mode", id, NULL, SHM_RDONLY);
	TRY(shmctl(id, IPC_STAT, &ds));
	TRY(shmctl(id, IPC_RMID, NULL));
	return 0;
}

static int in_group(void *arg)
{
	int id = *(int *)arg;

	TRY(setresgid(SOMEONE + 1, SOMEONE + 1, SOMEONE + 1));
	TRY(setresuid(SOMEONE + 2, SOMEONE + 2, SOMEONE + 2));
	attach("group to write", id, NULL, 0);
	attach("group to read", id, NULL, SHM_RDONLY);
	return 0;
}

static void permissions(void)
{
	int id = shmget(KEY, PAGE, IPC_CREAT | 0604);
	struct shmid_ds ds;

	in_child("another user", as_another, &id);
	TRY(shmctl(id, IPC_STAT, &ds));
	ds.shm_perm.uid = SOMEONE;
	ds.shm_perm.gid = SOMEONE + 1;
	ds.shm_perm.mode = 07640;
	ds.shm_segsz = 5;
	TRY(shmctl(id, IPC_SET, &ds));
	tell("given away", id);
	in_child("the group", in_group, &id);
	ds.shm_perm.uid = -1;
	TRY(shmctl(id, IPC_SET, &ds));
	in_child("the owner", as_owner, &id);
	tell("gone", id);
}

/* IPC_INFO and SHM_INFO return the highest index in use, SHM_STAT takes an index and returns the identifier. */
static void control(void)
{
	int id = shmget(KEY, 3 * PAGE, IPC_CREAT | 0600), index;
	struct shminfo info;
	struct shm_info usage;
	struct shmid_ds ds;
	char *p = attach("attached", id, NULL, 0);

	p[0] = p[2 * PAGE] = 1;
	TRY(shmctl(id, 99, &ds));
	TRY(shmctl(id, SHM_LOCK, NULL));
	tell("locked", id);
	TRY(shmctl(id, SHM_UNLOCK, NULL));
	tell("unlocked", id);
	index = shmctl(0, IPC_INFO, (struct shmid_ds *)&info);
	say("max %lx min %lx mni %lu seg %lu all %lx\n", info.shmmax, info.shmmin, info.shmmni,
	    info.shmseg, info.shmall);
	say("index: %d\n", index == (id & 0x7fff));
	TRY(shmctl(0, SHM_INFO, (struct shmid_ds *)&usage) == index);
	say("%d in use, %lu pages, %lu in memory, %lu in swap\n", usage.used_ids, usage.shm_tot,
	    usage.shm_rss, usage.shm_swp);
	TRY(shmctl(index, SHM_STAT, &ds) == id);
	TRY(shmctl(index, SHM_STAT_ANY, &ds) == id);
	TRY(shmctl(index + 1, SHM_STAT, &ds));
	TRY(shmctl(index + 1, SHM_STAT_ANY, &ds));
	TRY(shmctl(-1, IPC_INFO, &ds));
	TRY(shmctl(-1, IPC_STAT, &ds));
	TRY(shmctl(id, IPC_STAT, (struct shmid_ds *)8));
	TRY(shmctl(id, IPC_SET, (struct shmid_ds *)8));
	TRY(shmctl(id + 1, IPC_SET, (struct shmid_ds *)8));
	TRY(shmctl(id, IPC_INFO, (struct shmid_ds *)8));
	TRY(shmctl(id, SHM_INFO, (struct shmid_ds *)8));
	TRY(shmctl(id, IPC_RMID, NULL));
	TRY(shmdt(p));
}

static void lists(void)
{
	int ids[3];

	for (int i = 0; i < 3; i++)
		ids[i] = shmget(IPC_PRIVATE, PAGE, 0600);
	tell_lines_of("/proc/sysvipc/shm", ids);
	for (int i = 0; i < 3; i++)
		shmctl(ids[i], IPC_RMID, NULL);
}

/* The lines of a file that tell of one segment, without pids and times. */
static void files(void)
{
	int id = shmget(KEY, 2 * PAGE, IPC_CREAT | 0640);
	char *p = attach("attached", id, FIXED, 0), line[512], name[80];
	FILE *file = fopen("/proc/sysvipc/shm", "r");

	p[PAGE] = 1;
	while (fgets(line, sizeof(line), file)) {
		int key = 0, found = 0, mode, attached, uid, gid, cuid, cgid;
		size_t size, rss, swap;
		int n = sscanf(line, "%d %d %o %zu %*d %*d %d %d %d %d %d %*d %*d %*d %zu %zu",
			       &key, &found, &mode, &size, &attached, &uid, &gid, &cuid, &cgid,
			       &rss, &swap);

		if (n == 0)
			say("%s", line);
		else if (found == id)
			say("%d: %x %o %zu %d %d %d %d %d %zu %zu, %zu bytes\n", n, key, mode, size,
			    attached, uid, gid, cuid, cgid, rss, swap, strlen(line));
	}
	fclose(file);
	TRY(shmctl(id, IPC_RMID, NULL));
	file = fopen("/proc/self/maps", "r");
	while (fgets(line, sizeof(line), file)) {
		unsigned long start, end, offset, ino;
		char kind[8];

		if (sscanf(line, "%lx-%lx %7s %lx %*x:%*x %lu %79[^\n]", &start, &end, kind,
			   &offset, &ino, name) == 6 &&
		    strstr(name, "SYSV"))
			say("%lx-%lx %s %lx %d %s\n", start, end, kind, offset, ino == (unsigned)id,
			    name);
	}
	fclose(file);
	TRY(shmdt(p));
	TRY(open("/proc/sysvipc/shm", O_WRONLY | O_CREAT, 0600) >= 0);
	TRY(open("/proc/sysvipc/none", O_RDONLY));
	say("%d %d\n", listed("/proc/sysvipc", "shm") == DT_REG,
	    listed("/proc", "sysvipc") == DT_DIR);
}

static int in_use(void)
{
	struct shm_info usage;

	return shmctl(0, SHM_INFO, (struct shmid_ds *)&usage) < 0 ? -1 : usage.used_ids;
}

/* Makes, attaches, inherits, removes and detaches segments of two keys, as others do at the same time. */
static int plays(int turns)
{
	for (int i = 0; i < turns; i++) {
		int id = shmget(KEY + i % 2, 2 * PAGE, IPC_CREAT | 0600);
		char *p = shmat(id, NULL, 0);

		if (p == NO_SHM)
			continue; /* somebody has removed it */
		p[0]++;
		if (i % 7 == 0 && fork() == 0)
			_exit(p[0] == 0 && shmdt(p) != 0);
		if (i % 3 == 0)
			mprotect(p, PAGE, PROT_READ);
		if (i % 4 == 0)
			shmctl(id, IPC_RMID, NULL);
		if (shmdt(p) != 0)
			return 1;
	}
	while (wait(NULL) > 0)
		continue;
	return 0;
}

static void storm(void)
{
	int before = in_use(), status, bad = 0;

	for (int i = 0; i < 4; i++)
		if (fork() == 0)
			_exit(plays(80));
	while (wait(&status) > 0)
		bad += status != 0;
	for (int i = 0; i < 2; i++)
		shmctl(shmget(KEY + i, 0, 0), IPC_RMID, NULL);
	say("storm: %d went wrong, %d are left\n", bad, in_use() - before);
}

/* A lower limit is for new segments: those that are there stay, and are found. */
static void limits(void)
{
	int id = shmget(KEY, 3 * PAGE, IPC_CREAT | 0600);

	limit("shmmax", "8192");
	TRY(shmget(IPC_PRIVATE, 8193, 0600));
	TRY(shmget(KEY, 3 * PAGE, 0600) == id);
	limit("shmmax", "18446744073692774399");
	limit("shmall", "4");
	TRY(shmget(IPC_PRIVATE, 2 * PAGE, 0600));
	limit("shmall", "2");
	TRY(shmget(IPC_PRIVATE, PAGE, 0600));
	limit("shmall", "18446744073692774399");
	limit("shmmni", "1");
	TRY(shmget(IPC_PRIVATE, PAGE, 0600));
	limit("shmmni", "40000");
	limit("shmmni", "-1");
	limit("shmmni", "4096");
	TRY(shmctl(id, IPC_RMID, NULL));
}

int main(int argc, char **argv)
{
	if (argc > 1) {
		say("in another image: %ld\n", attached(atoi(argv[1])));
		return 0;
	}
	keys();
	identifiers();
	as_many_as_there_may_be();
	addresses();
	pieces();
	children();
	removal();
	permissions();
	control();
	limits();
	storm();
	lists();
	files();
	return 0;
}
