// Package ranges reads lists of numbers as "1,3-5,7-" (POSIX.1-2017 XCU cut).
package ranges

import "galago/libc/str"

// Range is from First to Last, both counted from 1.
type Range struct{ First, Last int }

// End is the Last of an open range.
const End = 1<<62 - 1

// Parse reads a list, sorted and merged; msg is set if it is wrong.
func Parse(s string) (list []Range, msg string) {
	for _, part := range str.Split(s, ',') {
		for _, p := range str.Fields(part) {
			r, msg := one(p)
			if msg != "" {
				return nil, msg
			}
			list = insert(list, r)
		}
	}
	if len(list) == 0 {
		return nil, "invalid list: '" + s + "'"
	}
	merged := list[:1]
	for _, r := range list[1:] {
		last := &merged[len(merged)-1]
		if r.First <= last.Last { // adjacent ranges stay apart: they are two for an output delimiter
			last.Last = max(last.Last, r.Last)
		} else {
			merged = append(merged, r)
		}
	}
	return merged, ""
}

func one(p string) (r Range, msg string) {
	first, last, dash := str.Cut(p, '-')
	number := func(s string, none int) int {
		if s == "" {
			return none
		}
		v, ok := str.ParseUint(s, 10)
		if !ok || v >= End {
			msg = "invalid range: '" + p + "'"
			return 1
		}
		if v == 0 {
			msg = "fields and positions are numbered from 1"
		}
		return int(v)
	}
	if p == "-" {
		return r, "invalid range with no endpoint: -"
	}
	r.First = number(first, 1)
	r.Last = r.First
	if dash {
		r.Last = number(last, End)
	}
	if msg == "" && r.First > r.Last {
		msg = "invalid decreasing range"
	}
	return r, msg
}

func insert(list []Range, r Range) []Range {
	i := len(list)
	for i > 0 && list[i-1].First > r.First {
		i--
	}
	list = append(list, Range{})
	copy(list[i+1:], list[i:])
	list[i] = r
	return list
}

// Complement returns what is not in a list.
func Complement(list []Range) []Range {
	var out []Range
	next := 1
	for _, r := range list {
		if r.First > next {
			out = append(out, Range{next, r.First - 1})
		}
		next = r.Last + 1
	}
	if next <= End {
		out = append(out, Range{next, End})
	}
	return out
}
