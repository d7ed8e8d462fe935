/* SPDX-License-Identifier: MIT */
/* What start.S and payload.c know of each other. */
#pragma once

#include "lib/types.h"
#include "tools/strict/csr.h"
#include "tools/strict/pte.h"

/* Accesses that may trap. Each returns the cause, or -1 if it does not trap. */
long try_load(uint64_t va, uint64_t *value);
long try_store(uint64_t va, uint64_t value);
long try_amo(uint64_t va, uint64_t value);
long try_lr(uint64_t va);
long try_fetch(uint64_t function);
long try_stimecmp(void);
/* Runs code of a user page in user mode, until it traps. */
long try_user(uint64_t code);

/* FENCE.I and a return, in a page of their own. */
extern char fence_i_page[];

/* Stores the value by one kind of instruction; those of fewer bytes store its lower part. */
void store_sd(uint64_t *slot, uint64_t value);
void store_sw(uint64_t *slot, uint64_t value);
void store_sh(uint64_t *slot, uint64_t value);
void store_sb(uint64_t *slot, uint64_t value);
void store_c_sd(uint64_t *slot, uint64_t value);
void store_c_sw(uint64_t *slot, uint64_t value);
void store_swap(uint64_t *slot, uint64_t value);
void store_and(uint64_t *slot, uint64_t value);
void store_cas(uint64_t *slot, uint64_t value);

/* ---- other harts (start.S) ---- */

struct box {
	uint64_t recover; /* where a load goes on that has trapped */
	volatile uint64_t command, argument, result;
	char stack[8192 - 4 * sizeof(uint64_t)];
} __attribute__((aligned(16)));

extern char second_start[];
void second(struct box *box) __attribute__((noreturn));
uint64_t second_load(struct box *box, uint64_t va);
void fpu_store(uint64_t *to, uint64_t value);
void fpu_fill(uint64_t value);
uint64_t fpu_sum(void);
void add_lr_sc(uint64_t *word);

/* Of the last trap. */
extern int64_t last_cause;
extern uint64_t last_tval, last_status, last_epc;

/* ---- what the tests have in common (payload.c) ---- */

#define RWX  (PTE_V | PTE_R | PTE_W | PTE_X | PTE_A | PTE_D)
#define TEXT (RWX & ~PTE_W)
#define RW   (PTE_V | PTE_R | PTE_W | PTE_A | PTE_D)
#define RO   (PTE_V | PTE_R | PTE_A | PTE_D)

#define GIB    (1ul << 30)
#define MIB2   (1ul << 21)
#define WINDOW (4 * GIB) /* what the tests map */
#define NONE   (-1l)
#define POOL   0x80100000ul /* the firmware's shadow tables */
#define FW     0x80000000ul

/* Extensions. */
#define BASE   0x10
#define TIME   0x54494d45
#define IPI    0x735049
#define RFENCE 0x52464e43
#define HSM    0x48534d
#define SRST   0x53525354
#define DBCN   0x4442434e
#define STRICT 0x0a737472 /* the firmware's own */

struct sbi_answer {
	long error;
	uint64_t value;
};

/* Calls the SBI; answer(): with two arguments, for the error only. */
struct sbi_answer sbi(uint64_t extension, uint64_t function, uint64_t arg0, uint64_t arg1,
		      uint64_t arg2, uint64_t arg3, uint64_t arg4);
long answer(uint64_t extension, uint64_t function, uint64_t a, uint64_t b);

#define NOT_SUPPORTED	(-2)
#define INVALID_PARAM	(-3)
#define ALREADY		(-6)
#define INVALID_ADDRESS (-5)

/* Makes the test fail. Its first line that fails is printed. */
void check_at(bool is, const char *what, unsigned line);
#define check(x) check_at(x, #x, __LINE__)

/* The root of the page tables, and the device tree. */
extern uint64_t *root;
extern const void *device_tree;

/* Fresh tables in ASID 0, with nothing cached; begin_witnessed(): the kernel has promised, and owes nothing. */
void begin(void);
void begin_witnessed(void);

/* Maps a page, which page_of() has made with this word at its start. used_page(): at WINDOW, loaded once; its entry. */
void map(uint64_t va, const void *page, uint64_t bits);
uint64_t *page_of(uint64_t value);
uint64_t *used_page(uint64_t bits);

/* Loads a word; all ones if that traps. */
uint64_t load(uint64_t va);

void fence_all(void);
void fence_va(uint64_t va);

/* How many findings there were; how many there are at the return to user mode. */
uint64_t findings(void);
uint64_t found(void);

/* ---- several harts (harts.c) ---- */

void hart_states(void);
void harts_in_the_tree(void);
void ipis_by_masks(void);
void timers_of_harts(void);
void instructions_of_harts(void);
void switches_in_critical_sections(void);
void fpu_of_each_hart(void);
void fences_of_harts(void);
void witness_of_harts(void);
void masks_of_harts(void);

/* ---- bad kernels (bad.c) ---- */

/* What a hart does that harms itself only. None returns. */
#define BAD_DEEDS 7u
extern void (*const bad_deeds[BAD_DEEDS])(void);

/* Another hart does this. This one runs for some time, and looks whether all is well for it. */
void watch_bad_deed(unsigned deed);

/* Runs the tests, in S-mode with satp 0. */
void payload(uint64_t hart, uint64_t tree);
