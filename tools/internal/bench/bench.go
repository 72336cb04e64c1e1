// Package bench reads benchmark results and lays them beside a baseline.
//
// A result is a line `name value [waits]`, the value in guest instructions per operation; other lines are commentary. A
// baseline is a tab-separated table whose first column is the name and whose header names the others.
package bench

import (
	"bufio"
	"fmt"
	"io"
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// Result is one measurement.
type Result struct {
	Name  string
	Value float64
	Waits bool // the operation waits for disk or timer: the figure is coarser
}

var resultLine = regexp.MustCompile(`^\s*([A-Za-z_][\w.-]*)[\s:=]+([0-9]+(?:\.[0-9]+)?)( waits)?\s*$`)

// Parse reads results; rest holds the lines that are none.
func Parse(r io.Reader) (results []Result, rest []string, err error) {
	s := bufio.NewScanner(r)
	for s.Scan() {
		m := resultLine.FindStringSubmatch(s.Text())
		if m == nil {
			if strings.TrimSpace(s.Text()) != "" {
				rest = append(rest, s.Text())
			}
			continue
		}
		v, err := strconv.ParseFloat(m[2], 64)
		if err != nil {
			return nil, nil, fmt.Errorf("%q: %w", s.Text(), err)
		}
		results = append(results, Result{m[1], v, m[3] != ""})
	}
	return results, rest, s.Err()
}

// Baseline maps names to figures.
type Baseline map[string]float64

// ReadBaseline reads one column of a table.
func ReadBaseline(r io.Reader, column string) (Baseline, error) {
	s := bufio.NewScanner(r)
	col := -1
	b := make(Baseline)
	for n := 1; s.Scan(); n++ {
		line := strings.TrimRight(s.Text(), "\r")
		if line == "" || line[0] == '#' {
			continue
		}
		fields := strings.Split(line, "\t")
		if col < 0 {
			if col = slices.Index(fields, column); col < 1 {
				return nil, fmt.Errorf("line %d: no column %q; there are %s", n, column, strings.Join(fields[1:], ", "))
			}
			continue
		}
		if len(fields) <= col {
			return nil, fmt.Errorf("line %d: %d columns only", n, len(fields))
		}
		v, err := strconv.ParseFloat(fields[col], 64)
		if err != nil {
			return nil, fmt.Errorf("line %d: %w", n, err)
		}
		b[fields[0]] = v
	}
	if col < 0 && s.Err() == nil {
		return nil, fmt.Errorf("the baseline is empty")
	}
	return b, s.Err()
}

// Of makes a baseline of measurements.
func Of(results []Result) Baseline {
	b := make(Baseline)
	for _, r := range results {
		b[r.Name] = r.Value
	}
	return b
}

// Comparison is a result beside the baseline's.
type Comparison struct {
	Result
	Base  float64 // 0: the baseline has none
	Ratio float64 // Value/Base; 0 if there is none
}

// Compare lays results beside a baseline, in the results' order.
func Compare(results []Result, base Baseline) (list []Comparison) {
	for _, r := range results {
		c := Comparison{Result: r, Base: base[r.Name]}
		if c.Base > 0 {
			c.Ratio = r.Value / c.Base
		}
		list = append(list, c)
	}
	return list
}

// Summary is what counts: the geometric mean of the ratios, and the lines that are slower than the baseline. Lines that wait are left
// out of both.
type Summary struct {
	Lines  int
	Mean   float64
	Slower []string
}

// Summarise computes it.
func Summarise(list []Comparison) (s Summary) {
	sum := 0.0
	for _, c := range list {
		if c.Waits || c.Ratio <= 0 {
			continue
		}
		s.Lines++
		sum += math.Log(c.Ratio)
		if c.Ratio > 1 {
			s.Slower = append(s.Slower, c.Name)
		}
	}
	if s.Lines > 0 {
		s.Mean = math.Exp(sum / float64(s.Lines))
	}
	return s
}
