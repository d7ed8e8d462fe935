/* SPDX-License-Identifier: MIT */
/* /proc/sysvipc: a line for each segment, set of semaphores or queue. The cursor is one more than the index from which to go on. */
#include "linux/fs/proc/node.h"
#include "linux/fs/proc/seq.h"
#include "linux/sysv/msg.h"
#include "linux/sysv/sem.h"
#include "linux/sysv/shm.h"

/* The head is at cursor 0. Returns true if it was put. */
static bool put_head(struct seq *seq, uint64_t *cursor, const char *head)
{
	if (*cursor != 0)
		return false;
	seq_put(seq, "%s\n", head);
	*cursor = 1;
	return true;
}

static int shm_record(void *source, void *walk, uint64_t *cursor, struct seq *seq)
{
	struct shm_facts shm;
	int next;

	(void)source, (void)walk;
	if (put_head(
		    seq, cursor,
		    "       key      shmid perms                  size  cpid  lpid nattch   uid   gid  "
		    "cuid  cgid      atime      dtime      ctime                   rss                  "
		    "swap"))
		return 0;
	next = sysv_shm_inspect((int)*cursor - 1, &shm);
	if (next < 0)
		return next;
	*cursor = (uint64_t)next + 1;
	seq_put(seq, "%10d %10d  %4o %21lu %5d %5d  %5lu %5u %5u %5u %5u ", shm.ds.perm.key, shm.id,
		shm.ds.perm.mode, (unsigned long)shm.ds.segsz, shm.ds.cpid, shm.ds.lpid,
		(unsigned long)shm.ds.nattch, shm.ds.perm.uid, shm.ds.perm.gid, shm.ds.perm.cuid,
		shm.ds.perm.cgid);
	seq_put(seq, "%10ld %10ld %10ld %21lu %21lu\n", (long)shm.ds.atime, (long)shm.ds.dtime,
		(long)shm.ds.ctime, (unsigned long)(shm.rss * PAGE_SIZE),
		(unsigned long)(shm.swap * PAGE_SIZE));
	return 0;
}

const struct seq_ops proc_sysvipc_shm_seq = { .record = shm_record };

static int sem_record(void *source, void *walk, uint64_t *cursor, struct seq *seq)
{
	struct sem_facts sem;
	int next;

	(void)source, (void)walk;
	if (put_head(
		    seq, cursor,
		    "       key      semid perms      nsems   uid   gid  cuid  cgid      otime      "
		    "ctime"))
		return 0;
	next = sysv_sem_inspect((int)*cursor - 1, &sem);
	if (next < 0)
		return next;
	*cursor = (uint64_t)next + 1;
	seq_put(seq, "%10d %10d  %4o %10lu %5u %5u %5u %5u %10ld %10ld\n", sem.ds.perm.key, sem.id,
		sem.ds.perm.mode, (unsigned long)sem.ds.nsems, sem.ds.perm.uid, sem.ds.perm.gid,
		sem.ds.perm.cuid, sem.ds.perm.cgid, (long)sem.ds.otime, (long)sem.ds.ctime);
	return 0;
}

const struct seq_ops proc_sysvipc_sem_seq = { .record = sem_record };

static int msg_record(void *source, void *walk, uint64_t *cursor, struct seq *seq)
{
	struct msg_facts msg;
	int next;

	(void)source, (void)walk;
	if (put_head(
		    seq, cursor,
		    "       key      msqid perms      cbytes       qnum lspid lrpid   uid   gid  cuid  "
		    "cgid      stime      rtime      ctime"))
		return 0;
	next = sysv_msg_inspect((int)*cursor - 1, &msg);
	if (next < 0)
		return next;
	*cursor = (uint64_t)next + 1;
	seq_put(seq, "%10d %10d  %4o  %10lu %10lu %5u %5u %5u %5u %5u %5u ", msg.ds.perm.key,
		msg.id, msg.ds.perm.mode, (unsigned long)msg.ds.cbytes, (unsigned long)msg.ds.qnum,
		(unsigned)msg.ds.lspid, (unsigned)msg.ds.lrpid, msg.ds.perm.uid, msg.ds.perm.gid,
		msg.ds.perm.cuid, msg.ds.perm.cgid);
	seq_put(seq, "%10ld %10ld %10ld\n", (long)msg.ds.stime, (long)msg.ds.rtime,
		(long)msg.ds.ctime);
	return 0;
}

const struct seq_ops proc_sysvipc_msg_seq = { .record = msg_record };
