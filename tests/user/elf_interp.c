/* SPDX-License-Identifier: MIT */
/* R73 R74: programs with an interpreter (PT_INTERP): where both are, what the auxiliary vector says, and which files are refused. */
#include "elf_make.h"

#include <elf.h>

#define REPORT_FD 9
#define DUMP	  1024 /* bytes of the stack */

/*
 * The interpreter's code, at any address: writes where it runs, and the stack that it was started with, to REPORT_FD;
 * then it exits with 7.
 */
extern const char reporter[], reporter_end[];
__asm__(".pushsection .rodata\n"
	".balign 8\n"
	"reporter:\n"
	"	auipc t0, 0\n"
	"	addi a1, sp, -8\n"
	"	sd t0, 0(a1)\n"
	"	li a0, 9\n"
	"	li a2, 1032\n"
	"	li a7, 64\n"
	"	ecall\n"
	"	li a0, 7\n"
	"	li a7, 94\n"
	"	ecall\n"
	"reporter_end:\n"
	".popsection\n");

/* What the reporter has written. */
static struct {
	uint64_t pc;
	uint64_t words[DUMP / 8];
} dump;

static uint64_t aux(uint64_t type)
{
	uint64_t *word = dump.words + dump.words[0] + 2; /* argc, argv, NULL */

	while (*word++)
		continue; /* envp */
	for (; word[0] != AT_NULL; word += 2)
		if (word[0] == type)
			return word[1];
	return -1ul;
}

static void fresh_interpreter(uint16_t type, uint64_t va)
{
	fresh_image();
	img.eh.e_type = type;
	img.eh.e_entry = va + CODE;
	img.ph[0].p_vaddr = img.ph[0].p_paddr = va;
	memcpy(img.bytes + CODE, reporter, (size_t)(reporter_end - reporter));
}

/* A program at va whose interpreter has this name, of `bytes` bytes. It would exit with 42. */
static void fresh_program_named(uint16_t type, uint64_t va, const char *name, size_t bytes)
{
	size_t at = CODE + 64;

	fresh_image();
	img.eh.e_type = type;
	img.eh.e_entry = va + CODE;
	img.ph[0].p_vaddr = img.ph[0].p_paddr = va;
	img.eh.e_phnum = 2;
	img.ph[1] = (Elf64_Phdr){ PT_INTERP, PF_R, at, va + at, va + at, bytes, bytes, 1 };
	memcpy(img.bytes + at, name, bytes);
	img.size = at + bytes;
	img.ph[0].p_filesz = img.ph[0].p_memsz = img.size;
}

static void fresh_program(uint16_t type, uint64_t va)
{
	fresh_program_named(type, va, "./ld", 5);
}

/* Runs ./prog with room on its stack. Returns as run_image(). */
static int run_program(void)
{
	static char room[2 * DUMP];
	char *args[] = { (char *)(uintptr_t) "zero", (char *)(uintptr_t) "one", NULL },
	     *env[] = { room, NULL };
	int pipes[2], status = -1;
	pid_t pid;

	memset(room, 'r', sizeof(room) - 1);
	memset(&dump, 0, sizeof(dump));
	if (pipe(pipes) != 0)
		exit(95);
	pid = fork();
	if (pid == 0) {
		dup2(pipes[1], REPORT_FD);
		execve("./prog", args, env);
		_exit(100 + errno);
	}
	close(pipes[1]);
	if (read(pipes[0], &dump, sizeof(dump)) < 0)
		result("read", -1);
	close(pipes[0]);
	waitpid(pid, &status, 0);
	if (WIFEXITED(status) && WEXITSTATUS(status) > 100)
		return -(WEXITSTATUS(status) - 100);
	return status;
}

static void tell_end(const char *what, int status)
{
	if (status < 0)
		say("%s: execve: %s\n", what, strerrorname_np(-status));
	else
		ended(what, status);
}

static const char *yes(int truth)
{
	return truth ? "yes" : "no";
}

/* Runs ./prog, and tells where its interpreter, of type `type` at ld_va in its file, has found itself and the program. */
static void report(const char *what, uint64_t va, uint64_t ld_va)
{
	int status = run_program();
	uint64_t base = aux(AT_BASE), bias = aux(AT_ENTRY) - va - CODE;

	tell_end(what, status);
	if (status != 7 << 8)
		return;
	say("  base %s, interpreter where it says %s, program at its address %s\n",
	    base ? "set" : "0", yes(dump.pc == base + ld_va + CODE), yes(bias == 0));
	say("  headers %s, %lu of %lu bytes, biases of whole pages %s, apart %s\n",
	    yes(aux(AT_PHDR) == bias + va + sizeof(Elf64_Ehdr)), aux(AT_PHNUM), aux(AT_PHENT),
	    yes(((base | bias) & (PAGE - 1)) == 0), yes(base + ld_va != bias + va));
	say("  argc %lu, above the program %s, low %s\n", dump.words[0], yes(dump.pc > bias + va),
	    yes(dump.pc < GIB));
}

static void save_ld(void)
{
	save_image("./ld");
}

static void save_program(void)
{
	save_image("./prog");
}

/* A fixed interpreter is where it says, even over the program; another where there is room, and AT_BASE is its bias. */
static void places(void)
{
	static const uint16_t types[] = { ET_EXEC, ET_DYN };

	for (int ld = 0; ld < 2; ld++) {
		for (int prog = 0; prog < 2; prog++) {
			uint64_t va = types[prog] == ET_DYN ? 0 : BASE,
				 ld_va = types[ld] == ET_DYN ? 0 : 0x40000;
			char what[64];

			fresh_interpreter(types[ld], ld_va);
			save_ld();
			fresh_program(types[prog], va);
			save_program();
			snprintf(what, sizeof(what), "%s program, %s interpreter",
				 prog ? "relocatable" : "fixed", ld ? "relocatable" : "fixed");
			report(what, va, ld_va);
		}
	}
	fresh_interpreter(ET_EXEC, BASE);
	save_ld();
	fresh_program(ET_EXEC, BASE);
	save_program();
	report("an interpreter over the program", BASE, BASE);
	fresh_interpreter(ET_DYN, 0x100000);
	save_ld();
	report("an interpreter that names an address", BASE, 0x100000);
	fresh_interpreter(ET_DYN, BASE);
	save_ld();
	report("the program's address", BASE, BASE);
	fresh_program(ET_DYN, 0x5000);
	save_program();
	fresh_interpreter(ET_DYN, 0x100000);
	save_ld();
	report("both name addresses", 0x5000, 0x100000);
}

/* Interpreter and program as they were made, but for a change of one. */
#define LD(what, change)                              \
	do {                                          \
		fresh_interpreter(ET_DYN, 0);         \
		change;                               \
		save_ld();                            \
		tell_end("ld: " what, run_program()); \
	} while (0)

#define PROG(what, change)                              \
	do {                                            \
		fresh_program(ET_EXEC, BASE);           \
		change;                                 \
		save_program();                         \
		tell_end("prog: " what, run_program()); \
	} while (0)

#define NAME(what, name)                                                \
	do {                                                            \
		fresh_program_named(ET_EXEC, BASE, name, sizeof(name)); \
		save_program();                                         \
		tell_end("name: " what, run_program());                 \
	} while (0)

/* Where Linux is past the point of no return before it sees what is wrong, refusing is as good as killing. */
static void too_large(void)
{
	int status;

	fresh_interpreter(ET_DYN, 0);
	img.ph[0].p_memsz = 1ul << 38;
	save_ld();
	status = run_program();
	if (status == -ENOMEM || (status > 0 && WIFSIGNALED(status)))
		say("ld: memory of 256 GiB: no harm\n");
	else
		tell_end("ld: memory of 256 GiB", status);
}

/* A header that cannot be used is ELIBBAD, or EIO if it is cut; what is wrong with types, segments or the entry kills. */
static void bad_interpreters(void)
{
	fresh_program(ET_EXEC, BASE);
	save_program();
	LD("as it should be", (void)0);
	LD("empty", img.size = 0);
	LD("63 bytes", img.size = 63);
	LD("64 bytes", img.size = 64);
	LD("half a program header", img.size = 64 + 28);
	LD("a text", memset(img.bytes, 'x', img.size));
	LD("a script", memcpy(img.bytes, "#!./ld\n", 7));
	LD("another machine", img.eh.e_machine = EM_X86_64);
	LD("32 bits", img.eh.e_ident[EI_CLASS] = ELFCLASS32);
	LD("an object file", img.eh.e_type = ET_REL);
	LD("a core", img.eh.e_type = ET_CORE);
	LD("an object file of another machine", (img.eh.e_type = ET_REL, img.eh.e_machine = 3));
	LD("an object file without headers", (img.eh.e_type = ET_REL, img.eh.e_phnum = 0));
	LD("no program headers", img.eh.e_phnum = 0);
	LD("too many program headers", img.eh.e_phnum = 74);
	LD("more than the file has", img.eh.e_phnum = 40);
	LD("headers of 55 bytes", img.eh.e_phentsize = 55);
	LD("headers beyond the file", img.eh.e_phoff = 0x100000);
	LD("headers at 2^63", img.eh.e_phoff = 1ul << 63);
	LD("nothing to load", img.ph[0].p_type = PT_NOTE);
	LD("nothing in its segment", img.ph[0].p_memsz = img.ph[0].p_filesz = 0);
	LD("more in the file than in memory", img.ph[0].p_memsz = 16);
	LD("memory of 2^63", img.ph[0].p_memsz = 1ul << 63);
	too_large();
	LD("above the low half", img.ph[0].p_vaddr = 1ul << 38);
	LD("in the kernel", img.ph[0].p_vaddr = 0xffffffff80000000);
	LD("offset not congruent", img.ph[0].p_vaddr = 16);
	LD("entry in a hole", img.eh.e_entry = 64 * PAGE);
	LD("entry above the low half", img.eh.e_entry = 1ul << 38);
	LD("entry in the kernel", img.eh.e_entry = 0xffffffff80000000);
	LD("text not executable", img.ph[0].p_flags = PF_R);
	LD("an interpreter of its own, missing",
	   (img.eh.e_phnum = 2,
	    img.ph[1] = (Elf64_Phdr){ PT_INTERP, PF_R, CODE + 64, 0, 0, 5, 5, 1 }));
	LD("an interpreter of its own, of no length",
	   (img.eh.e_phnum = 2,
	    img.ph[1] = (Elf64_Phdr){ PT_INTERP, PF_R, CODE + 64, 0, 0, 0, 0, 1 }));
	LD("an executable stack",
	   (img.eh.e_phnum = 2, img.ph[1] = (Elf64_Phdr){ .p_type = PT_GNU_STACK, .p_flags = 7 }));
	LD("two segments", segment(1, PF_R | PF_W, 0, 64 * PAGE, PAGE / 8, 3 * PAGE));
	LD("the second over the first", segment(1, PF_R, 0, 0, PAGE / 8, PAGE));
	LD("the second below the first",
	   (img.ph[0].p_vaddr = 4 * PAGE, img.eh.e_entry = 4 * PAGE + CODE,
	    segment(1, PF_R, 0, 0, PAGE / 8, PAGE)));
	LD("an alignment of 2 MiB", img.ph[0].p_align = 2 * MIB);
	LD("an alignment of 2^63", img.ph[0].p_align = 1ul << 63);
	fresh_interpreter(ET_DYN, 0);
	save_as("./ld", 0644);
	tell_end("ld: not executable", run_program());
	unlink("./ld");
	tell_end("ld: missing", run_program());
	mkdir("./ld", 0755);
	tell_end("ld: a folder", run_program());
	rmdir("./ld");
}

/* Nobody may have the interpreter open to write: ETXTBSY. */
static void busy(void)
{
	int fd;

	LD("and good again", (void)0);
	fd = open("./ld", O_WRONLY);
	tell_end("ld: open for writing", run_program());
	close(fd);
	tell_end("ld: closed", run_program());
}

/* Of several names the first counts; it has 2 to 4096 bytes with a NUL at the end, else the program is none: ENOEXEC. */
static void bad_programs(void)
{
	fresh_interpreter(ET_DYN, 0);
	save_ld();
	PROG("as it should be", (void)0);
	PROG("length 0", img.ph[1].p_filesz = 0);
	PROG("length 1", img.ph[1].p_filesz = 1);
	PROG("without NUL", img.ph[1].p_filesz = 4);
	PROG("bytes behind the NUL", (img.size += 64, img.ph[1].p_filesz = 60));
	PROG("length 4096", (img.size += 8192, img.ph[1].p_filesz = 4096));
	PROG("length 4097", (img.size += 8192, img.ph[1].p_filesz = 4097));
	PROG("length 2^63", img.ph[1].p_filesz = 1ul << 63);
	PROG("length -1", img.ph[1].p_filesz = -1ul);
	PROG("partly beyond the file", img.ph[1].p_filesz = 6);
	PROG("at the end of the file", img.ph[1].p_offset = img.size);
	PROG("beyond the file", img.ph[1].p_offset = 0x100000);
	PROG("at 2^63 - 1", img.ph[1].p_offset = INT64_MAX);
	PROG("at 2^63", img.ph[1].p_offset = 1ul << 63);
	PROG("at -1", img.ph[1].p_offset = -1ul);
	PROG("a second one, missing",
	     (img.eh.e_phnum = 3, img.ph[2] = img.ph[1], img.ph[2].p_offset = 1));
	PROG("a second one, of no length",
	     (img.eh.e_phnum = 3, img.ph[2] = img.ph[1], img.ph[2].p_filesz = 0));
	PROG("before its segment",
	     (img.ph[2] = img.ph[0], img.ph[0] = img.ph[1], img.ph[1] = img.ph[2]));
	PROG("nothing to load", img.ph[0].p_type = PT_NOTE);
	PROG("entry in the kernel", img.eh.e_entry = 0xffffffff80000000);
	PROG("entry in a hole", img.eh.e_entry = 64 * PAGE);
	PROG("text not executable", img.ph[0].p_flags = PF_R);
	PROG("an alignment of 2 MiB", (img.eh.e_type = ET_DYN, img.ph[0].p_vaddr = 0,
				       img.eh.e_entry = CODE, img.ph[0].p_align = 2 * MIB));
	say("  it is there: %s\n", yes(((aux(AT_ENTRY) - CODE) & (2 * MIB - 1)) == 0));
	PROG("in the kernel", img.ph[0].p_vaddr = 0xffffffff80000000);
	PROG("its own interpreter",
	     (img.eh.e_type = ET_DYN, img.ph[0].p_vaddr = 0, img.eh.e_entry = CODE,
	      memcpy(img.bytes + CODE + 64, "prog", 5)));
	NAME("empty", "\0");
	NAME("a missing file", "./none");
	NAME("a folder", ".");
	NAME("through a file", "./ld/x");
	NAME("a slash behind", "./ld/");
	NAME("a device", "/dev/null");
	NAME("a NUL within", "./ld\0x");
	unlink("./ld");
	PROG("both are wrong", img.ph[0].p_memsz = 16);
	PROG("wrong, and no interpreter", img.eh.e_machine = 3);
}

int main(void)
{
	places();
	bad_interpreters();
	busy();
	bad_programs();
	return 0;
}
