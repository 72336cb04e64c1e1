//go:build galago

package main

import (
	"unsafe"

	"galago/arch"
	"galago/kernel/acpi"
	"galago/kernel/klog"
	"galago/kernel/oops"
)

// tables is what ACPI says of the machine; without ACPI, one CPU with a local APIC at its default address.
var tables acpi.Info

func readACPI() {
	memory := func(pa uint64, n int) []byte {
		if n < 0 || pa+uint64(n) < pa || !arch.DirectMapped(pa, uint64(n)) {
			return nil
		}
		return unsafe.Slice((*byte)(unsafe.Pointer(arch.PhysToVirt(pa))), n)
	}
	rsdp := info.RSDPCopy()
	if len(rsdp) == 0 {
		pa := info.RSDP
		if pa == 0 {
			pa = acpi.FindRSDP(memory)
		}
		const size = 36
		rsdp = memory(pa, size)
	}
	if !tables.Parse(memory, rsdp) {
		klog.Warnf("no ACPI tables: one CPU, legacy devices only")
	}
	oops.Reboot = reboot
}

// PowerOff enters ACPI state S5 (ACPI 6.5 §7.4.2.6). It returns only when the machine does not obey.
func powerOff() {
	const slpEnable = 1 << 13
	if tables.HasS5 && tables.PM1a != 0 {
		if tables.SMICommand != 0 && tables.ACPIEnable != 0 && arch.Inw(tables.PM1a)&1 == 0 {
			arch.Outb(tables.SMICommand, tables.ACPIEnable)
			arch.Delay(3_000_000)
		}
		arch.Outw(tables.PM1a, uint16(tables.S5[0])<<10|slpEnable)
		if tables.PM1b != 0 {
			arch.Outw(tables.PM1b, uint16(tables.S5[1])<<10|slpEnable)
		}
		arch.Delay(100_000_000)
	}
	if tables.HasS5 && tables.HasSleep {
		const slpEnable, slpTypeShift = 1 << 5, 2 // sleep control register, ACPI 6.5 table 4.17
		writeRegister(tables.Sleep, tables.S5[0]<<slpTypeShift|slpEnable)
		arch.Delay(100_000_000)
	}
}

func writeRegister(r acpi.Register, v uint8) {
	if r.IO {
		arch.Outb(uint16(r.Addr), v)
	} else if va := arch.MapMMIO(r.Addr, 1); va != 0 {
		arch.Write8(va, v)
	}
}

// reboot resets the machine: ACPI's reset register, then the keyboard controller, then a triple fault.
func reboot() {
	if tables.HasReset {
		writeRegister(tables.Reset, tables.ResetValue)
		arch.Delay(50_000_000)
	}
	arch.ResetKeyboard()
}
