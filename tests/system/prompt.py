#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The prompt: what is typed and what comes of it, in windows of 80 and of 20 columns and without a terminal."""

import os
import re
import subprocess
import time

from lib.guest import BUILD, PATIENCE, PROBE, ROOT, folder, run_raw, runner
from lib.processes import children, cpu_seconds, left_alive
from lib.prompt import CTRL, DELETE, DOWN, END, ERASE, HOME, LEFT, UP, Prompt
from lib.pty import hang_up
from lib.tap import case, equal, has, lacks, long_case, main

def without_terminal(text, options=()):
    """Runs the prompt with a text on standard input; gives (status, output, errors)."""
    done = subprocess.run(**runner([*options, "--", "sh"]), input=text, capture_output=True, timeout=PATIENCE, check=False)
    return done.returncode, done.stdout, done.stderr


@case
def a_line_is_run_and_ctrl_d_leaves():
    for columns in (80, 20):
        prompt = Prompt(columns)
        equal("one", prompt.do("echo one"))
        equal("a  b c d e f" if columns == 80 else "a  b",
              prompt.do("echo 'a  b' \"c d\" e\\ f" if columns == 80 else "echo 'a  b'"))
        prompt.send(CTRL["D"])
        equal(0, prompt.end(), "status")


@case
def pipes_and_redirections():
    prompt = Prompt()
    equal("", prompt.do("cd /tmp"))
    equal("/tmp", prompt.do("pwd"))
    equal("", prompt.do("echo 1 > f"))
    equal("", prompt.do("echo 2 >> f"))
    equal("1\n2", prompt.do("cat < f | cat | cat"))
    equal("root:x:0:0:root:/:/bin/sh\nroot:x:0:", prompt.do("cat /etc/passwd /etc/group"))
    equal("127.0.0.1 localhost\npasswd: files\ngroup: files\nhosts: files", prompt.do("cat /etc/hosts /etc/nsswitch.conf"))
    equal("", prompt.do("cat nothing 2> e"))
    equal("sh: nothing: No such file or directory", prompt.do("cat e"))
    equal("sh: nothing: No such file or directory", prompt.do("cat < nothing"))
    names = prompt.do("ls").split("\n")
    equal(["f", "e"], [name for name in names if name in ("e", "f", "nothing")], "names in /tmp")
    prompt.send("exit 3\r")
    equal(3, prompt.end(), "status")


@case
def pipelines_are_joined():
    prompt = Prompt(options=["--add", PROBE + ":/bin/probe"])
    for line, answer in (("echo a; echo b | cat ;echo c # ; echo d", "a\nb\nc"),
                         ("cd / && pwd || echo no", "/"),
                         ("nosuch 2> /tmp/e || cat /tmp/e && echo on", "sh: nosuch: not found\non"),
                         ("nosuch 2> /tmp/e && echo never && echo never || echo or", "or"),
                         ("echo one || echo never ; echo two", "one\ntwo"),
                         ("probe exit 3 || probe exit 0 && echo well", "well"),
                         ("echo ';' \"&&\" \\|\\|", "; && ||")):
        equal(answer, prompt.do(line), line)
    # Ctrl-C ends one, and what stands behind it is not run.
    prompt.send("probe sleep ; echo never\r")
    prompt.until(lambda: "\nasleep" in prompt.screen.text(), "that it runs")
    prompt.send(CTRL["C"])
    prompt.shows("")
    lacks(prompt.screen.text(), "\nnever", "screen")
    prompt.send("nosuch ; exit 4\r")
    equal(4, prompt.end(), "status")


@case
def files_and_texts():
    """A line each, with what it prints, standard error included."""
    lines = (("mkdir /d && cd /d && mkdir a b/c", "sh: mkdir: b/c: No such file or directory"),
             ("mkdir -p b/c/e b && ls; ls b", "a/\nb/\nc/"), ("mkdir a", "sh: mkdir: a: File exists"),
             ("mkdir", "usage: mkdir [-p] NAME..."), ("mkdir -x y", "sh: mkdir: unknown option -x\nusage: mkdir [-p] NAME..."),
             ("echo one two > f; echo Three >> f ; echo 'a.b*c$' >> f; echo >> f", ""),
             ("wc f", "       4       4      22 f"), ("wc -l < f; cat f f | wc -w", "       4\n       8"),
             ("wc -c f f", "      22 f\n      22 f\n      44 total"),
             ("wc -c nosuch", "sh: wc: nosuch: No such file or directory"),
             ("grep t f", "one two"), ("grep -in T f", "1:one two\n2:Three"), ("grep -vc o f", "3"),
             ("grep '^T.*e$' f", "Three"), ("grep '^$' f | wc -l", "       1"), ("grep -F '.b*' f", "a.b*c$"),
             ("grep 'a\\.b\\*c\\$' f; grep 'x*ee' f", "a.b*c$\nThree"), ("grep 'xa.b' f || echo none", "none"),
             ("cat f | grep one", "one two"), ("grep Three f f", "f:Three\nf:Three"), ("grep", "usage: grep [-ivncF] PATTERN [FILE...]"),
             ("grep x nosuch", "sh: grep: nosuch: No such file or directory"),
             ("ls -l f b/c | cat > l; grep -v : l", ""), ("ls nosuch", "sh: ls: nosuch: No such file or directory"),
             ("ls f b", "f:\nf\n\nb:\nc/"), ("echo > .hidden; ls -a | grep hid; ls | grep hid", ".hidden"),
             ("rm f l .hidden; ls", "a/\nb/"), ("rm f", "sh: rm: f: No such file or directory"), ("rm -f f", ""),
             ("rm a", "sh: rm: a: Is a directory"), ("rm -rf a b nosuch; ls", ""), ("rm", "usage: rm [-rf] NAME..."),
             ("sleep 0.01 && sleep 0 && echo slept", "slept"), ("sleep 1x || sleep", "usage: sleep SECONDS\nusage: sleep SECONDS"),
             ("stty", "sh: stty: standard input: Inappropriate ioctl for device"),
             ("clear", "sh: clear: the terminal (TERM) does not support it"),
             ("pwd > p; cd /tmp > q; cat /d/p /d/q; pwd", "/d\n/tmp"))
    answers = [row for _, answer in lines for row in answer.split("\n") if row]
    status, out, err = without_terminal("".join(line + "\n" for line, _ in lines).encode(), ["--env", "TERM=dumb"])
    told = [row for row in answers if row.startswith(("sh: ", "usage: "))]
    equal((0, told + [""]), (status, err.decode().split("\n")), "errors")
    equal([row for row in answers if row not in told], [row for row in out.decode().split("\n") if row], "output")
    listing = without_terminal(b"mkdir d; echo 12345 > d/f; ls -l d; ls -l /bin | grep ' sh$'\n")[1].decode()
    size = os.path.getsize(os.path.join(os.environ["FAULTLINE_BUILD"], "user/sh"))
    equal(["-rw-r--r-- 1 6 DATE f", f"-rwxr-xr-x 1 {size} DATE sh", ""],
          [re.sub(r"\d+-\d\d-\d\d \d\d:\d\d", "DATE", re.sub(" +", " ", row)) for row in listing.split("\n")], "ls -l")
    has(listing, time.strftime(" %Y-", time.gmtime()), "this year, of the host's clock")


@case
def stty_shows_and_changes_the_terminal():
    prompt = Prompt()
    sane = prompt.do("stty")
    has(sane, "rows 24; columns 80;\nintr = ^C;", "stty")
    has(sane, "\nisig icanon iexten echo echoe echok -echonl echoctl echoke -noflsh -tostop", "stty")
    equal("24 80\n24 80", prompt.do("stty size | cat; stty size"))
    equal("24 60", prompt.do("stty -echo intr ^X columns 60; stty size > /tmp/s; cat /tmp/s"))
    has(prompt.do("stty"), "intr = ^X;", "stty")
    has(prompt.do("stty"), " -echo ", "stty")
    prompt.send("cat /tmp/s /dev/tty\r")
    prompt.until(lambda: prompt.screen.text().endswith("> cat /tmp/s /dev/tty\n24 60\n"), "cat")
    prompt.send("once\r")
    prompt.until(lambda: "\nonce\n" in prompt.screen.text(), "what cat says")
    prompt.send(CTRL["X"])
    prompt.shows("")
    equal(1, prompt.screen.text().count("once"), "what was typed, without its echo")
    has(prompt.do("stty raw; stty"), "-isig -icanon iexten -echo", "stty raw")
    equal(True, prompt.do("stty sane; stty columns 80; stty") == sane, "stty sane")
    for line, answer in (("stty nosuch", "sh: stty: nosuch: no such mode, or no value for it"),
                         ("stty min", "sh: stty: min: no such mode, or no value for it"),
                         ("stty -echo | cat", "sh: stty: cannot change modes in a pipeline or in the background")):
        equal(answer, prompt.do(line), line)
    prompt.send("clear\r")
    prompt.until(lambda: prompt.screen.text() == prompt.mark, "a clear screen")
    prompt.send(CTRL["D"])
    equal(0, prompt.end(), "status")


@case
def what_cannot_be_run_is_said():
    prompt = Prompt()
    for line, answer in (("nosuch", "sh: nosuch: not found"), ("./nosuch", "sh: ./nosuch: not found"),
                         ("echo 'x", "sh: unterminated ' quote"), ("echo | | cat", "sh: a program is missing before |"),
                         ("echo |", "sh: a program is missing after |"), ("> f", "sh: a program is missing"),
                         ("echo >", "sh: a file name is missing after < or >"), ("# all this", ""), ("", ""),
                         ("echo a ; ; b", "sh: a program is missing before ;"),
                         ("echo a && # b", "sh: a program is missing after &&"),
                         ("echo a || echo b &", "sh: a pipeline after && or || cannot run in the background"),
                         ("cd /nosuch", "sh: /nosuch: No such file or directory"),
                         ("/run/argv", "sh: /run/argv: Permission denied")):
        equal(answer, prompt.do(line), line)
    listed = prompt.do("help")
    has(listed, "walk    PID ADDRESS", "help")
    has(listed, "\nAs elsewhere: ls cat ", "help")
    equal(True, listed.count("\n") < 23, "help fits a screen of 24 lines")
    own = [line.split()[0] for line in listed.partition("\nAs elsewhere")[0].split("\n")]
    for name in own:
        about = prompt.do("help " + name).split("\n")
        equal((name, True), (about[0].split()[0], len(about) > 1), f"help {name}: {about}")
    equal("pwd                      print the working directory\nsh: help: nosuch: no such command",
          prompt.do("help pwd nosuch"), "help COMMAND")
    prompt.send(CTRL["D"])
    equal(0, prompt.end(), "status")


@case
def a_line_is_edited():
    prompt = Prompt()
    prompt.type(b"echo abc", "echo abc")
    prompt.type(LEFT + LEFT + b"x", "echo axbc")
    prompt.type(ERASE + DELETE, "echo ac")
    prompt.type(CTRL["E"] + b"d" + HOME + b"1" + END + b"2", "1echo acd2")
    prompt.type(CTRL["A"] + DELETE, "echo acd2")
    prompt.type(b"\x1bOC" * 4 + CTRL["K"], "echo")
    prompt.type(b" one two  " + CTRL["W"], "echo one")
    prompt.type(LEFT * 4 + CTRL["U"], "one")
    prompt.type(b"\x1b[1;5Z\x1b[200~\x1bx\x01\x00\x1b\x1b[A\x1b[B", "one")
    prompt.type(CTRL["U"] + CTRL["K"] + b"echo done", "echo done")
    prompt.send(CTRL["L"])
    prompt.until(lambda: prompt.screen.text() == "faultline> echo done", "clear screen")
    prompt.send("\r")
    prompt.until(lambda: prompt.screen.text() == "faultline> echo done\ndone\nfaultline>", "answer")
    prompt.send(CTRL["D"])
    equal(0, prompt.end(), "status")


@case
def utf8_is_never_torn():
    prompt = Prompt()
    prompt.type("echo äö漢字é".encode(), "echo äö漢字é")
    prompt.type(LEFT + ERASE, "echo äö漢é")
    prompt.type(LEFT + LEFT + DELETE, "echo ä漢é")
    prompt.type(b"\xff\xc3", "echo ä??漢é")
    prompt.type(ERASE + ERASE + b"x", "echo äx漢é")
    rows = len(prompt.screen.rows)
    prompt.send("\r")
    prompt.until(lambda: len(prompt.screen.rows) > rows + 1 and prompt.screen.row() == prompt.mark, "prompt")
    has(prompt.screen.text(), "\näx漢é\n", "screen")
    prompt.send(CTRL["D"])
    equal(0, prompt.end(), "status")


@case
def history_goes_up_and_down():
    prompt = Prompt()
    for word in ("one", "two", "two"):
        prompt.do("echo " + word)
    prompt.type(b"new", "new")
    prompt.type(UP, "echo two")
    prompt.type(UP, "echo one")
    prompt.type(UP, "echo one")
    prompt.type(DOWN, "echo two")
    prompt.type(DOWN, "new")
    prompt.type(DOWN, "new")
    prompt.type(CTRL["U"] + CTRL["P"] + CTRL["P"] + b"!", "echo one!")
    prompt.cancel()
    prompt.send(CTRL["D"])
    equal(0, prompt.end(), "status")


@case
def tab_completes_commands_and_paths():
    prompt = Prompt()
    # In a folder of its own: the checkout may be in /tmp, and its folder is in the guest, too.
    equal("",
          prompt.do("mkdir -p /tab/sub/deep /tab/suburb; cd /tab; echo x > 'a b'; echo > sub/.hid; echo > sub/漢字; echo > sub/漢語"))
    equal("", prompt.do("mkdir c; echo > c/漢; echo > c/江"))  # two characters that begin with the same byte
    for typed, then in ((b"hel\t", "help"), (b"ec\tone", "echo one"), (b"dem\t", "demo"), (b"/bin/to\t", "/bin/tour"),
                        (b"cat a\t", "cat a\\ b"), (b"cat 'a\t", "cat 'a b'"), (b'cat "\ta\tx', 'cat "a b" x'),
                        (b"ls s\t", "ls sub"), (b"ls sub/d\t", "ls sub/deep/"), (b"ls subu\t|wc -l\t", "ls suburb/|wc -l"),
                        (b"cat < s\t", "cat < sub"), (b"ls > /tab/subu\t", "ls > /tab/suburb/"), (b"cat sub/.h\t", "cat sub/.hid"),
                        ("cat sub/漢\t字\t".encode(), "cat sub/漢字"), (b"cat c\t\t\tx", "cat c/x"), (b"ls; dem\t", "ls; demo"), (b"ls 2> subu\t", "ls 2> suburb/"),
                        (b"nosuch\tx", "nosuchx"), (b"\t\t# comm\t\t", "# comm"), (b"cat nosuch/\t\tx", "cat nosuch/x"),
                        (b"ls subx" + LEFT + b"u\t", "ls suburb/x"), (b"hel x" + LEFT * 2 + b"\t1", "help 1x")):
        prompt.type(typed, then)
        prompt.type(CTRL["E"] + CTRL["U"], "")
    prompt.send(b"ls sub\t")  # two names go on from here: it takes a second Tab to list them
    prompt.shows("ls sub")
    rows = len(prompt.screen.rows)
    prompt.send(b"\t")
    prompt.until(lambda: len(prompt.screen.rows) > rows and prompt.screen.row() == "faultline> ls sub", "the list")
    has(prompt.screen.text(), "> ls sub\nsub/     suburb/\nfaultline>", "screen")
    prompt.send(b"u\t\r")
    prompt.shows("")
    prompt.send(b"wal\t2 1\t\r")  # what is run is what is shown
    prompt.until(lambda: "\nroot" in prompt.screen.text(), "the walk")
    prompt.shows("")
    prompt.send(CTRL["D"])
    equal(0, prompt.end(), "status")


@case
def ctrl_r_searches_the_history():
    for columns in (80, 36):
        prompt = Prompt(columns)
        for line in ("echo alpha", "echo beta", "echo alphabet"):
            prompt.do(line)
        prompt.send(b"new" + CTRL["R"] + b"alp")
        prompt.until(lambda: re.search(r"search: alp > echo alphabet$|^\?: echo alphabet$", prompt.screen.row()), "the last")
        prompt.send(CTRL["R"])
        prompt.until(lambda: prompt.screen.row().endswith(" echo alpha"), "the one before")
        prompt.send(CTRL["R"])
        prompt.until(lambda: re.match(r"not found: alp > echo alpha$|\?! echo alpha$", prompt.screen.row()), "no more")
        prompt.type(CTRL["C"], "new")
        prompt.send(CTRL["R"] + b"bet" + ERASE * 2 + b"eta" + LEFT)
        prompt.shows("echo beta")
        prompt.type(UP, "echo alpha")
        prompt.type(DOWN * 2 + b"!", "echo alphabet!")
        prompt.type(DOWN, "new")
        rows = len(prompt.screen.rows)
        prompt.send(CTRL["R"] + b"bet" + CTRL["R"] + b"\r")
        prompt.until(lambda rows=rows: len(prompt.screen.rows) == rows + 2 and prompt.screen.row() == prompt.mark, "prompt")
        has(prompt.screen.text(), "> echo beta\nbeta\n" + prompt.mark, "screen")
        prompt.send(CTRL["D"])
        equal(0, prompt.end(), "status")


@case
def ctrl_l_asks_for_the_size_of_the_window():
    prompt = Prompt()
    prompt.type(b"echo " + b"0123456789" * 5, "echo " + "0123456789" * 5)
    prompt.type(b"\x1b[24;20R!", "echo " + "0123456789" * 5 + "!")  # nobody has asked
    equal(0, prompt.screen.questions, "questions")
    prompt.send(CTRL["L"])
    prompt.until(lambda: prompt.screen.questions == 1, "the question")
    prompt.send(b"\x1b[12;34R")
    prompt.until(lambda: re.match(r"> \d{8,31}!", prompt.screen.row()), "the line in 34 columns")
    prompt.mark = ">"
    prompt.cancel()
    equal("12 34", prompt.do("stty size"))
    prompt.send(CTRL["D"])
    equal(0, prompt.end(), "status")


@case
def the_prompt_follows_the_window():
    prompt = Prompt()
    prompt.type(b"echo " + b"0123456789" * 5, "echo " + "0123456789" * 5)
    prompt.screen.columns = 34
    prompt.child.setwinsize(12, 34)
    prompt.until(lambda: re.fullmatch(r"> \d{8,31}", prompt.screen.row()), "the line in 34 columns")
    prompt.screen.columns = 90
    prompt.child.setwinsize(50, 90)
    prompt.shows("echo " + "0123456789" * 5)
    prompt.cancel()
    equal("50 90", prompt.do("stty size"))
    equal(0, prompt.screen.questions, "questions")
    prompt.send(CTRL["D"])
    equal(0, prompt.end(), "status")


@case
def a_long_line_in_a_window_of_20_columns():
    prompt = Prompt(20)
    text = "0123456789" * 10
    prompt.send("echo " + text)
    prompt.until(lambda: prompt.screen.row().endswith("789"), "the line's end")
    equal([], [row for row in prompt.screen.text().split("\n") if len(row) > 20], "rows that are too long")
    prompt.type(HOME, "echo 012345678901")
    rows = len(prompt.screen.rows)
    prompt.send(b"\r")
    prompt.until(lambda: len(prompt.screen.rows) > rows + 5 and prompt.screen.row() == prompt.mark, "prompt")
    has(prompt.screen.text().replace("\n", ""), text, "what came")
    prompt.send("exit\r")
    equal(0, prompt.end(), "status")


def wait_for_cat(prompt, line):
    """Types until cat runs: what comes early may be echoed or not, but then the terminal echoes and cat answers."""
    for text, times in ((line, 1), (line + "!", 2)):
        prompt.send(text + "\r")
        prompt.until(lambda text=text, times=times: prompt.screen.text().count("\n" + text) >= times, text)


@case
def ctrl_c_ends_the_program_and_never_the_prompt():
    prompt = Prompt(options=["--add", PROBE + ":/bin/probe"])
    prompt.type(b"echo dropped", "echo dropped")
    prompt.cancel()
    for number, line in enumerate(("cat", "cat | cat | cat", "probe sleep", "probe sleep | cat")):
        prompt.send(line + "\r")
        if line.startswith("cat"):
            wait_for_cat(prompt, f"line {number}")
        else:
            prompt.until(lambda: "\nasleep" in prompt.screen.text().rpartition("faultline>")[2], "that it runs")
        prompt.send(CTRL["C"])
        prompt.shows("")
    prompt.send(CTRL["C"] * 5)
    # Between two lines Ctrl-C drops what was typed before it: what follows is typed when the last of them is over.
    prompt.send("echo over\r")
    prompt.until(lambda: "\nover" in prompt.screen.text(), "over")
    prompt.shows("")
    before = prompt.screen.text().count("> cat\n")
    prompt.send("cat\r" + "\x03")
    prompt.until(lambda: prompt.screen.text().count("> cat\n") > before, "cat")
    prompt.interrupt()
    prompt.send(CTRL["C"] * 3)
    prompt.send(CTRL["U"] + b"echo alive\r")
    prompt.until(lambda: "\nalive" in prompt.screen.text(), "alive")
    prompt.shows("")
    prompt.send("cat\r")
    wait_for_cat(prompt, "last")
    prompt.send(CTRL["\\"])
    prompt.until(lambda: "killed by SIGQUIT" in prompt.screen.text(), "SIGQUIT")
    prompt.shows("")
    lacks(prompt.screen.text(), "\ndropped", "screen")
    prompt.send(CTRL["D"])
    equal(0, prompt.end(), "status")


@case
def typing_goes_to_the_program_that_runs():
    prompt = Prompt()
    prompt.send("cat\r" + "early\r")
    prompt.until(lambda: "\nearly" in prompt.screen.text(), "what was typed before it ran")
    prompt.send("for cat\r")
    prompt.until(lambda: prompt.screen.text().count("\nfor cat") == 2, "echo and cat's own")
    prompt.send(CTRL["D"])
    prompt.shows("")
    prompt.send(CTRL["D"])
    equal(0, prompt.end(), "status")


@long_case
def ctrl_d_that_no_program_reads_hides_no_prompt():
    path = os.path.join(folder("unread"), "data")
    with open(path, "wb") as file:
        file.write(b"0123456789abcde\n" * 40000)  # more than what lies between it and the screen holds
    prompt = Prompt(options=["--add", path + ":/data"])
    prompt.send("cat /data\r")
    prompt.until(lambda: len(prompt.screen.rows) > 100, "some of it")
    prompt.send(CTRL["D"])
    prompt.shows("")
    equal("on", prompt.do("echo on"))
    prompt.send(CTRL["D"])
    equal(0, prompt.end(), "status")


@long_case
def garbage_does_no_harm():
    prompt = Prompt(20)
    noise = bytes((i * 7 + i // 256 * 13) % 256 for i in range(3000))
    noise = noise.translate(None, b"\x01\x04\r\n")
    for at in range(0, len(noise), 300):
        prompt.send(noise[at:at + 300])
        prompt.settle()
    prompt.send(CTRL["C"])
    prompt.shows("")
    for _ in range(12):
        prompt.send(b"x" * 400)
        prompt.settle()
    prompt.send(CTRL["C"] + b"echo still\r")
    prompt.until(lambda: "\nstill" in prompt.screen.text(), "still")
    prompt.shows("")
    prompt.send(CTRL["D"])
    equal(0, prompt.end(), "status")


@case
def trace_says_what_a_cost_is():
    for options, words in ((["--icount"], b"COST is in instructions.\n"), ([], b"COST is in ticks of the host's clock")):
        done = run_raw([*options, "--", "sh", "-c", "trace 1"])
        equal(True, done.out.startswith(words), f"{options}: {done.out}")


@case
def what_looks_at_the_kernel_answers():
    prompt = Prompt()
    for line, word in (("ps", "PARENT"), ("maps", "stack"), ("maps 1", "stack"), ("faults", "fill"),
                       ("free", "page tables"), ("free", "superpages"), ("free", "faults, which filled"), ("trace 3", "COST"), ("walk 2 10000", "root")):
        has(prompt.do(line), word, line)
    equal("sh: maps: x is not a process id", prompt.do("maps x"))
    equal("sh: faults: -1 is not a process id", prompt.do("faults -1"))
    equal("sh: walk: q is not an address", prompt.do("walk 2 q"))
    equal("usage: walk PID ADDRESS", prompt.do("walk"))
    prompt.send(CTRL["D"])
    equal(0, prompt.end(), "status")


@case
def free_tells_why_superpages_were_split():
    """The program makes three, and writes a page of a block that its parent has, and changes a part of two."""
    done = run_raw(["--mem", "96M", "--add", f"{BUILD}/tests/user/huge_counts:/bin/huge_counts", "--", "sh", "-c", "/bin/huge_counts > /dev/null; free"])
    lines = done.out.decode().splitlines()
    has(lines, "superpages          0 now, 3 made, 0 times none was free", "output")
    has(lines, "  split             3: 1 by writes, 2 by parts, 0 pinned, 0 moved, 0 by reclaim", "output")


@case
def R123_the_console_shows_page_tables_vmas_and_frames():
    prompt = Prompt()
    start = re.search(r"^(\w+)-.* elf image$", prompt.do("maps"), re.MULTILINE).group(1)
    walk = prompt.do("walk 2 " + start)
    equal(["root", "middle", "leaf"], re.findall(r"^\w+", walk, re.MULTILINE), "a level a line")
    tables = re.findall(r"table (0x\w+)", walk)
    equal(2, len(tables), "tables below the root")
    for table in tables:
        has(prompt.do("frame " + table), table + " page table", "a table's frame")
    address = re.search(r"frame (0x\w+)", walk).group(1)
    # Two prompts map it: the one that waits and the copy of it that asks. The file keeps a reference.
    equal(address + " of a file, its page 0: mapped by 2 entries, references: 3", prompt.do("frame " + address))
    has(prompt.do("frame 80000000"), "reserved", "the firmware's")
    equal("sh: frame: this address is not in the memory that the kernel uses", prompt.do("frame 1000"))
    equal("usage: frame ADDRESS", prompt.do("frame"))
    equal("sh: frame: 12x is not an address", prompt.do("frame 12x"))
    prompt.send(CTRL["D"])
    equal(0, prompt.end(), "status")


@case
def log_is_what_the_kernel_said():
    prompt = Prompt()
    rows = prompt.do("log | cat").split("\n")
    with open(os.path.join(ROOT, "VERSION"), encoding="ascii") as file:
        version = file.read().strip()
    has(rows[0], f"] boot: Faultline {version} on ", "the oldest line")
    has("\n".join(rows), "console: log continues on port faultline.log", "log")
    equal("", prompt.do("log 0"))
    equal(rows[-2:], prompt.do("log 2").split("\n"), "the last two lines")
    equal("usage: log [N]", prompt.do("log x"))
    prompt.send(CTRL["D"])
    equal(0, prompt.end(), "status")


@case
def the_terminal_is_as_before():
    for typed, status in ((CTRL["D"], 0), (b"exit 5\r", 5), (b"echo half" + b"\x01x", 130)):
        prompt = Prompt(shell=True)
        if typed.endswith(b"x"):
            typed = typed.replace(b"\x01x", b"") + b"\x01x"
        prompt.send(typed)
        equal((status, True), prompt.left(), "status and the same modes")


@case
def process_1_reaps_what_others_have_left():
    """At a terminal it also waits for a new size of the window, and a signal has to end that wait."""
    prompt = Prompt(options=["--add", PROBE + ":/bin/probe"])
    equal("", prompt.do("probe abandon"))
    end = time.monotonic() + PATIENCE
    while " Z " in prompt.do("ps"):
        equal(True, time.monotonic() < end, "it is reaped in the end")
    prompt.send(CTRL["D"])
    equal(0, prompt.end(), "status")


@case
def a_closed_terminal_ends_it():
    prompt = Prompt()
    pid = prompt.child.pid
    hang_up(prompt.child)
    equal([], left_alive([pid]), "still there")


@case
def without_a_terminal_there_is_no_prompt():
    status, out, err = without_terminal(b"echo one\ncat\nfor cat\n")
    equal((0, b"one\nfor cat\n", b""), (status, out, err))
    status, out, err = without_terminal(b"nosuch\necho two | cat\nexit 4\necho three\n")
    equal((4, b"two\n", b"sh: nosuch: not found\n"), (status, out, err))
    status, out, _ = without_terminal(b"\xff\x00\x1b[A'\nnot ended")
    equal((0, b""), (status, out))
    equal(0, without_terminal(b"")[0], "status")


@long_case
def a_line_that_is_too_long_is_not_run():
    line = b"echo " + b"x" * 4092
    status, out, err = without_terminal(line[:-1] + b"\n" + line + b"\necho " + b"y" * 100000 + b"\necho over\n")
    equal((0, line[5:-1] + b"\nover\n"), (status, out), "status and output")
    equal(b"sh: the line has more than 4096 bytes and is not run\n" * 2, err, "errors")
    prompt = Prompt()
    prompt.send(b"echo " * 2000 + b"\r")
    prompt.until(lambda: "\nsh: the line has more than 4096 bytes and is not run\n" in prompt.screen.end(), "why it is not run")
    equal("on", prompt.do("echo on"))
    prompt.send(CTRL["D"])
    equal(0, prompt.end(), "status")


@long_case
def a_paste_loses_nothing():
    prompt = Prompt(options=["--add", PROBE + ":/bin/probe"])
    rows = [f"{number:05} " + "x" * 93 for number in range(400)]
    prompt.send("cat > /tmp/f\r" + "\r".join(rows) + "\r\x04" + "echo over\r")  # cat reads until the Ctrl-D
    prompt.until(lambda: "\nover\n" in prompt.screen.end(), "over")
    equal("     400     800   40000 /tmp/f", prompt.do("wc /tmp/f"), "40 KB of lines")
    equal(True, prompt.do("cat /tmp/f").replace("\n", "") == "".join(rows), "the same lines")
    rows = [row[:60] for row in rows[:80]]
    prompt.send("".join(f"echo {row} >> /tmp/h\r" for row in rows) + "echo so\r")
    prompt.until(lambda: "\nso\n" in prompt.screen.end(), "the last answer")
    equal(rows, prompt.do("cat /tmp/h").split("\n"), "what each line did")
    equal("", prompt.do("stty -icanon -echo"))
    prompt.send("probe head1 > /tmp/g; echo done\r" + "y" * 20000 + "\r")
    prompt.until(lambda: "\ndone\n" in prompt.screen.end(), "done")
    equal("       1       1   20001 /tmp/g", prompt.do("wc /tmp/g"), "a line that is read byte by byte")
    prompt.send(CTRL["D"])
    equal(0, prompt.end(), "status")


@long_case
def megabytes_and_bytes_that_are_no_text_pass():
    data = bytes(range(256)) * 8192
    path = os.path.join(os.environ.get("TMPDIR", "/tmp"), f"faultline-prompt-{os.getpid()}")
    with open(path, "wb") as file:
        file.write(data)
    try:
        status, out, _ = without_terminal(b"cat /data | cat\n", ["--add", path + ":/data"])
        equal((0, True), (status, out == data))
        prompt = Prompt(options=["--add", path + ":/data"])
        prompt.send("cat /data\r")
        prompt.until(lambda: len(prompt.screen.rows) > 100, "some of it")
        prompt.interrupt()
        prompt.send(b"\r" + CTRL["U"] + b"echo over\r")
        prompt.until(lambda: "\nover" in prompt.screen.end(), "over")
        prompt.shows("")  # Ctrl-D before that would be for echo, as long as it runs
        prompt.send(CTRL["D"])
        equal(0, prompt.end(), "status")
    finally:
        os.unlink(path)


def is_idle(machine):
    """Tells whether a process uses next to no processor time while this test uses half a second."""
    before, begun = cpu_seconds(machine), time.process_time()
    while time.process_time() - begun < 0.5:
        pass
    return cpu_seconds(machine) - before < 0.03


@long_case
def an_idle_prompt_needs_no_processor():
    """Under --icount, QEMU spins if the hart's deadline is so far away that it overflows."""
    prompt = Prompt(options=["--icount"])
    machine = children(prompt.child.pid)[0]
    equal(True, any(is_idle(machine) for _ in range(3)), "the machine is idle")
    prompt.send(CTRL["D"])
    equal(0, prompt.end(), "status")


@case
def one_line_as_an_argument():
    done = run_raw(["--", "sh", "-c", "echo a | cat; echo b | cat ; "])
    equal((0, b"a\nb\n"), (done.status, done.out))
    done = run_raw(["--", "sh", "-c", "echo a; | cat"])
    equal((2, b"", b"sh: a program is missing before |\n"), (done.status, done.out, done.err))
    equal(2, run_raw(["--", "sh", "-x"]).status, "status")


if __name__ == "__main__":
    main()
