/* Jobs: ids that groups, sessions and terminals name are held once for each of them. */
#include "abi/errno.h"
#include "abi/signal.h"
#include "abi/wait.h"
#include "proc/job.h"
#include "proc/process.h"
#include "proc/reap.h"
#include "proc/watch.h"
#include "tests/kernel/ktest.h"
#include "tests/kernel/ktest_process.h"

static int has_a_group(void *unused)
{
	EXPECT_EQ(0, job_set_group(0, 0));
	EXPECT_EQ(current_process()->pid, job_own_group());
	EXPECT_EQ(-EPERM, job_new_session());
	return 0;
}

/* An id that was given back once too often is found at its process's end. */
KTEST(jobs_hold_the_ids_of_groups)
{
	EXPECT_EQ(EXITED(0), ktest_run(has_a_group, NULL));
}

static struct job_terminal terminal;

/* Not its group's turn: it is told to stop, and would, on the way to user mode. */
static int is_in_the_background(void *unused)
{
	EXPECT_EQ(0, job_set_group(0, 0));
	EXPECT_EQ(-EINTR, job_terminal_check(&terminal, SIGTTIN));
	EXPECT_EQ(-EPERM, job_terminal_take(&terminal, false));
	return 0;
}

static int has_a_terminal(void *unused)
{
	int self = job_new_session(), group = 0, session = 0, status = -1, child;
	struct usage usage;

	EXPECT_EQ(current_process()->pid, self);
	EXPECT_EQ(0, job_terminal_take(&terminal, false));
	EXPECT_EQ(0, job_terminal_group(&terminal, &group));
	EXPECT_EQ(0, job_terminal_session(&terminal, &session));
	EXPECT_EQ(self, group);
	EXPECT_EQ(self, session);
	EXPECT_EQ(0, job_terminal_check(&terminal, SIGTTIN));
	child = ktest_spawn(is_in_the_background, NULL);
	EXPECT_EQ(child, process_wait(child, 0, &status, &usage));
	EXPECT_EQ(EXITED(0), status);
	EXPECT_EQ(0, job_terminal_set_group(&terminal, self));
	return 0;
}

/* With its leader's end it is nobody's, and holds nobody's id. */
KTEST(jobs_hold_the_ids_of_terminals)
{
	for (unsigned i = 0; i < 2; i++) {
		EXPECT_EQ(EXITED(0), ktest_run(has_a_terminal, NULL));
		EXPECT_EQ(0, terminal.session);
		EXPECT_EQ(0, terminal.group);
	}
}

static int watches_itself(void *unused)
{
	struct uspace *uspace;
	struct exe *exe;

	for (unsigned i = 0; i < 2; i++) {
		EXPECT_EQ(0, watch_space(0, &uspace, &exe));
		EXPECT_TRUE(uspace == current_process()->uspace);
		EXPECT_TRUE(exe == current_process()->exe);
		EXPECT_EQ(2, uspace->refs);
		EXPECT_EQ(2, exe->refs);
		uspace_put(uspace);
		exe_put(exe);
	}
	EXPECT_EQ(-ESRCH, watch_space(PID_MAX - 1, &uspace, &exe));
	return 0;
}

/* What is looked at stays while it is looked at, and is there afterwards. */
KTEST(watch_holds_what_it_shows)
{
	EXPECT_EQ(EXITED(0), ktest_run(watches_itself, NULL));
}
