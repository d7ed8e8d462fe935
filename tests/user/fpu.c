/* SPDX-License-Identifier: MIT */
/* R9: floating-point registers and fcsr survive faults, system calls, preemption and fork, and
 * exec clears them. */
#include "t.h"

#include <sched.h>
#include <signal.h>

/* clang-format off */
#define FLIST(X) \
	X(0) X(1) X(2) X(3) X(4) X(5) X(6) X(7) X(8) X(9) X(10) X(11) X(12) X(13) X(14) X(15) \
	X(16) X(17) X(18) X(19) X(20) X(21) X(22) X(23) X(24) X(25) X(26) X(27) X(28) X(29) X(30) \
	X(31)
/* clang-format on */

static uint64_t in[32], out[32];
static long fcsr;

#define LOAD(n)	 "fld f" #n ", 8*" #n "(%[in])\n"
#define STORE(n) "fsd f" #n ", 8*" #n "(%[out])\n"

/* Loads all, does one system call and touches p, spins, and stores all. */
static long around(long nr, long a0, long a1, volatile char *p, long spins)
{
	register long r0 __asm__("a0") = a0;
	register long r1 __asm__("a1") = a1;
	register long r7 __asm__("a7") = nr;

	/* clang-format off */
	__asm__ volatile(FLIST(LOAD)
			 "csrw fcsr, %[csr]\n"
			 "ecall\n"
			 "sb zero, 0(%[p])\n"
			 "1: addi %[n], %[n], -1\n"
			 "bgez %[n], 1b\n"
			 FLIST(STORE)
			 "csrr %[csr], fcsr\n"
			 /* clang-format on */
			 : "+r"(r0), [csr] "+r"(fcsr), [n] "+r"(spins)
			 : "r"(r1), "r"(r7), [in] "r"(in), [out] "r"(out), [p] "r"(p)
			 : "memory", "ft0", "ft1", "ft2", "ft3", "ft4", "ft5", "ft6", "ft7", "fs0",
			   "fs1", "fa0", "fa1", "fa2", "fa3", "fa4", "fa5", "fa6", "fa7", "fs2",
			   "fs3", "fs4", "fs5", "fs6", "fs7", "fs8", "fs9", "fs10", "fs11", "ft8",
			   "ft9", "ft10", "ft11");
	return r0;
}

static int check(uint64_t seed, long csr)
{
	int bad = fcsr != csr;

	for (unsigned i = 0; i < 32; i++)
		bad += out[i] != (seed * 0x9e3779b97f4a7c15u) + i;
	return bad;
}

static void seed_all(uint64_t seed, long csr)
{
	fcsr = csr;
	for (unsigned i = 0; i < 32; i++)
		in[i] = (seed * 0x9e3779b97f4a7c15u) + i;
}

static int worker(unsigned id)
{
	int bad = 0;

	for (unsigned round = 0; round < 12; round++) {
		char *p = anon(PAGE);

		seed_all(id * 100 + round, (id * 7 + round) % 5 << 5 | round % 31);
		around(SYS_getppid, 0, 0, p, 400000);
		bad += check(id * 100 + round, (id * 7 + round) % 5 << 5 | round % 31);
	}
	return bad;
}

/*
 * Loads all, gives way until a process that uses the FPU has run several times, does one system call and stores all. So the
 * registers are in the FPU no more when the call comes.
 */
static long after_others(long nr, long a0, long a1)
{
	register long r0 __asm__("a0") = 0;
	register long r1 __asm__("a1") = a1;
	register long r7 __asm__("a7") = SYS_sched_yield;
	long n = 20;

	/* clang-format off */
	__asm__ volatile(FLIST(LOAD)
			 "csrw fcsr, %[csr]\n"
			 "1: ecall\n"
			 "addi %[n], %[n], -1\n"
			 "bgez %[n], 1b\n"
			 "mv a7, %[nr]\n"
			 "mv a0, %[first]\n"
			 "ecall\n"
			 FLIST(STORE)
			 "csrr %[csr], fcsr\n"
			 /* clang-format on */
			 : "+r"(r0), "+r"(r7), [csr] "+r"(fcsr), [n] "+r"(n)
			 : "r"(r1), [nr] "r"(nr), [first] "r"(a0), [in] "r"(in), [out] "r"(out)
			 : "memory", "ft0", "ft1", "ft2", "ft3", "ft4", "ft5", "ft6", "ft7", "fs0",
			   "fs1", "fa0", "fa1", "fa2", "fa3", "fa4", "fa5", "fa6", "fa7", "fs2",
			   "fs3", "fs4", "fs5", "fs6", "fs7", "fs8", "fs9", "fs10", "fs11", "ft8",
			   "ft9", "ft10", "ft11");
	return r0;
}

static void change_floats(int sig)
{
	double one = sig;

	__asm__ volatile("fmv.d f7, %0\n"
			 "fmv.d f20, %0\n"
			 "csrw fcsr, zero"
			 :
			 : "f"(one)
			 : "f7", "f20");
}

static void beside_others(void)
{
	pid_t pid, other = fork();
	int status;

	while (other == 0) {
		change_floats(1);
		sched_yield();
	}
	seed_all(4, 0x21);
	after_others(SYS_getppid, 0, 0);
	say("when others have used the FPU: %d wrong\n", check(4, 0x21));
	signal(SIGUSR1, change_floats);
	seed_all(5, 0x42);
	after_others(SYS_kill, getpid(), SIGUSR1);
	say("over a handler after that: %d wrong\n", check(5, 0x42));
	seed_all(6, 0x63);
	pid = (pid_t)after_others(SYS_clone, SIGCHLD, 0);
	if (pid == 0)
		_exit(check(6, 0x63));
	say("over fork after that, the parent: %d wrong\n", check(6, 0x63));
	waitpid(pid, &status, 0);
	ended("the child", status);
	kill(other, SIGKILL);
	waitpid(other, &status, 0);
}

static int after_exec(void)
{
	/* Loads nothing: the registers are as exec left them, but for what start-up used. */
	long csr;

	__asm__ volatile("csrr %0, fcsr" : "=r"(csr));
	return csr == 0 ? 0 : 1;
}

int main(int argc, char **argv)
{
	char *p = anon(4 * PAGE), *args[] = { argv[0], "after", NULL };
	int status, bad = 0;
	pid_t pid;

	if (argc == 2)
		return after_exec();
	seed_all(1, 0x63);
	around(SYS_getpid, 0, 0, p, 0);
	say("over a system call and a fault: %d wrong\n", check(1, 0x63));
	seed_all(2, 0x1f);
	pid = (pid_t)around(SYS_clone, SIGCHLD, 0, p + PAGE, 1000);
	if (pid == 0)
		_exit(check(2, 0x1f));
	say("over fork, the parent: %d wrong\n", check(2, 0x1f));
	waitpid(pid, &status, 0);
	ended("the child", status);
	/* Meanwhile the FPU is that of a program that has not used it. */
	seed_all(3, 0x21);
	pid = (pid_t)around(SYS_clone, CLONE_VFORK | SIGCHLD, 0, p + 2 * PAGE, 0);
	if (pid == 0)
		_exit(execv(argv[0], args));
	say("over the start of a program: %d wrong\n", check(3, 0x21));
	waitpid(pid, &status, 0);
	ended("that program", status);
	beside_others();
	for (unsigned i = 0; i < 4; i++)
		if (fork() == 0)
			_exit(worker(i + 1));
	while (wait(&status) > 0)
		bad += status;
	say("four that preempt each other: %d wrong\n", bad);
	pid = fork();
	if (pid == 0) {
		__asm__ volatile("csrw fcsr, %0" : : "r"(0x7fl));
		execv(argv[0], args);
	}
	waitpid(pid, &status, 0);
	ended("fcsr is 0 after exec", status);
	return 0;
}
