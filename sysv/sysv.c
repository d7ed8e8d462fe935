/* SPDX-License-Identifier: MIT */
/* The start of System V IPC. */
#include "sysv/sysv.h"

#include "sysv/msg.h"
#include "sysv/sem.h"
#include "sysv/shm.h"

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
