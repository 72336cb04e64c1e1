// Package block is the way to the disks: devices and their partitions, requests, the queue of each disk with
// plugging, merging and an elevator, and statistics. Drivers implement Driver.
//
// A request is allocated (AllocRequest), filled, submitted (Submit, or SubmitSync to wait) and given back through its
// Done function. On the way it may become part of a chain of neighbours that the driver sees as one transfer. The
// queue does what a device cannot: writes that must be durable (FUA), or must come after everything before is
// durable (Preflush), are a sequence of flush, write and flush.
//
// Invariants:
//   - A request is with its maker, in a plug, waiting in its disk's queue (urgent or elevator), or with the driver
//     (in flight); never in two places.
//   - Done is called exactly once for each Submit, without any lock of this package, in a thread or a DPC.
//   - Requests under way at the same time are not ordered. Who needs an order waits; a Flush covers what was done
//     before it was submitted.
//   - A driver holds at most Device.Depth requests.
//
// Lock order: plug → queue of a disk; the reserve, and the table of devices, each alone. All but drivers' own locks
// are released when a driver is called. None is taken in interrupt handlers: drivers complete in DPCs.
package block
