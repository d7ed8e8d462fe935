/* SPDX-License-Identifier: MIT */
/* User and group ids, groups and capabilities: who may change which, what follows, and what exec makes of them. */
#include "set_id.h"

#include <grp.h>
#include <linux/capability.h>
#include <linux/securebits.h>
#include <pthread.h>
#include <stdbool.h>
#include <sys/auxv.h>
#include <sys/fsuid.h>
#include <sys/prctl.h>

static void *volatile bad = (void *)8; /* volatile: the compiler must not judge it */

/* The ids as three calls and /proc tell them, and the capabilities in effect. */
static void show(void)
{
	unsigned id[6] = { 9, 9, 9, 9, 9, 9 };
	char line[256];
	FILE *f = fopen("/proc/self/status", "r");

	getresuid(&id[0], &id[1], &id[2]);
	getresgid(&id[3], &id[4], &id[5]);
	say("%u %u %u, %u %u %u; %d %d; %u %u %u %u\n", id[0], id[1], id[2], id[3], id[4], id[5],
	    setfsuid(-1u), setfsgid(-1u), getuid(), geteuid(), getgid(), getegid());
	while (f && fgets(line, sizeof(line), f))
		if (strncmp(line, "Uid:", 4) == 0 || strncmp(line, "Gid:", 4) == 0 ||
		    strncmp(line, "Groups:", 7) == 0 || strncmp(line, "Cap", 3) == 0 ||
		    strncmp(line, "NoNewPrivs:", 11) == 0)
			say("%s", line);
	if (f)
		fclose(f);
	say("dumpable %d, keeps %d, secure bits %#x\n", prctl(PR_GET_DUMPABLE),
	    prctl(PR_GET_KEEPCAPS), (unsigned)prctl(PR_GET_SECUREBITS));
}

static int run(void *arg)
{
	((void (*)(void))arg)();
	return 0;
}

static void again(const char *what)
{
	int status;

	if (fork() == 0) {
		execl("/proc/self/exe", "ids", what, NULL);
		_exit(99);
	}
	wait(&status);
	ended(what, status);
}

/* ---- the calls of the family, from each kind of state ---- */

/* Ids that the calls are tried with: those of the states below, others, and -1. */
static const unsigned tried[] = { 0, 1, 2, 3, 7, -1u };
#define TRIED (sizeof(tried) / sizeof(tried[0]))

static const struct state {
	const char *name;
	unsigned real, effective, saved;
} states[] = {
	{ "root", 0, 0, 0 },	       { "user 1", 1, 1, 1 },	   { "three users", 1, 2, 3 },
	{ "root in effect", 1, 0, 1 }, { "really root", 0, 1, 2 }, { "once root", 1, 2, 0 },
};
#define STATES (sizeof(states) / sizeof(states[0]))

static void enter(const struct state *state)
{
	setresgid(state->real, state->effective, state->saved);
	setresuid(state->real, state->effective, state->saved);
}

/* In a child: prints the ids after a call of the family. */
static void attempt(const struct state *state, const char *name, long (*call)(const unsigned *arg),
		    const unsigned *arg)
{
	unsigned u[3], g[3];
	int status;

	if (fork() != 0) {
		wait(&status);
		return;
	}
	enter(state);
	errno = 0;
	status = (int)call(arg);
	getresuid(&u[0], &u[1], &u[2]);
	getresgid(&g[0], &g[1], &g[2]);
	say("%s %d %d %d: %d %s; %u %u %u %d, %u %u %u %d\n", name, (int)arg[0], (int)arg[1],
	    (int)arg[2], status, errno ? strerrorname_np(errno) : "-", u[0], u[1], u[2],
	    setfsuid(-1u), g[0], g[1], g[2], setfsgid(-1u));
	_exit(0);
}

static long call_setuid(const unsigned *arg)
{
	return syscall(SYS_setuid, arg[0]);
}

static long call_setgid(const unsigned *arg)
{
	return syscall(SYS_setgid, arg[0]);
}

static long call_setfsuid(const unsigned *arg)
{
	return syscall(SYS_setfsuid, arg[0]);
}

static long call_setfsgid(const unsigned *arg)
{
	return syscall(SYS_setfsgid, arg[0]);
}

static long call_setreuid(const unsigned *arg)
{
	return syscall(SYS_setreuid, arg[0], arg[1]);
}

static long call_setregid(const unsigned *arg)
{
	return syscall(SYS_setregid, arg[0], arg[1]);
}

static long call_setresuid(const unsigned *arg)
{
	return syscall(SYS_setresuid, arg[0], arg[1], arg[2]);
}

static long call_setresgid(const unsigned *arg)
{
	return syscall(SYS_setresgid, arg[0], arg[1], arg[2]);
}

/* Root sets any id, others only to one of the three they have; the file-system id follows the effective one. */
static void family(void)
{
	for (size_t s = 0; s < STATES; s++) {
		say("%s\n", states[s].name);
		for (size_t i = 0; i < TRIED; i++) {
			const unsigned one[3] = { tried[i], 0, 0 };

			attempt(&states[s], "setuid", call_setuid, one);
			attempt(&states[s], "setgid", call_setgid, one);
			attempt(&states[s], "setfsuid", call_setfsuid, one);
			attempt(&states[s], "setfsgid", call_setfsgid, one);
			for (size_t j = i % 2; j < TRIED; j += 2) {
				const unsigned two[3] = { tried[i], tried[j], 0 };
				const unsigned three[3] = { tried[i], tried[j],
							    tried[(i + j) % TRIED] };

				attempt(&states[s], "setreuid", call_setreuid, two);
				attempt(&states[s], "setregid", call_setregid, two);
				attempt(&states[s], "setresuid", call_setresuid, three);
				attempt(&states[s], "setresgid", call_setresgid, three);
			}
		}
	}
	TRY(syscall(SYS_setuid, 1ul << 32));
	TRY(syscall(SYS_setresuid, 0, -1ul, 0xffffffff));
}

/* ---- what follows from a change ---- */

/* Effective capabilities go when the effective id leaves 0 and come back with it; all go when no id is 0 any more. */
static void root_leaves(void)
{
	show();
	TRY(prctl(PR_SET_PDEATHSIG, SIGUSR1));
	TRY(setresuid(-1, 1000, -1));
	show();
	TRY(setresuid(-1, 0, -1));
	show();
	TRY(setfsuid(1000));
	show();
	TRY(setfsuid(0));
	TRY(setresuid(1000, 1000, 1000));
	show();
	TRY(prctl(PR_SET_DUMPABLE, 1));
	TRY(setuid(0));
	again("show");
}

/* PR_SET_KEEPCAPS keeps the permitted capabilities over setuid, but not the effective ones, and none over exec. */
static void keeps(void)
{
	TRY(prctl(PR_SET_KEEPCAPS, 1));
	TRY(setuid(1000));
	show();
	again("show");
	TRY(prctl(PR_SET_SECUREBITS, SECBIT_KEEP_CAPS | SECBIT_KEEP_CAPS_LOCKED));
	show();
}

/* A secure bit that is locked cannot be changed, nor by PR_SET_KEEPCAPS: EPERM. */
static void secure_bits(void)
{
	TRY(prctl(PR_SET_SECUREBITS, 0x100));
	TRY(prctl(PR_SET_SECUREBITS, SECBIT_NO_SETUID_FIXUP | SECBIT_KEEP_CAPS_LOCKED));
	TRY(prctl(PR_SET_KEEPCAPS, 1));
	TRY(prctl(PR_SET_SECUREBITS, SECBIT_NO_SETUID_FIXUP));
	TRY(prctl(PR_SET_SECUREBITS,
		  SECBIT_NO_SETUID_FIXUP | SECBIT_KEEP_CAPS_LOCKED | SECBIT_KEEP_CAPS));
	TRY(setresuid(1000, 1000, 0));
	show();
	TRY(prctl(PR_SET_SECUREBITS, SECBIT_KEEP_CAPS_LOCKED | SECBIT_NOROOT));
	TRY(setresuid(0, 0, 0));
	again("show");
}

/* An exec by root does not give back what was dropped from the bounding set. */
static void bounding_set(void)
{
	TRY(prctl(PR_CAPBSET_DROP, CAP_KILL));
	TRY(prctl(PR_CAPBSET_READ, CAP_KILL));
	TRY(prctl(PR_CAPBSET_DROP, CAP_LAST_CAP + 1));
	show();
	again("show");
	TRY(setuid(1));
	TRY(prctl(PR_CAPBSET_DROP, CAP_CHOWN));
	TRY(prctl(PR_CAPBSET_DROP, CAP_LAST_CAP + 1));
	TRY(prctl(PR_SET_SECUREBITS, 0));
}

/* ---- capget, capset ---- */

/* capset may add nothing to the permitted set (EPERM); of a version that it does not know it tells its own. */
static void capabilities(void)
{
	struct __user_cap_header_struct header = { _LINUX_CAPABILITY_VERSION_3, 0 };
	struct __user_cap_data_struct data[2];
	char *hole = (char *)before_hole(1) + PAGE;

	TRY(syscall(SYS_capget, &header, data));
	say("%x %x %x, %x %x %x\n", data[0].effective, data[0].permitted, data[0].inheritable,
	    data[1].effective, data[1].permitted, data[1].inheritable);
	header.version = 5;
	TRY(syscall(SYS_capget, &header, NULL));
	say("%x\n", header.version);
	header.version = 5;
	TRY(syscall(SYS_capget, &header, data));
	header.version = 5;
	TRY(syscall(SYS_capset, &header, data));
	header.version = _LINUX_CAPABILITY_VERSION_1;
	data[1].effective = 99;
	TRY(syscall(SYS_capget, &header, data));
	say("%x %u\n", data[0].effective, data[1].effective);
	header.version = _LINUX_CAPABILITY_VERSION_2;
	TRY(syscall(SYS_capget, &header, bad));
	TRY(syscall(SYS_capget, bad, data));
	TRY(syscall(SYS_capset, &header, bad));
	TRY(syscall(SYS_capset, bad, data));
	memcpy(hole - 4, &header.version, 4);
	TRY(syscall(SYS_capget, hole - 4, NULL));
	TRY(syscall(SYS_capget, hole - 4, data));
	TRY(syscall(SYS_capset, hole - 4, data));
	header.pid = -1;
	TRY(syscall(SYS_capget, &header, data));
	TRY(syscall(SYS_capset, &header, data));
	header.pid = 1 << 22;
	TRY(syscall(SYS_capget, &header, data));
	header.pid = getppid();
	TRY(syscall(SYS_capget, &header, data));
	TRY(syscall(SYS_capset, &header, data));
	header.pid = getpid();
	data[0].inheritable = 1 << CAP_KILL | 1 << CAP_CHOWN;
	data[0].effective &= ~(1u << CAP_KILL);
	data[1].permitted |= 1u << 31; /* what is no capability does not count */
	TRY(syscall(SYS_capset, &header, data));
	show();
	data[0].permitted = 1 << CAP_SETPCAP;
	TRY(syscall(SYS_capset, &header, data));
	data[0].effective = 1 << CAP_SETPCAP;
	data[1].effective = data[1].permitted = 0;
	TRY(syscall(SYS_capset, &header, data));
	show();
	data[0].permitted |= 1 << CAP_KILL;
	TRY(syscall(SYS_capset, &header, data));
	data[0].permitted = data[0].effective = 0;
	TRY(syscall(SYS_capset, &header, data));
	data[0].inheritable |= 1 << CAP_SETUID;
	TRY(syscall(SYS_capset, &header, data));
	TRY(setuid(1));
	TRY(setgroups(0, NULL));
	TRY(setgid(1));
	again("show");
}

/* ---- groups ---- */

/* The groups are kept in order; -1 is none, and more than 65536 are EINVAL. */
static void groups(void)
{
	gid_t list[4] = { 7, 3, 0xfffffffe, 3 };
	gid_t *at_hole = (gid_t *)(before_hole(1) + PAGE) - 1;

	TRY(setgroups(0, NULL));
	TRY(getgroups(0, bad));
	TRY(setgroups(4, list));
	memset(list, 0, sizeof(list));
	TRY(getgroups(0, NULL));
	TRY(getgroups(3, list));
	TRY(getgroups(4, list));
	say("%u %u %u %u\n", list[0], list[1], list[2], list[3]);
	show();
	again("show");
	list[3] = -1u;
	TRY(setgroups(4, list));
	TRY(setgroups(3, list)); /* what lies behind them does not matter */
	list[2] = -1u;
	TRY(setgroups(3, list));
	TRY(setgroups(2, at_hole));
	TRY(setgroups(1, bad));
	TRY(setgroups(65537, bad));
	TRY(syscall(SYS_setgroups, -1, bad));
	TRY(getgroups(4, bad));
	TRY(getgroups(9, at_hole));
	TRY(syscall(SYS_getgroups, -1, bad));
	TRY(getgroups(0, NULL));
	TRY(setuid(5));
	TRY(setgroups(0, NULL));
	TRY(setgroups(65537, bad));
	show();
}

static void bad_addresses(void)
{
	uid_t id;

	TRY(getresuid(bad, &id, &id));
	TRY(getresuid(&id, bad, &id));
	TRY(getresuid(&id, &id, bad));
	TRY(getresgid(bad, &id, &id));
	TRY(getresgid(&id, bad, &id));
	TRY(getresgid(&id, &id, bad));
}

/* 65,536 groups, in an order that is the worst for many ways to sort. */
static void many_groups(void)
{
	static gid_t list[65536];
	unsigned wrong = 0;

	for (unsigned i = 0; i < 65536; i++)
		list[i] = i % 2 ? 200000 - i : i;
	TRY(setgroups(65536, list));
	memset(list, 0, sizeof(list));
	TRY(getgroups(65536, list));
	for (unsigned i = 1; i < 65536; i++)
		wrong += list[i - 1] > list[i];
	say("%u %u, %u wrong\n", list[0], list[65535], wrong);
}

/* ---- exec ---- */

static void execute(const char *path, unsigned uid, unsigned euid, bool no_new_privs)
{
	int status;

	say("%s as %u, %u%s\n", path, uid, euid, no_new_privs ? ", no new privileges" : "");
	if (fork() == 0) {
		if (no_new_privs)
			prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
		setresgid(uid, uid, uid);
		setresuid(uid, euid, uid);
		execl(path, "ids", "exec", NULL);
		result("exec", -1);
		_exit(0);
	}
	wait(&status);
	ended("it", status);
}

/* A set-ID program changes effective and saved ids, unless no_new_privs is set; set-group-ID needs a group that may execute. */
static void set_ids(void)
{
	static const unsigned ids[][2] = {
		{ 0, 0 }, { 1000, 1000 }, { 1000, 0 }, { 0, 1000 }, { 5, 5 }
	};
	int fd;

	TRY(mkdir("setid", 0755));
	TRY(chmod("setid", 0755));
	copy_program("setid/plain", 5, 6, 0755);
	for (size_t i = 0; i < sizeof(ids) / sizeof(ids[0]); i++)
		execute("setid/plain", ids[i][0], ids[i][1], false);
	TRY(chmod("setid/plain", 04755));
	for (size_t i = 0; i < sizeof(ids) / sizeof(ids[0]); i++)
		execute("setid/plain", ids[i][0], ids[i][1], i == 1);
	execute("setid/plain", 1000, 1000, false);
	TRY(chmod("setid/plain", 06755));
	execute("setid/plain", 1000, 1000, false);
	TRY(chmod("setid/plain", 02745)); /* the group may not execute it */
	execute("setid/plain", 1000, 1000, false);
	TRY(chmod("setid/plain", 0711)); /* nobody else may read it */
	execute("setid/plain", 1000, 1000, false);
	TRY(chmod("setid/plain", 0701));
	execute("setid/plain", 1000, 1000, false);
	execute("setid/plain", 6, 6, false);
	TRY(chmod("setid/plain", 0655));
	execute("setid/plain", 5, 5, false);
	execute("setid/plain", 0, 0, false);
	TRY(chmod("setid/plain", 0644));
	execute("setid/plain", 0, 0, false);
	TRY(chown("setid/plain", 0, 0));
	TRY(chmod("setid/plain", 04755));
	execute("setid/plain", 1000, 1000, false);
	/* A script has no ids to give; its interpreter has. */
	fd = open("setid/script", O_CREAT | O_WRONLY, 0755);
	write(fd, "#!setid/plain\n", 14);
	close(fd);
	TRY(chown("setid/script", 7, 7));
	TRY(chmod("setid/script", 04755));
	execute("setid/script", 1000, 1000, false);
	TRY(unlink("setid/script"));
	TRY(unlink("setid/plain"));
	TRY(rmdir("setid"));
}

/* ---- threads ---- */

#define CALLERS 3
#define ROUNDS	10 /* each waits for the turn of the one that spins */

static int block[2];
static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t cond = PTHREAD_COND_INITIALIZER;
static bool over;

static void *reads(void *unused)
{
	char byte;

	(void)unused;
	return (void *)read(block[0], &byte, 1);
}

static void *waits(void *unused)
{
	(void)unused;
	pthread_mutex_lock(&mutex);
	while (!over)
		pthread_cond_wait(&cond, &mutex);
	pthread_mutex_unlock(&mutex);
	return NULL;
}

static void *spins(void *unused)
{
	(void)unused;
	setpriority(PRIO_PROCESS, 0, 19); /* its slices are short, for which the others wait */
	while (!__atomic_load_n(&over, __ATOMIC_RELAXED))
		continue;
	return NULL;
}

static void *calls(void *unused)
{
	long failed = 0;
	gid_t none = 0;

	(void)unused;
	for (int i = 0; i < ROUNDS; i++)
		failed += setuid(0) != 0 || setgroups(i % 2, &none) != 0;
	return (void *)failed;
}

/* The C library makes each of these calls in all threads, by a signal of its own. */
static void threads(void)
{
	pthread_t blocked[3], callers[CALLERS];
	void *result;

	pipe(block);
	pthread_create(&blocked[0], NULL, reads, NULL);
	pthread_create(&blocked[1], NULL, waits, NULL);
	pthread_create(&blocked[2], NULL, spins, NULL);
	TRY(setuid(0));
	TRY(setgid(0));
	TRY(setresuid(0, 0, 0));
	TRY(setgroups(0, NULL));
	TRY(setuid(-1));
	TRY(setresuid(0, 1, 0));
	TRY(setuid(7));
	TRY(setresuid(-1, 0, -1));
	for (int i = 0; i < CALLERS; i++)
		pthread_create(&callers[i], NULL, calls, NULL);
	for (int i = 0; i < CALLERS; i++) {
		pthread_join(callers[i], &result);
		say("failed: %ld\n", (long)result);
	}
	pthread_mutex_lock(&mutex);
	__atomic_store_n(&over, true, __ATOMIC_RELAXED);
	pthread_cond_broadcast(&cond);
	pthread_mutex_unlock(&mutex);
	write(block[1], "x", 1);
	for (int i = 0; i < 3; i++) {
		pthread_join(blocked[i], &result);
		say("ended with %ld\n", (long)result);
	}
}

int main(int argc, char **argv)
{
	if (argc > 1) {
		show();
		say("auxv: %lu %lu %lu %lu %lu\n", getauxval(AT_UID), getauxval(AT_EUID),
		    getauxval(AT_GID), getauxval(AT_EGID), getauxval(AT_SECURE));
		return 0;
	}
	(void)argv;
	family();
	in_child("root leaves", run, root_leaves);
	in_child("keeps", run, keeps);
	in_child("secure bits", run, secure_bits);
	in_child("bounding set", run, bounding_set);
	in_child("capabilities", run, capabilities);
	in_child("groups", run, groups);
	in_child("bad addresses", run, bad_addresses);
	in_child("many groups", run, many_groups);
	set_ids();
	in_child("threads", run, threads);
	return 0;
}
