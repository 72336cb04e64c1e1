//go:build galago_user

// Command cut selects bytes or fields of lines (POSIX.1-2017 XCU cut).
package main

import (
	"galago/libc/cmd"
	"galago/libc/ranges"
	"galago/libc/stdio"
)

var (
	list       []ranges.Range
	fields     bool
	onlyDelim  bool
	delim      = byte('\t')
	outDelim   string
	outGiven   bool
	complement bool
)

func main() {
	o := cmd.Options("-b list | -c list | -f list [-d delimiter] [-s] [file...]", "b:c:f:d:nsCO:", "bytes:=b", "characters:=c",
		"fields:=f", "delimiter:=d", "only-delimited=s", "complement=C", "output-delimiter:=O")
	spec, delimGiven := "", false
	for o.Next() {
		switch o.Opt {
		case 'b', 'c', 'f':
			if spec != "" {
				cmd.Die("only one list may be specified")
			}
			spec, fields = o.Arg, o.Opt == 'f'
		case 'd':
			if len(o.Arg) > 1 {
				cmd.Die("the delimiter must be a single character")
			}
			delim, delimGiven = 0, true
			if o.Arg != "" {
				delim = o.Arg[0]
			}
		case 's':
			onlyDelim = true
		case 'C':
			complement = true
		case 'O':
			outDelim, outGiven = o.Arg, true
		}
	}
	if spec == "" {
		cmd.Die("you must specify a list of bytes, characters, or fields")
	}
	if !fields && (delimGiven || onlyDelim) {
		cmd.Die("a delimiter is only meaningful with fields")
	}
	var msg string
	if list, msg = ranges.Parse(spec); msg != "" {
		cmd.Die(msg)
	}
	if complement {
		list = ranges.Complement(list)
	}
	if !outGiven && fields {
		outDelim = string([]byte{delim})
	}
	cmd.Input(o.Ops, func(name string, fd int) {
		r := stdio.NewReader(fd)
		var line []byte
		for {
			var ok bool
			if line, _, ok = r.Line(line); !ok {
				break
			}
			if fields {
				cutFields(line)
			} else {
				cutBytes(line)
			}
		}
		if r.Err != 0 {
			cmd.Fail(name, r.Err)
		}
	})
	cmd.Done()
}

func cutBytes(line []byte) {
	for i, r := range list {
		if r.First > len(line) {
			break
		}
		if i > 0 {
			stdio.Puts(outDelim)
		}
		stdio.Out.Write(line[r.First-1 : min(r.Last, len(line))])
	}
	stdio.Out.Putc('\n')
}

func cutFields(line []byte) {
	at, n, k, printed := 0, 0, 0, false
	for {
		end := at
		for end < len(line) && line[end] != delim {
			end++
		}
		if end == len(line) && n == 0 { // no delimiter in it
			if !onlyDelim {
				stdio.Out.Write(line)
				stdio.Out.Putc('\n')
			}
			return
		}
		n++
		for k < len(list) && list[k].Last < n {
			k++
		}
		if k < len(list) && list[k].First <= n {
			if printed {
				stdio.Puts(outDelim)
			}
			stdio.Out.Write(line[at:end])
			printed = true
		}
		if end == len(line) {
			break
		}
		at = end + 1
	}
	stdio.Out.Putc('\n')
}
