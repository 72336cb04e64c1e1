package gate

import (
	"fmt"
	"regexp"
	"strings"
)

// The linker is the proof that nothing allocates implicitly: the compiler's calls into the allocating half of the
// runtime have no definition. This file turns ld's report into advice.

// cause explains one family of undefined runtime functions.
type cause struct {
	pattern   *regexp.Regexp
	what, fix string
}

var causes = []cause{
	{re(`newobject`), "allocates implicitly", "take the object from a typed slab cache (mem.Cache), or keep the local from escaping (go build -gcflags=-m shows why it does)"},
	{re(`makeslice(64|copy)?`), "allocates a slice implicitly", "use mem.AllocBytes, frames, or a fixed-size array"},
	{re(`growslice\w*`), "grows a slice by append", "write into a buffer of known capacity"},
	{re(`(concatstring\w*|intstring|rawstring\w*)`), "builds a string", "write the parts into a byte buffer (klog.Format)"},
	{re(`(slicebytetostring|stringtoslicebyte|slicerunetostring|stringtoslicerune)`), "converts between string and slice, which copies into new memory", "keep one of the two types, or use unsafe.String over memory that lives long enough"},
	{re(`convT\w*`), "puts a value into an interface, which allocates", "pass a pointer to an object that lives long enough, or a concrete type"},
	{re(`(mapassign|mapaccess|mapdelete|mapiter|mapclear|makemap|mapclone)\w*`), "uses a map", "use ds.HashTable, ds.RBTree or ds.Radix"},
	{re(`\w*hash\w*`), "uses a map or a hash of a value", "use ds.HashTable with a hash of your own"},
	{re(`(makechan|chansend|chanrecv|closechan|select|chan)\w*`), "uses a channel", "use sched.WaitQueue, sched.Completion or a ds.Ring under a lock"},
	{re(`newproc\w*`), "starts a goroutine", "use sched.Go"},
	{re(`(deferproc|deferprocat)`), "defers in a loop, which allocates", "unlock or undo explicitly"},
	{re(`(typeAssert|assertE2I|assertI2I|interfaceSwitch|getitab)\w*`), "asserts one interface type to another dynamically", "assert to a concrete type, or add the method to the interface"},
	{re(`(f(add|sub|mul|div|neg|eq|gt|ge|cmp|to)|f?int|f?uint)\w*(32|64)\w*`), "uses floating point", "use integer or fixed-point arithmetic"},
	{re(`(memhash|strhash|f32hash|f64hash)\w*`), "hashes a value for a map", "use ds.HashTable"},
	{re(`\w+`), "needs a part of the Go runtime that the kernel does not have", "avoid the construct, or define the function in kernel/rt if it can work without allocation"},
}

func re(s string) *regexp.Regexp { return regexp.MustCompile(`^(` + s + `)$`) }

var (
	undefinedRef = regexp.MustCompile("^(?:\\S*ld(?:\\.bfd)?: )?(.*?): (?:more )?undefined references? to [`'](.+?)'(?: follow)?$")
	inFunction   = regexp.MustCompile("in function [`'](.+?)':$")
)

// LdLog reads what ld wrote on standard error and returns one finding per undefined symbol and place, and the
// lines that are about something else.
func LdLog(log string) (out []Finding, rest []string) {
	fn := ""
	seen := make(map[Finding]bool)
	for _, line := range strings.Split(log, "\n") {
		line = strings.TrimRight(line, "\r")
		if line == "" {
			continue
		}
		if m := undefinedRef.FindStringSubmatch(line); m != nil {
			f := explain(fn, m[1], m[2])
			if !seen[f] {
				seen[f] = true
				out = append(out, f)
			}
			continue
		}
		if m := inFunction.FindStringSubmatch(line); m != nil {
			fn = m[1]
			continue
		}
		rest = append(rest, line)
	}
	return out, rest
}

// explain puts one undefined reference in words.
func explain(fn, where, symbol string) Finding {
	name, ok := strings.CutPrefix(symbol, "runtime.")
	if !ok {
		return Finding{Func: fn, Where: where, What: "refers to " + symbol + ", which nothing defines", Fix: "define it, or export it to the linker"}
	}
	for _, c := range causes {
		if c.pattern.MatchString(name) {
			return Finding{Func: fn, Where: where, What: fmt.Sprintf("%s (%s)", c.what, symbol), Fix: c.fix}
		}
	}
	return Finding{Func: fn, Where: where, What: "refers to " + symbol + ", which nothing defines"}
}
