// Package ipc is communication between processes by files and memory: pipes and FIFOs (pipe.go, fifo.go), event counters
// (eventfd.go), moving pages through pipes (splice.go), waiting for several files at once (poll.go, select.go, epoll.go and its
// sisters), and futexes (futex.go).
//
// All functions take kernel memory; the system-call floor copies arguments in and results out. A wait that a signal
// ends returns EINTR.
//
// Invariants:
//   - A pipe lives as long as an open file refers to it; its buffered bytes do not outlive its last file.
//   - A poller's callbacks are out of every queue, and its files' references given up, before its call returns.
//   - An epoll watch is in the queues of its file until it is removed, at the latest by the file's last close.
//   - A futex waiter is in the bucket its key says until it is woken or gives up.
//
// Lock order: fifoMutex and Pipe.mu (sleeping) never nest. The futex buckets are spin locks (RankFutex), under which only wait
// queues are locked. An eventfd has no lock. epoll's order stands in epoll.go.
package ipc

// OnBrokenPipe raises SIGPIPE in the running thread; the process floor sets it.
var OnBrokenPipe func()
