/* The fake machine's one hart and one thread. */
#pragma once

struct hart;
struct arch_thread;

extern struct hart *fake_hart;

static inline struct hart *arch_this_hart(void)
{
	return fake_hart;
}

static inline void arch_hart_set(struct hart *hart)
{
	fake_hart = hart;
}

/* How often it was called. */
extern uint64_t fake_text_syncs;

static inline void arch_icache_sync(void)
{
	fake_text_syncs++;
}

struct arch_thread *arch_this_thread(void);
