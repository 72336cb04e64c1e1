# programs: dash sort seq md5sum xz cat
# test: smp=4 mem=512M timeout=120
# Debian programs with threads of their own.
seq 60000 | sort -R --random-source=/dev/zero --parallel=4 -S 1M | sort -n --parallel=4 -S 1M | md5sum
seq 50000 >n; xz -T4 --block-size=100KiB -k n; xz -dc -T4 n.xz | md5sum; md5sum n; xz -t n.xz && echo whole
