package main

import (
	"bytes"
	"context"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

var guest = flag.Bool("guest", false, "run the scripts in Galago too: bin/galago, kernel and image must have been made")

// driver runs all scripts of /cases, each in a directory of its own, and marks where the output of each begins.
const driver = `export PATH=/bin:/usr/bin HOME=/home/tester SHELLS=/bin/sh
cd /cases
for f in *.sh; do
	d=/tmp/cases/${f%.sh}
	mkdir -p $d/sub/deep
	cd $d
	printf 'one\ntwo words\nthree\n' > lines
	echo A > a.txt; echo B > b.txt; echo C > sub/c.txt; echo D > sub/deep/d.txt; : > .hidden
	printf 'libvar=set\nlibfn() { echo "lib $1"; }\n' > lib.sh
	printf 'in1\nin2\n' > /tmp/input
	cat /cases/$f > script
	echo "=== ${f%.sh}"
	/bin/sh script 'arg one' arg2 < /tmp/input 2>/dev/null
	echo "[$?]"
	cd /cases
done
`

// expectation is what a script printed on the host, with its status.
type expectation struct {
	script *script
	want   string
}

// writeCases writes all scripts that are given as files into dir, and runs them on the host.
func writeCases(t *testing.T, shell []string, dir string) map[string]expectation {
	expected := map[string]expectation{}
	var all []*script
	for _, group := range [][]script{wordCases, arithCases, expandCases, controlCases, redirectCases, builtinCases, processCases, errorCases} {
		for i := range group {
			all = append(all, &group[i])
		}
	}
	for i := range ownCases {
		all = append(all, &ownCases[i].script)
	}
	for i, s := range all {
		if s.mode != asFile {
			continue
		}
		name := fmt.Sprintf("%03d", i)
		if err := os.WriteFile(filepath.Join(dir, name+".sh"), []byte(s.text), 0o644); err != nil {
			t.Fatal(err)
		}
		r := runScript(t, shell, s)
		expected[name] = expectation{s, fmt.Sprintf("%s[%d]\n", r.stdout, r.status)}
	}
	return expected
}

// TestGuest: the scripts have the same output and status on Galago as on the host.
func TestGuest(t *testing.T) {
	if !*guest {
		t.Skip("only with -guest: it boots a machine")
	}
	root, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	ours := []string{shell(t)}
	dir := t.TempDir()
	expected := writeCases(t, ours, dir)
	script := filepath.Join(dir, "driver")
	if err := os.WriteFile(script, []byte(driver), 0o644); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, filepath.Join(root, "bin/galago"), "run", "--timeout", "240", "--add", dir+":/cases", "--add", ours[0]+":/bin/sh",
		"--", "/bin/sh", "/cases/driver")
	cmd.Dir = root
	var out, errout bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errout
	if err := cmd.Run(); err != nil {
		t.Errorf("galago run: %v\n%s", err, errout.String())
	}
	for _, part := range strings.Split("\n"+out.String(), "\n=== ")[1:] {
		name, got, _ := strings.Cut(part, "\n")
		got = strings.ReplaceAll(got, "/tmp/cases/"+name, "DIR")
		if !strings.HasSuffix(got, "\n") {
			got += "\n"
		}
		e := expected[name]
		delete(expected, name)
		if got != e.want {
			t.Errorf("%s:\n%s\non Galago %q\non Linux  %q", e.script.name, e.script.text, got, e.want)
		}
	}
	if len(expected) > 0 {
		t.Errorf("%d scripts did not run", len(expected))
	}
}
