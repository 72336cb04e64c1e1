package harness

import (
	"encoding/xml"
	"fmt"
	"io"
	"os"
	"strings"
	"time"
)

// Report collects results, shows progress, and writes the summary.
type Report struct {
	Out     io.Writer
	Verbose bool // show passed host tests too

	start          time.Time
	results        []Result
	Passed, Failed int
	skipped        int
}

// NewReport starts the clock.
func NewReport(out io.Writer) *Report { return &Report{Out: out, start: time.Now()} }

// Add records a result and shows it. Passed unit tests are many and quick; they are only counted unless Verbose.
func (r *Report) Add(t Result) {
	r.results = append(r.results, t)
	word := "ok  "
	switch {
	case t.Skipped:
		r.skipped++
		word = "skip"
	case t.OK:
		r.Passed++
	default:
		r.Failed++
		word = "FAIL"
	}
	if t.OK && !t.Skipped && t.Suite == hostSuite && !r.Verbose {
		return
	}
	fmt.Fprintf(r.Out, "[%4d] %s %-44s %6.1fs\n", len(r.results), word, t.FullName(), t.Time.Seconds())
	if t.Detail != "" {
		fmt.Fprintln(r.Out, "       "+strings.ReplaceAll(strings.TrimRight(t.Detail, "\n"), "\n", "\n       "))
	}
}

// Summary writes the last lines: one per suite, the failures once more, and the count.
func (r *Report) Summary() {
	type count struct{ passed, failed, skipped int }
	counts := make(map[string]*count)
	var order []string
	for _, t := range r.results {
		c := counts[t.Suite]
		if c == nil {
			c = new(count)
			counts[t.Suite], order = c, append(order, t.Suite)
		}
		switch {
		case t.Skipped:
			c.skipped++
		case t.OK:
			c.passed++
		default:
			c.failed++
		}
	}
	fmt.Fprintf(r.Out, "\n%d tests in %.0f s\n", len(r.results), time.Since(r.start).Seconds())
	for _, s := range order {
		c := counts[s]
		fmt.Fprintf(r.Out, "  %-14s %5d passed %4d failed %4d skipped\n", s, c.passed, c.failed, c.skipped)
	}
	for i := range r.results {
		if t := &r.results[i]; !t.OK && !t.Skipped {
			first, _, _ := strings.Cut(strings.TrimSpace(t.Detail), "\n")
			fmt.Fprintln(r.Out, "  FAIL", t.FullName()+": "+first)
		}
	}
	fmt.Fprintf(r.Out, "%d passed, %d failed\n", r.Passed, r.Failed)
}

// The JUnit XML format, as far as CI systems read it.
type (
	junitSuites struct {
		XMLName  xml.Name     `xml:"testsuites"`
		Tests    int          `xml:"tests,attr"`
		Failures int          `xml:"failures,attr"`
		Time     string       `xml:"time,attr"`
		Suites   []junitSuite `xml:"testsuite"`
	}
	junitSuite struct {
		Name     string      `xml:"name,attr"`
		Tests    int         `xml:"tests,attr"`
		Failures int         `xml:"failures,attr"`
		Skipped  int         `xml:"skipped,attr"`
		Time     string      `xml:"time,attr"`
		Cases    []junitCase `xml:"testcase"`
	}
	junitCase struct {
		Class   string        `xml:"classname,attr"`
		Name    string        `xml:"name,attr"`
		Time    string        `xml:"time,attr"`
		Failure *junitFailure `xml:"failure,omitempty"`
		Skipped *struct{}     `xml:"skipped,omitempty"`
	}
	junitFailure struct {
		Message string `xml:"message,attr"`
		Text    string `xml:",chardata"`
	}
)

// WriteJUnit writes all results to a file.
func (r *Report) WriteJUnit(path string) error {
	all := junitSuites{Tests: len(r.results), Failures: r.Failed, Time: inSeconds(time.Since(r.start))}
	index := make(map[string]int)
	times := make(map[string]time.Duration)
	for _, t := range r.results {
		i, ok := index[t.Suite]
		if !ok {
			i = len(all.Suites)
			index[t.Suite] = i
			all.Suites = append(all.Suites, junitSuite{Name: t.Suite})
		}
		s := &all.Suites[i]
		k := junitCase{Class: "galago." + t.Suite, Name: t.Name, Time: inSeconds(t.Time)}
		s.Tests++
		times[t.Suite] += t.Time
		switch {
		case t.Skipped:
			s.Skipped++
			k.Skipped = new(struct{})
		case !t.OK:
			s.Failures++
			first, _, _ := strings.Cut(t.Detail, "\n")
			k.Failure = &junitFailure{Message: printable(first), Text: printable(t.Detail)}
		}
		s.Cases = append(s.Cases, k)
		s.Time = inSeconds(times[t.Suite])
	}
	text, err := xml.MarshalIndent(all, "", "  ")
	if err != nil {
		return err
	}
	return os.WriteFile(path, append([]byte(xml.Header), append(text, '\n')...), 0o644)
}

func inSeconds(d time.Duration) string { return fmt.Sprintf("%.3f", d.Seconds()) }

// printable drops what XML cannot hold.
func printable(s string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' && r != '\n' && r != '\t' {
			return -1
		}
		return r
	}, strings.ToValidUTF8(s, "?"))
}
