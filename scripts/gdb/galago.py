"""Commands of ours for gdb: threads, processes, page tables, run queues, mounts and the log of a Galago kernel.

They read the kernel's own structures through DWARF, so they need a kernel with symbols and nothing else; the kernel
may be in any state, stopped anywhere. Nothing here writes to the target. Every walk of a list is bounded: the
lists of a broken kernel have no end.

    galago-threads [-q] [ID]   all threads (or one) with state, CPU and back trace; -q: no back traces
    galago-ps                  processes
    galago-pt ADDR [CR3]       the page-table walk of a virtual address, level by level
    galago-runq                run queues
    galago-mounts              mounted file systems
    galago-log [N]             the last N lines of the kernel's log
"""

import gdb

PKG = "galago/"
LIMIT = 100_000  # the longest list that is believed


# ---------------------------------------------------------------- values

def variable(name):
    """A package-level variable, by its path below the module: variable("kernel/sched.allThreads")."""
    return gdb.parse_and_eval("'%s%s'" % (PKG, name))


def go_type(name):
    """A type, by its path below the module."""
    return gdb.lookup_type(PKG + name)


def plain(v):
    """The number in an atomic or named integer: atomic.Int32 and its like keep it in a field v."""
    while v.type.strip_typedefs().code == gdb.TYPE_CODE_STRUCT:
        v = v["v"]
    return int(v)


def deref(pointer, type_name=None):
    """What a pointer points to, or None for nil. An unsafe.Pointer needs the type."""
    if int(pointer) == 0:
        return None
    if type_name is not None:
        pointer = pointer.cast(go_type(type_name).pointer())
    return pointer.dereference()


def memory(address, size):
    """Bytes of the target."""
    return bytes(gdb.selected_inferior().read_memory(address, size))


def word(address):
    """A 64-bit word of the target."""
    return int.from_bytes(memory(address, 8), "little")


def string(v):
    """A Go string."""
    n = int(v["len"])
    if n == 0:
        return ""
    return memory(int(v["str"]), min(n, 4096)).decode("utf-8", "replace")


def c_string(v):
    """A NUL-padded byte array."""
    return memory(int(v.address), v.type.sizeof).split(b"\0")[0].decode("utf-8", "replace")


def chain(pointer, link, type_name=None):
    """The elements of a singly linked list."""
    for _ in range(LIMIT):
        element = deref(pointer, type_name)
        if element is None:
            return
        yield element
        pointer = element[link]
    print("(the list has no end)")


def intrusive(head, link="next"):
    """The owners of the nodes of a ds.List."""
    for node in chain(head["first"], link):
        owner = deref(node["owner"])
        if owner is not None:
            yield owner


# ---------------------------------------------------------------- code

def place(pc):
    """Function and source line of a code address."""
    block = gdb.block_for_pc(pc)
    while block is not None and block.function is None:
        block = block.superblock
    name = block.function.name if block is not None else None
    if name is None:
        words = gdb.execute("info symbol %#x" % pc, to_string=True).split(" in section")[0].strip()
        name = words if not words.startswith("No symbol") else "?"
    line = gdb.find_pc_line(pc)
    if line.symtab is None:
        return name
    return "%s %s:%d" % (name, line.symtab.filename, line.line)


def frames(pc, fp, low, high):
    """The call chain by frame pointers, within a stack, as long as it stays in the kernel."""
    for _ in range(64):
        if not pc >> 63:
            return
        yield pc
        if fp % 8 or not low <= fp <= high - 16:
            return
        saved, pc = word(fp), word(fp + 8)
        if saved <= fp:
            if pc >> 63:
                yield pc
            return
        fp = saved


def print_frames(pcs, indent="      "):
    for n, pc in enumerate(p for p in pcs if p):
        # A return address may lie on the next line already; the call itself does not.
        print("%s#%-2d %#x %s" % (indent, n, pc, place(pc - 1 if n else pc)))


# ---------------------------------------------------------------- CPUs

MASK = (1 << 64) - 1


def number(expression):
    """The value of an expression as an unsigned 64-bit number."""
    return int(gdb.parse_and_eval(expression)) & MASK


def register(name):
    return number("$" + name)


def cpus():
    """(gdb thread, address of the current kernel thread or 0) for every virtual CPU. The selection is kept."""
    chosen = gdb.selected_thread()
    try:
        for t in sorted(gdb.selected_inferior().threads(), key=lambda t: t.num):
            t.switch()
            frame = gdb.newest_frame()
            frame.select()
            yield t, register("r14") if register("pc") >> 63 else 0
    finally:
        if chosen is not None and chosen.is_valid():
            chosen.switch()


STATES = {0: "running", 2: "interruptible", 4: "uninterruptible", 8: "killable", 16: "new", 32: "dead"}


def all_threads():
    return chain(variable("kernel/sched.allThreads"), "nextAll")


def header(t):
    return t["ThreadHeader"]


def pid_of(t):
    """The process number of a thread, or 0 for a kernel thread."""
    task = deref(t["Proc"], "kernel/proc.Task")
    if task is None:
        return 0
    process = deref(task["Proc"])
    return 0 if process is None else int(process["PID"])


def idle_threads():
    """The idle threads are not in the list of all: each CPU owns one."""
    queues, n = variable("kernel/sched.queues"), online()
    for cpu in range(queues.type.range()[1] + 1):
        if n >> cpu & 1:
            t = deref(queues[cpu]["idle"])
            if t is not None:
                yield t


def online():
    return plain(variable("kernel/sched.onlineMask"))


def threads_once():
    seen = set()
    for source in (all_threads(), idle_threads()):
        for t in source:
            if int(t.address) not in seen:
                seen.add(int(t.address))
                yield t


class Command(gdb.Command):
    """A command that says what is missing instead of showing a Python trace."""

    def __init__(self, name):
        super().__init__(name, gdb.COMMAND_DATA)

    def invoke(self, argument, from_tty):
        self.dont_repeat()
        try:
            self.run(gdb.string_to_argv(argument))
        except gdb.MemoryError as e:
            raise gdb.GdbError("cannot read the kernel's memory: %s" % e)
        except (gdb.error, ValueError) as e:
            raise gdb.GdbError(str(e))


class Threads(Command):
    """List kernel threads with state, CPU and back trace: galago-threads [-q] [ID]"""

    def run(self, args):
        quiet = "-q" in args
        only = [int(a, 0) for a in args if a != "-q"]
        running = {}
        for t, current in cpus():
            pcs = []
            frame = gdb.newest_frame()
            while frame is not None and len(pcs) < 40:
                pcs.append(int(frame.pc()) & MASK)
                try:
                    frame = frame.older()
                except gdb.error:
                    break
            if current:
                running[current] = (t.num, pcs)
        print("%6s %-16s %6s %4s %-16s %s" % ("ID", "NAME", "PID", "CPU", "STATE", "ADDRESS"))
        for t in threads_once():
            if only and int(t["ID"]) not in only:
                continue
            h, address = header(t), int(t.address)
            state = STATES.get(plain(t["state"]), "?")
            if state == "running":
                state = "on CPU" if address in running else "ready"
            print("%6d %-16s %6s %4d %-16s %#x" % (int(t["ID"]), c_string(t["name"]), pid_of(t) or "-", int(h["CPU"]), state, address))
            if quiet:
                continue
            if address in running:
                print_frames(running[address][1])
            elif int(h["SP"]):
                low, high = int(h["StackLo"]), int(h["StackHi"])
                if low <= int(h["SP"]) <= high - 8:
                    print_frames(frames(word(int(h["SP"])), int(h["BP"]), low, high))


class Processes(Command):
    """List processes: galago-ps"""

    STATES = {0: "alive", 1: "zombie", 2: "dead"}

    def run(self, args):
        table = variable("kernel/proc.table")
        procs = table["procs"]
        raw = memory(int(procs.address), procs.type.sizeof)
        print("%6s %6s %6s %-8s %4s %-16s %s" % ("PID", "PPID", "PGRP", "STATE", "THR", "COMMAND", "THREADS"))
        for i in range(0, len(raw), 8):
            address = int.from_bytes(raw[i:i + 8], "little")
            if address == 0:
                continue
            p = gdb.Value(address).cast(go_type("kernel/proc.Process").pointer()).dereference()
            parent, group = deref(p["parent"]), deref(p["group"])
            threads = ["%d" % int(t["TID"]) for t in intrusive(p["tasks"])]
            print("%6d %6d %6d %-8s %4d %-16s %s" % (
                int(p["PID"]), int(parent["PID"]) if parent is not None else 0, int(group["ID"]) if group is not None else 0,
                self.STATES.get(int(p["state"]), "?"), int(p["nTasks"]), c_string(p["comm"]), ",".join(threads)))


# ---------------------------------------------------------------- page tables (Intel SDM 3A, section 4.5)

FLAGS = ((0, "P"), (1, "W"), (2, "U"), (3, "PWT"), (4, "PCD"), (5, "A"), (6, "D"), (8, "G"), (63, "NX"))
LEVELS = {5: "PML5E", 4: "PML4E", 3: "PDPTE", 2: "PDE", 1: "PTE"}
ADDRESS = 0x000F_FFFF_FFFF_F000


def physical_word(address):
    """A word of physical memory, through QEMU's own switch, so that broken page tables do not matter."""
    gdb.execute("maintenance packet Qqemu.PhyMemMode:1", to_string=True)
    try:
        return word(address)
    finally:
        gdb.execute("maintenance packet Qqemu.PhyMemMode:0", to_string=True)


def flag_names(entry):
    return "|".join(name for bit, name in FLAGS if entry >> bit & 1) or "0"


class PageTable(Command):
    """Walk the page tables for a virtual address: galago-pt ADDR [CR3]"""

    def run(self, args):
        if not 1 <= len(args) <= 2:
            raise gdb.GdbError("galago-pt ADDR [CR3]")
        va = number(args[0])
        cr3 = number(args[1]) if len(args) == 2 else register("cr3")
        levels = 5 if register("cr4") >> 12 & 1 else 4
        top = 12 + 9 * levels - 1
        print("%#018x  CR3 %#x, %d levels" % (va, cr3, levels))
        if va >> top not in (0, (1 << 64 - top) - 1):
            print("not canonical: a general protection fault")
            return
        self.walk(va, cr3 & ADDRESS, levels)

    def walk(self, va, table, levels):
        user = write = True
        no_execute = False
        for level in range(levels, 0, -1):
            shift = 12 + 9 * (level - 1)
            index = va >> shift & 511
            entry = physical_word(table + 8 * index)
            print("  %-5s [%3d] at %#014x = %#018x  %s" % (LEVELS[level], index, table + 8 * index, entry, flag_names(entry)))
            if not entry & 1:
                print("  not present: a page fault")
                return
            user, write = user and entry >> 2 & 1, write and entry >> 1 & 1
            no_execute = no_execute or entry >> 63
            if level == 1 or level < 4 and entry >> 7 & 1:
                size = 1 << shift
                print("  %#x -> physical %#x (%s page): %s, %s, %s" % (
                    va, (entry & ADDRESS & ~(size - 1)) | va & size - 1, {12: "4 KiB", 21: "2 MiB", 30: "1 GiB"}[shift],
                    "user" if user else "kernel only", "writable" if write else "read-only",
                    "not executable" if no_execute else "executable"))
                return
            table = entry & ADDRESS


# ---------------------------------------------------------------- the rest

class RunQueues(Command):
    """Show what each CPU runs and has to run: galago-runq"""

    def run(self, args):
        queues, mask = variable("kernel/sched.queues"), online()
        ready = {}
        for t in all_threads():
            if int(t["onRQ"]):
                ready.setdefault(int(header(t)["CPU"]), []).append(t)
        print("%4s %4s %8s %10s  %s" % ("CPU", "NR", "LOAD", "SWITCHES", "RUNS; READY"))
        for cpu in range(queues.type.range()[1] + 1):
            if not mask >> cpu & 1:
                continue
            q = queues[cpu]
            current = deref(q["curr"])
            waiting = ["%d %s" % (int(t["ID"]), c_string(t["name"])) for t in ready.get(cpu, [])
                       if current is None or t.address != current.address]
            print("%4d %4d %8d %10d  %s; %s" % (
                cpu, plain(q["nr"]), plain(q["load"]), int(q["switches"]),
                "-" if current is None else "%d %s" % (int(current["ID"]), c_string(current["name"])), ", ".join(waiting) or "-"))


def dentry_path(d):
    """The path of a dentry below the root of its file system."""
    names = []
    for _ in range(256):
        parent = deref(d["parent"])
        if parent is None or parent.address == d.address:
            break
        names.append(string(d["name"]))
        d = parent
    return "/" + "/".join(reversed(names))


def mount_path(m):
    """Where a mount appears in the name space."""
    path = ""
    for _ in range(256):
        parent, point = deref(m["parent"]), deref(m["point"])
        if parent is None or point is None:
            break
        path = dentry_path(point) + path.rstrip("/") if path else dentry_path(point)
        m = parent
    return path or "/"


class Mounts(Command):
    """List mounted file systems: galago-mounts"""

    def run(self, args):
        print("%4s %-20s %-24s %-10s %s" % ("ID", "SOURCE", "MOUNTED ON", "TYPE", "FLAGS"))
        for m in chain(variable("kernel/vfs.mounts"), "next"):
            sb = deref(m["SB"])
            kind = deref(sb["Type"]) if sb is not None else None
            source = memory(int(m["source"]["b"].address), 64)[:int(m["source"]["n"])].decode("utf-8", "replace")
            print("%4d %-20s %-24s %-10s %#x" % (
                int(m["ID"]), source or "none", mount_path(m), string(kind["Name"]) if kind is not None else "?", plain(m["Flags"])))


class Log(Command):
    """Show the kernel's log: galago-log [N]"""

    def run(self, args):
        records = variable("kernel/klog.ring")["records"]
        found = []
        for i in range(records.type.range()[1] + 1):
            r = records[i]
            state = plain(r["state"])  # twice the sequence number; odd while it is being written
            if state and not state & 1:
                length = plain(r["meta"]) & 0xFFFF_FFFF
                text = memory(int(r["text"].address), min(length, r["text"].type.sizeof))
                found.append((state >> 1, plain(r["time"]), text.decode("utf-8", "replace")))
        found.sort()
        for _, ns, text in found[-int(args[0]):] if args else found:
            print("[%5d.%06d] %s" % (ns // 10**9, ns % 10**9 // 1000, text))


Threads("galago-threads")
Processes("galago-ps")
PageTable("galago-pt")
RunQueues("galago-runq")
Mounts("galago-mounts")
Log("galago-log")
