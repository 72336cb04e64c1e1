package store

import (
	"os/exec"
	"path/filepath"

	"galago/tools/internal/elfdeps"
)

// Programs lists what it takes to have programs of the host in an image: the programs, by path or by a name on the search path, and the
// shared libraries they need, all under the paths they have here. Links are followed, so that each path is a file of its own.
func Programs(names ...string) (list []Addition, err error) {
	paths := make([]string, len(names))
	for i, name := range names {
		if paths[i], err = exec.LookPath(name); err != nil {
			return nil, err
		}
		if paths[i], err = filepath.Abs(paths[i]); err != nil {
			return nil, err
		}
	}
	libraries, err := elfdeps.Files(paths...)
	if err != nil {
		return nil, err
	}
	for _, p := range append(paths, libraries...) {
		real, err := filepath.EvalSymlinks(p)
		if err != nil {
			return nil, err
		}
		list = append(list, Addition{Host: real, Guest: p})
	}
	return list, nil
}
