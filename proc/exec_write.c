/* SPDX-License-Identifier: MIT */
/* Writes the stack of a new image with vm_copy_to(), as the image's address space is not active yet. */
#include "proc/exec_write.h"

#include "base/random.h"
#include "lib/bits.h"
#include "lib/string.h"
#include "mm/fault/get_user_page.h"

/* Words on their way to the stack, written when the buffer is full. */
struct writer {
	struct space *space;
	vaddr_t to;
	unsigned count;
	int err; /* the first error */
	uint64_t words[64];
};

static void exec_writer_flush(struct writer *writer)
{
	size_t bytes = writer->count * sizeof(writer->words[0]);

	if (!writer->err && bytes)
		writer->err = vm_copy_to(writer->space, writer->to, writer->words, bytes);
	writer->to += bytes;
	writer->count = 0;
}

static void exec_writer_put(struct writer *writer, uint64_t word)
{
	writer->words[writer->count++] = word;
	if (writer->count == ARRAY_SIZE(writer->words))
		exec_writer_flush(writer);
}

/* Writes the chunks one after another. */
static int write_strings(struct space *space, vaddr_t to, const struct exec_args *args)
{
	for (const struct exec_chunk *chunk = args->first; chunk; chunk = chunk->next) {
		size_t bytes = chunk->used - chunk->start;
		int err = vm_copy_to(space, to, chunk->bytes + chunk->start, bytes);

		if (err)
			return err;
		to += bytes;
	}
	return 0;
}

/* Writes argv, NULL, envp and NULL. A string begins after the NUL of the one before it. */
static void put_pointers(struct writer *writer, const struct exec_stack *stack,
			 const struct exec_args *args)
{
	unsigned left = stack->argc;
	vaddr_t va = stack->strings;
	bool env = false, begins = true;

	for (const struct exec_chunk *chunk = args->first; chunk; chunk = chunk->next) {
		for (size_t i = chunk->start; i < chunk->used; i++, va++) {
			if (begins && left == 0 && !env) {
				exec_writer_put(writer, 0);
				env = true;
			}
			if (begins) {
				exec_writer_put(writer, va);
				left -= !env;
			}
			begins = chunk->bytes[i] == '\0';
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

	while (writer->to + writer->count * sizeof(writer->words[0]) < stack->random)
		exec_writer_put(writer, 0);
	random_bytes(random, sizeof(random));
	for (unsigned i = 0; i < ARRAY_SIZE(random); i++)
		exec_writer_put(writer, random[i]);
}

static int write_tables(struct space *space, const struct exec_stack *stack,
			const struct exec_args *args, const struct exec_aux *aux)
{
	struct abi_auxv auxv[EXEC_AUXV_MOST];
	struct writer writer;

	/* Not `words`: they are filled before they are written. */
	writer.space = space;
	writer.to = stack->sp;
	writer.count = 0;
	writer.err = 0;
	exec_writer_put(&writer, stack->argc);
	put_pointers(&writer, stack, args);
	exec_stack_auxv(stack, aux, auxv);
	for (unsigned i = 0; i < stack->nauxv; i++) {
		exec_writer_put(&writer, auxv[i].type);
		exec_writer_put(&writer, auxv[i].value);
	}
	put_random(&writer, stack);
	exec_writer_flush(&writer);
	return writer.err;
}

int exec_stack_write(struct space *space, const struct exec_stack *stack,
		     const struct exec_args *args, const struct exec_aux *aux)
{
	int err = write_tables(space, stack, args, aux);

	if (!err)
		err = write_strings(space, stack->strings, args);
	if (!err)
		err = vm_copy_to(space, stack->filename, args->filename, args->filename_bytes);
	return err;
}
