/* SPDX-License-Identifier: MIT */
/* The start of System V IPC. */
#include "linux/sysv/sysv.h"

#include "linux/sysv/msg.h"
#include "linux/sysv/sem.h"
#include "linux/sysv/shm.h"

void sysv_init(void)
{
	shm_init();
	sem_init();
	msg_init();
}

void sysv_find_held(void)
{
	shm_find_held();
}
