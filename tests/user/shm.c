/* SPDX-License-Identifier: MIT */
/* /dev/shm: shm_open, sem_open and what they leave there. */
#include "t.h"

#include <dirent.h>
#include <semaphore.h>

static void memory(void)
{
	struct stat st;
	char *m;
	int fd = shm_open("/shm.test", O_CREAT | O_EXCL | O_RDWR, 0600);

	result("shm_open", fd >= 0);
	TRY(shm_open("/shm.test", O_CREAT | O_EXCL | O_RDWR, 0600));
	TRY(shm_open("/shm.none", O_RDWR, 0));
	TRY(shm_open("shm/slash", O_CREAT | O_RDWR, 0600));
	TRY(ftruncate(fd, 2 * PAGE));
	m = mmap(NULL, 2 * PAGE, RW, MAP_SHARED, fd, 0);
	strcpy(m, "from the parent");
	TRY(stat("/dev/shm/shm.test", &st));
	say("%o, %ld bytes\n", st.st_mode, (long)st.st_size);
	if (fork() == 0) {
		int again = shm_open("shm.test", O_RDWR, 0);
		char *n = mmap(NULL, 2 * PAGE, RW, MAP_SHARED, again, 0);

		say("a child reads: %s\n", n);
		strcpy(n + PAGE, "from the child");
		_exit(0);
	}
	wait(NULL);
	say("and writes: %s\n", m + PAGE);
	TRY(shm_unlink("/shm.test"));
	TRY(shm_unlink("/shm.test"));
	say("still there: %s\n", m);
}

static void semaphores(void)
{
	sem_t *sem = sem_open("/sem.test", O_CREAT | O_EXCL, 0600, 1);
	int value = -1;

	result("sem_open", sem != SEM_FAILED);
	TRY(sem_open("/sem.test", O_CREAT | O_EXCL, 0600, 1) == SEM_FAILED && errno == EEXIST);
	TRY(sem_open("/sem.none", 0) == SEM_FAILED && errno == ENOENT);
	TRY(access("/dev/shm/sem.sem.test", F_OK));
	TRY(sem_trywait(sem));
	TRY(sem_trywait(sem));
	if (fork() == 0) {
		sem_t *theirs = sem_open("/sem.test", 0);

		TRY(sem_post(theirs));
		TRY(sem_post(theirs));
		_exit(0);
	}
	wait(NULL);
	TRY(sem_getvalue(sem, &value));
	say("value %d\n", value);
	TRY(sem_wait(sem));
	TRY(sem_close(sem));
	TRY(sem_unlink("/sem.test"));
	TRY(sem_unlink("/sem.test"));
}

int main(void)
{
	struct dirent *entry;
	struct stat st;
	int names = 0;
	DIR *dir;

	TRY(stat("/dev/shm", &st));
	say("a directory for all: %o\n", st.st_mode);
	memory();
	semaphores();
	dir = opendir("/dev/shm");
	while ((entry = readdir(dir)))
		names += entry->d_name[0] != '.';
	say("left there: %d\n", names);
	return 0;
}
