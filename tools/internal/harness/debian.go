package harness

import (
	"cmp"
	"embed"
	"errors"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"strings"

	"galago/tools/internal/store"
)

// The debian suite: Debian's own programs, as they are, with Debian's dynamic linker and C library. Each script runs under Debian's dash on the host and in
// the guest, and the transcripts must be equal. A comment `# programs: NAME…` says what goes into the guest (with its libraries),
// `# trees: PATH…` what they open at run time.

//go:embed debian/*.sh
var debianScripts embed.FS

const (
	debianSuite = "debian"
	debianPath  = "/usr/bin:/usr/sbin" // not /bin: in the guest that is ours
)

var (
	programsLine = regexp.MustCompile(`(?m)^# programs:(.*)$`)
	treesLine    = regexp.MustCompile(`(?m)^# trees:(.*)$`)
)

func debianJobs() (list []Job) {
	files, err := debianScripts.ReadDir("debian")
	if err != nil {
		panic(err) // the directory is part of this binary
	}
	for _, f := range files {
		text, err := debianScripts.ReadFile(path.Join("debian", f.Name()))
		if err != nil {
			panic(err)
		}
		list = append(list, single(debianSuite, strings.TrimSuffix(f.Name(), ".sh"), func(c *Context) error { return debianTest(c, string(text)) }))
	}
	return list
}

// words returns the words of a directive.
func words(line *regexp.Regexp, text string) []string {
	m := line.FindStringSubmatch(text)
	if m == nil {
		return nil
	}
	return strings.Fields(m[1])
}

// debianTest runs a script on both systems.
func debianTest(c *Context, script string) error {
	n, err := parseNeeds(script)
	if err != nil {
		return err
	}
	var names []string
	for _, p := range words(programsLine, script) {
		names = append(names, "/usr/bin/"+p)
	}
	add, err := store.Programs(names...)
	if err != nil {
		return err
	}
	for _, t := range words(treesLine, script) {
		add = append(add, store.Addition{Host: t, Guest: t})
	}
	dir, err := os.MkdirTemp("", "galago-debian-*")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	scratch := filepath.Join(dir, "scratch")
	if err := errors.Join(os.Mkdir(scratch, 0o755), os.WriteFile(filepath.Join(dir, "script"), []byte(script), 0o644)); err != nil {
		return err
	}
	image, err := c.copyImage()
	if err != nil {
		return err
	}
	defer image.Close()
	if err := store.Add(image, append(add, store.Addition{Host: dir, Guest: testDir}), store.Observer{}); err != nil {
		return err
	}
	args := []string{"/usr/bin/dash", "-c", "PATH=" + debianPath + "; . ../script"}
	linux, err := runLinux(scratch, n.timeout, "", args)
	if err != nil {
		return err
	}
	o, err := c.boot(machine{smp: cmp.Or(n.smp, 2), mem: n.mem, disk: n.disk, timeout: n.timeout, image: image, cwd: testDir + "/scratch"}, args...)
	if err != nil {
		return err
	}
	if got := (transcript{o.stdout, o.Status}); !o.OK() || got != linux {
		return o.explain("the transcripts differ: %s", difference(linux, got))
	}
	return nil
}
