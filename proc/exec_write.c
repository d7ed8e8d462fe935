/* SPDX-License-Identifier: MIT */
/* Writes the stack of a new image through its pages, as the image's address space is not active yet. */
#include "proc/exec_write.h"

#include "base/random.h"
#include "lib/bits.h"
#include "lib/string.h"
#include "mm/fault/get_user_page.h"

/* Writes from below, and has the page that it writes to. */
struct writer {
	struct space *space;
	vaddr_t to;
	struct page *page; /* of `to`; NULL: it has not got it yet, or there was an error */
	int err;	   /* the first error */
};

/* Returns where the next bytes go, up to the end of the page; NULL after an error. */
static inline void *exec_writer_place(struct writer *writer)
{
	if (!writer->page && !writer->err)
		writer->err =
			get_user_page(writer->space, writer->to, VM_PROT_WRITE, &writer->page);
	if (writer->err)
		return NULL;
	return (char *)page_address(writer->page) + (writer->to & PAGE_MASK);
}

static void exec_writer_put_page(struct writer *writer)
{
	if (writer->page)
		put_user_page(writer->space, writer->page, VM_PROT_WRITE);
	writer->page = NULL;
}

/* So many bytes were written, or would have been. */
static inline void exec_writer_go_on(struct writer *writer, size_t bytes)
{
	writer->to += bytes;
	if (!(writer->to & PAGE_MASK))
		exec_writer_put_page(writer);
}

static void exec_writer_put(struct writer *writer, uint64_t word)
{
	uint64_t *at = exec_writer_place(writer);

	if (at)
		*at = word;
	exec_writer_go_on(writer, sizeof(word));
}

static void exec_writer_copy(struct writer *writer, const void *from, size_t bytes)
{
	while (bytes) {
		size_t part = MIN(bytes, PAGE_SIZE - (writer->to & PAGE_MASK));
		void *at = exec_writer_place(writer);

		if (at)
			memcpy(at, from, part);
		exec_writer_go_on(writer, part);
		from = (const char *)from + part;
		bytes -= part;
	}
}

/* Writes argv, NULL, envp and NULL. A string begins after the NUL of the one before it. */
static void put_pointers(struct writer *writer, const struct exec_stack *stack,
			 const struct exec_args *args)
{
	unsigned left = stack->argc;
	vaddr_t va = stack->strings;
	bool env = false, begins = true;

	for (const struct exec_chunk *chunk = args->first; chunk; chunk = chunk->next) {
		for (size_t i = chunk->start, bytes; i < chunk->used; i += bytes, va += bytes) {
			if (begins && left == 0 && !env) {
				exec_writer_put(writer, 0);
				env = true;
			}
			if (begins) {
				exec_writer_put(writer, va);
				left -= !env;
			}
			bytes = strnlen(chunk->bytes + i, chunk->used - i);
			begins = bytes < chunk->used - i;
			bytes += begins;
		}
	}
	if (!env)
		exec_writer_put(writer, 0);
	exec_writer_put(writer, 0);
}

/* Writes zeros up to the place of the random bytes, then the random bytes. */
static void put_random(struct writer *writer, const struct exec_stack *stack)
{
	uint64_t random[EXEC_RANDOM_BYTES / sizeof(uint64_t)];

	while (writer->to < stack->random)
		exec_writer_put(writer, 0);
	random_bytes(random, sizeof(random));
	exec_writer_copy(writer, random, sizeof(random));
}

/* Writes the strings one after another, and the file name behind them. They begin in the page of `to`, less than 16 bytes above. */
static void write_strings(struct writer *writer, const struct exec_stack *stack,
			  const struct exec_args *args)
{
	writer->to = stack->strings;
	for (const struct exec_chunk *chunk = args->first; chunk; chunk = chunk->next)
		exec_writer_copy(writer, chunk->bytes + chunk->start, chunk->used - chunk->start);
	exec_writer_copy(writer, args->filename, args->filename_bytes);
}

int exec_stack_write(struct space *space, const struct exec_stack *stack,
		     const struct exec_args *args, const struct exec_aux *aux)
{
	struct writer writer = { .space = space, .to = stack->sp };
	struct abi_auxv auxv[EXEC_AUXV_MOST];

	exec_writer_put(&writer, stack->argc);
	put_pointers(&writer, stack, args);
	exec_stack_auxv(stack, aux, auxv);
	exec_writer_copy(&writer, auxv, stack->nauxv * sizeof(auxv[0]));
	put_random(&writer, stack);
	write_strings(&writer, stack, args);
	exec_writer_put_page(&writer);
	return writer.err;
}
