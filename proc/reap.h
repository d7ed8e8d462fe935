/* The end of processes: exit, and wait4. */
#pragma once

#include "lib/types.h"
#include "proc/usage.h"

/* Ends the running process; status as wait4 packs it (ABI_W_*). => no lock held */
void process_exit(int status) __attribute__((noreturn));

/*
 * wait4(2): waits for a child that ended (WUNTRACED: or stopped; WCONTINUED: or went on): its pid, 0 (WNOHANG and none has), -ECHILD, -EINTR,
 * -EINVAL, -ESRCH. pid > 0: that one; -1: any; 0: of the caller's group; below: of the group -pid. The results are written only where a pid is returned; a child that ended is gone then. Its usage
 * includes its children's.
 */
long process_wait(int pid, unsigned options, int *status_ret, struct usage *usage_ret);
