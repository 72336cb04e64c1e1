// Package bench reads benchmark results and lays them beside a baseline.
//
// A result is a line `name value`, the value in guest instructions per operation; other lines are commentary. A
// baseline is a tab-separated table whose first column is the name and whose header names the others.
package bench

import (
	"bufio"
	"fmt"
	"io"
	"regexp"
	"slices"
	"sort"
	"strconv"
	"strings"
	"text/tabwriter"
)

// Result is one measurement.
type Result struct {
	Name  string
	Value float64
}

var resultLine = regexp.MustCompile(`^\s*([A-Za-z_][\w.-]*)[\s:=]+([0-9]+(?:\.[0-9]+)?)\s*$`)

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
		results = append(results, Result{m[1], v})
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

// Budget maps names to the most instructions an operation may take.
type Budget map[string]float64

// Table writes the results beside the baseline and returns the names over budget.
func Table(w io.Writer, results []Result, base Baseline, title string, budget Budget) (over []string, err error) {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintf(t, "benchmark\tgalago\t%s\tratio\tbudget\t\n", title)
	for _, r := range results {
		linux, ratio, limit := "-", "-", "-"
		if v, ok := base[r.Name]; ok {
			linux = number(v)
			if v > 0 {
				ratio = fmt.Sprintf("%.2f", r.Value/v)
			}
		}
		if v, ok := budget[r.Name]; ok {
			limit = number(v)
			if r.Value > v {
				limit += " OVER"
				over = append(over, r.Name)
			}
		}
		fmt.Fprintf(t, "%s\t%s\t%s\t%s\t%s\t\n", r.Name, number(r.Value), linux, ratio, limit)
	}
	sort.Strings(over)
	return over, t.Flush()
}

// number writes a figure with as many decimals as it needs.
func number(v float64) string { return strconv.FormatFloat(v, 'f', -1, 64) }
