/* SPDX-License-Identifier: MIT */
/* Virtual harts: the machine's one hart runs them by turns. */
#pragma once

#include "strict.h"

#define MAX_HARTS 8u

/* As the SBI's HSM has them. A hart that is started runs at once, as far as others can tell. */
enum hart_state { HART_STARTED = 0, HART_STOPPED = 1, HART_SUSPENDED = 4 };

/* S-mode's registers that the machine has only once. */
struct registers {
	struct frame frame;
	uint64_t pc, status;
	uint64_t stvec, sscratch, sepc, scause, stval, scounteren, senvcfg;
	uint64_t ip,
		ie; /* software and timer interrupts; of the hart with the devices, external ones */
	uint64_t f[32], fcsr;
};

/* A hart as its kernel sees it, where that differs from the machine's registers. */
struct hart {
	uint64_t id;
	unsigned number;
	enum hart_state state;
	bool waits; /* in WFI */
	bool begun; /* it was started once */
	uint64_t satp;
	uint64_t deadline;	/* of its timer, as `time` counts */
	uint64_t instructions;	/* that it has executed, with the option `count` */
	struct registers saved; /* while another one runs */
};

/*
 * For debuggers, at HART_TABLE in physical memory: a magic number ("harts"), the addresses of harts[],
 * of options.harts and of `running`, the size of a struct hart, and the offsets in it of id, state,
 * waits, satp, and of pc and status of the saved registers, each of 64 bits.
 */
#define HART_TABLE	 0x8001f100ul
#define HART_TABLE_MAGIC 0x7374726168ul

extern struct hart harts[MAX_HARTS];
extern struct hart *running;

#define for_each_hart(hart) for ((hart) = harts; (hart) < harts + options.harts; (hart)++)

/* A set of harts: a bit for each number. */
typedef uint32_t hart_set;

/* The harts get their numbers and ids, and all but the boot hart are stopped. */
void harts_init(void);

/* The boot hart begins at `pc` with these in a0 and a1; its frame is filled. */
void hart_boot(struct frame *frame, uint64_t pc, uint64_t argument);

/*
 * Turns the SBI's mask of hart ids into a set. Returns false if it names a hart that there is not.
 */
bool harts_of(uint64_t mask, uint64_t base, hart_set *ret);

/* NULL: no hart has this id. */
struct hart *hart_by_id(uint64_t id);

/* Another hart, which is stopped, begins. */
void hart_start(struct hart *hart, uint64_t pc, uint64_t argument);

/* The running hart stops, or waits for an interrupt that it has enabled. Another one may run at once. */
void hart_stop(void);
void hart_wait(enum hart_state state);

/* The running hart waits in a loop for what another one does, which may go on at once. */
void hart_pause(void);

/* Sets or clears the software interrupt of a hart. */
void hart_interrupt(struct hart *hart, bool on);

/* The running hart's timer; the machine timer's interrupt; a device's interrupt while another hart runs. */
void timer_set(uint64_t when);
void timer_due(void);
void device_due(void);

/* Called at the end of each trap: another hart may go on, with its frame in *frame. */
void harts_switch(struct frame *frame, bool is_timer);
