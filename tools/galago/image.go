package main

import (
	"fmt"
	"os"
	"strconv"
	"time"

	"github.com/spf13/cobra"

	"galago/tools/internal/manifest"
	"galago/tools/internal/repo"
	"galago/tools/internal/store"
)

// imageCommand builds a disk image from a manifest.
func imageCommand() *cobra.Command {
	var out, size, stamp, root string
	c := &cobra.Command{
		Use:   "image [-o IMAGE] MANIFEST",
		Short: "Build a disk image, the same bytes each time, from a manifest (format: tools/internal/manifest)",
		Args:  cobra.ExactArgs(1),
		RunE: func(_ *cobra.Command, args []string) error {
			m, err := readManifest(args[0], size, stamp)
			if err != nil {
				return err
			}
			p := newProgress("building " + out)
			defer p.clear()
			if err := store.Build(out, m, root, store.Observer{Warn: p.warn, Progress: p.files}); err != nil {
				return fmt.Errorf("%s: %w", args[0], err)
			}
			return nil
		},
	}
	f := c.Flags()
	f.StringVarP(&out, "output", "o", repo.Image(), "image to write")
	f.StringVar(&size, "size", "", "size of the image, instead of the manifest's")
	f.StringVar(&stamp, "time", "", "time stamp of everything (RFC 3339 or seconds), instead of the manifest's; default $SOURCE_DATE_EPOCH")
	f.StringVar(&root, "root", repo.Path(""), "where relative host paths start")
	return c
}

// readManifest parses a manifest and lets flags and the environment override what they may.
func readManifest(path, size, stamp string) (*manifest.Manifest, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	m, err := manifest.Parse(f)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	if size != "" {
		if m.Size, err = manifest.ParseSize(size); err != nil {
			return nil, err
		}
	}
	if stamp == "" && m.Time.IsZero() {
		stamp = os.Getenv("SOURCE_DATE_EPOCH")
	}
	if stamp == "" {
		return m, nil
	}
	if n, err := strconv.ParseInt(stamp, 10, 64); err == nil {
		m.Time = time.Unix(n, 0).UTC()
		return m, nil
	}
	m.Time, err = time.Parse(time.RFC3339, stamp)
	return m, err
}
