/* SPDX-License-Identifier: MIT */
/* R74: bad images: what execve refuses, and what is killed past the point of no return; nobody
 * else is harmed. */
#include "elf_make.h"

/*
 * Where Linux goes past the point of no return before it sees what is wrong, refusing is as good
 * as killing.
 * An image that overlaps itself may even run.
 */
static void try_late(const char *what, int may_run)
{
	int status;

	save_image("elf.tmp");
	status = run_image("./elf.tmp");
	if (status == -ENOEXEC || status == -EINVAL || status == -ENOMEM ||
	    (status > 0 && WIFSIGNALED(status)) || (may_run && status == 42 << 8))
		say("%s: no harm\n", what);
	else
		say("%s: %d, %#x\n", what, -status, (unsigned)status);
}

#define LATE(what, change)         \
	do {                       \
		fresh_image();     \
		change;            \
		try_late(what, 0); \
	} while (0)

#define OVER(what, change)         \
	do {                       \
		fresh_image();     \
		change;            \
		try_late(what, 1); \
	} while (0)

int main(void)
{
	CASE("as it should be", (void)0);
	CASE("empty file", img.size = 0);
	CASE("3 bytes", img.size = 3);
	CASE("half a header", img.size = 32);
	CASE("no program headers in the file", img.size = 64);
	CASE("half a program header", img.size = 64 + 28);
	CASE("bad magic", img.eh.e_ident[0] = 0x7e);
	CASE("text file", memcpy(img.bytes, "hello\n", 6));
	CASE("32 bits", img.eh.e_ident[EI_CLASS] = ELFCLASS32);
	CASE("x86-64", img.eh.e_machine = EM_X86_64);
	CASE("no machine", img.eh.e_machine = 0);
	CASE("relocatable", img.eh.e_type = ET_REL);
	CASE("core", img.eh.e_type = ET_CORE);
	CASE("type 0", img.eh.e_type = 0);
	CASE("no headers", img.eh.e_phnum = 0);
	CASE("too many headers", img.eh.e_phnum = 0xffff);
	CASE("more headers than a page has", headers(74));
	CASE("more than the file has", img.eh.e_phnum = 40);
	CASE("headers of 55 bytes", img.eh.e_phentsize = 55);
	CASE("headers of 32 bytes", img.eh.e_phentsize = 32);
	CASE("headers beyond the file", img.eh.e_phoff = 0x100000);
	CASE("headers at the end of the world", img.eh.e_phoff = -64ul);
	CASE("headers at 2^63", img.eh.e_phoff = 1ul << 63);
	LATE("nothing to load", img.ph[0].p_type = PT_NOTE);
	LATE("more in the file than in memory", img.ph[0].p_memsz = 16);
	LATE("file size overflows", img.ph[0].p_filesz = img.ph[0].p_memsz = -1ul);
	LATE("file size of 2^63", img.ph[0].p_filesz = img.ph[0].p_memsz = 1ul << 63);
	LATE("memory size overflows", img.ph[0].p_memsz = -1ul);
	LATE("memory size of 2^63", img.ph[0].p_memsz = 1ul << 63);
	LATE("memory size of 256 GiB", img.ph[0].p_memsz = 1ul << 38);
	LATE("in the kernel", img.ph[0].p_vaddr = 0xffffffff80000000);
	LATE("above the low half", img.ph[0].p_vaddr = 0x4000000000);
	LATE("end wraps round", (img.ph[0].p_vaddr = -PAGE, img.ph[0].p_memsz = 2 * PAGE));
	LATE("offset not congruent", img.ph[0].p_vaddr = BASE + 16);
	LATE("entry in a hole", img.eh.e_entry = BASE + 64 * PAGE);
	LATE("entry 0", img.eh.e_entry = 0);
	LATE("entry in the kernel", img.eh.e_entry = 0xffffffff80000000);
	LATE("entry in data", (img.eh.e_entry = BASE + PAGE + CODE,
			       segment(1, PF_R | PF_W, 0, BASE + PAGE, CODE + 64, CODE + 64)));
	LATE("text not executable", img.ph[0].p_flags = PF_R);
	LATE("text of no rights", img.ph[0].p_flags = 0);
	LATE("offset beyond the file", img.ph[0].p_offset = 0x100000);
	LATE("truncated text",
	     (img.ph[0].p_offset = 0, img.ph[0].p_filesz = img.ph[0].p_memsz = 8 * PAGE,
	      img.eh.e_entry = BASE + 4 * PAGE));
	OVER("second over the first", segment(1, PF_R | PF_X, 0, BASE, CODE + 64, CODE + 64));
	OVER("second below the first", segment(1, PF_R, 0, BASE - PAGE, PAGE, PAGE));
	fresh_image();
	save_as("elf2.tmp", 0644);
	say("not executable: %s\n", strerrorname_np(-run_image("./elf2.tmp")));
	say("a folder: %s\n", strerrorname_np(-run_image("/")));
	say("missing: %s\n", strerrorname_np(-run_image("./none.tmp")));
	say("through a file: %s\n", strerrorname_np(-run_image("./elf.tmp/x")));
	say("a device: %s\n", strerrorname_np(-run_image("/dev/null")));
	CASE("and a good one runs still", (void)0);
	return 0;
}
