# Mounting where it is not allowed: on what has been unmounted lazily, or removed; and what a lazy unmount takes with it.
mkdir -p d a; n=$(wc -l </proc/mounts)
left() { echo $(($(wc -l </proc/mounts) - n)) more; }
here=$PWD
mount -t tmpfs none d; mkdir d/e; mount -t tmpfs none d/e; left
umount -l d; left
mount -t tmpfs none d; cd d; mkdir x; umount -l $here/d; left
mount -t tmpfs none x 2>/dev/null; echo on a detached mount $?
mount --bind x $here/a 2>/dev/null; echo of a detached mount $?
cd $here; left
mkdir gone; cd gone; rmdir $here/gone; mount -t tmpfs none . 2>/dev/null; echo on a removed directory $?
cd $here; left
mount -t tmpfs none d; mount --bind d a; echo text >d/f; cat a/f; left
rmdir d 2>/dev/null; echo rmdir $?; umount a; umount d; left
rmdir d a; echo $?
