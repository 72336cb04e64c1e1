//go:build galago

package procfs

import (
	"galago/arch"
	"galago/kernel/errno"
)

// flagNames are the names Linux gives to CPUID bits (arch/x86/include/asm/cpufeatures.h), by leaf 1 EDX and ECX, leaf 7 EBX and
// ECX.
var flagNames = [4][32]string{
	{0: "fpu", 1: "vme", 2: "de", 3: "pse", 4: "tsc", 5: "msr", 6: "pae", 7: "mce", 8: "cx8", 9: "apic", 11: "sep", 12: "mtrr",
		13: "pge", 14: "mca", 15: "cmov", 16: "pat", 17: "pse36", 19: "clflush", 23: "mmx", 24: "fxsr", 25: "sse", 26: "sse2", 27: "ss",
		28: "ht"},
	{0: "pni", 1: "pclmulqdq", 3: "monitor", 5: "vmx", 9: "ssse3", 12: "fma", 13: "cx16", 17: "pcid", 19: "sse4_1", 20: "sse4_2",
		21: "x2apic", 22: "movbe", 23: "popcnt", 24: "tsc_deadline_timer", 25: "aes", 26: "xsave", 28: "avx", 29: "f16c", 30: "rdrand",
		31: "hypervisor"},
	{0: "fsgsbase", 3: "bmi1", 5: "avx2", 7: "smep", 8: "bmi2", 9: "erms", 10: "invpcid", 18: "rdseed", 19: "adx", 20: "smap",
		23: "clflushopt", 24: "clwb", 29: "sha_ni"},
	{2: "umip", 3: "pku", 4: "ospke", 16: "la57", 22: "rdpid"},
}

// extNames are those of leaf 0x80000001 EDX and ECX.
var extNames = [2][32]string{
	{11: "syscall", 20: "nx", 26: "pdpe1gb", 27: "rdtscp", 29: "lm"},
	{0: "lahf_lm", 2: "svm", 5: "abm", 6: "sse4a", 8: "3dnowprefetch"},
}

func genCPUInfo(b *Buffer) errno.Errno {
	info := &arch.CPUInfo
	brand := info.Brand[:]
	for len(brand) > 0 && brand[0] == ' ' {
		brand = brand[1:]
	}
	for len(brand) > 0 && (brand[len(brand)-1] == 0 || brand[len(brand)-1] == ' ') {
		brand = brand[:len(brand)-1]
	}
	for c := range arch.NumCPU() {
		b.Printf("processor\t: %d\nvendor_id\t: %s\n", c, info.Vendor[:])
		b.Printf("cpu family\t: %d\nmodel\t\t: %d\nmodel name\t: %s\n", info.Family, info.Model, brand)
		b.Printf("stepping\t: %d\ncpu MHz\t\t: %d.%03d\n", info.Stepping, arch.TSCHz/1e6, arch.TSCHz/1e3%1e3)
		b.WriteString("fpu\t\t: yes\nfpu_exception\t: yes\nwp\t\t: yes\nflags\t\t:")
		for i := range flagNames {
			b.flags(info.Features[i], &flagNames[i])
		}
		for i := range extNames {
			b.flags(info.ExtFeatures[i], &extNames[i])
		}
		b.Printf("\nclflush size\t: 64\ncache_alignment\t: 64\naddress sizes\t: %d bits physical, %d bits virtual\n\n", info.PhysBits,
			info.VirtBits)
	}
	return errno.OK
}

func (b *Buffer) flags(bits uint32, names *[32]string) {
	for i, name := range names {
		if name != "" && bits>>i&1 != 0 {
			b.WriteString(" ")
			b.WriteString(name)
		}
	}
}
