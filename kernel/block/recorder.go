//go:build !galago

package block

import "sync"

// Record is a write that a disk saw, or a flush.
type Record struct {
	Flush bool
	Off   int64
	Data  []byte
}

// Recorder is a disk in memory that logs what is written, for crash tests: any content that a crash could leave can be
// built from the log. A crash after record n leaves all writes before the last flush below n, and any subset of
// those after it, each as a whole or cut at a sector border.
type Recorder struct {
	Device *Device

	mu   sync.Mutex
	base []byte // the content at first
	log  []Record
	file *MemFile
}

// NewRecorder makes a recording disk that holds image at first.
func NewRecorder(name string, image []byte) *Recorder {
	return NewRecorderOptions(name, image, HostOptions{})
}

// NewRecorderOptions is NewRecorder with options.
func NewRecorderOptions(name string, image []byte, o HostOptions) *Recorder {
	r := &Recorder{base: append([]byte(nil), image...), file: NewMemFile(append([]byte(nil), image...))}
	r.Device = NewHostDeviceOptions(name, r, int64(len(image)), o)
	return r
}

// ReadAt reads the present content.
func (r *Recorder) ReadAt(b []byte, off int64) (int, error) { return r.file.ReadAt(b, off) }

// WriteAt writes and logs.
func (r *Recorder) WriteAt(b []byte, off int64) (int, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.log = append(r.log, Record{Off: off, Data: append([]byte(nil), b...)})
	return r.file.WriteAt(b, off)
}

// Sync logs a flush.
func (r *Recorder) Sync() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.log = append(r.log, Record{Flush: true})
	return nil
}

// Len returns the number of records so far.
func (r *Recorder) Len() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return len(r.log)
}

// Log returns the records so far; they do not change any more.
func (r *Recorder) Log() []Record {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.log[:len(r.log):len(r.log)]
}

// Image returns the content after the first n records.
func (r *Recorder) Image(n int) []byte {
	image := append([]byte(nil), r.base...)
	for _, w := range r.Log()[:n] {
		w.Apply(image)
	}
	return image
}

// Apply does the write to an image.
func (w *Record) Apply(image []byte) { copy(image[w.Off:], w.Data) }

// LastFlush returns the number of records up to and including the last flush among the first n; 0 when there is
// none. Records from there to n may be lost or reordered by a crash.
func (r *Recorder) LastFlush(n int) int {
	log := r.Log()
	for n > 0 && !log[n-1].Flush {
		n--
	}
	return n
}
