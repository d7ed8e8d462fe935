/* SPDX-License-Identifier: MIT */
/* The start of System V IPC. */
#include "linux/sysv/sysv.h"

#include "linux/sysv/msg.h"
#include "linux/sysv/sem.h"
#include "linux/sysv/shm.h"

void sysv_init(void)
{
	sysv_shm_init();
	sysv_sem_init();
	sysv_msg_init();
}

void sysv_find_held(void)
{
	sysv_shm_find_held();
}
