# test: timeout=120
# tar and gzip of a tree and back, with equal checksums.
mkdir -p in/x/y
i=0
while [ $i -lt 200 ]; do
	seq $i $((i + 300)) >in/x/y/f$i
	i=$((i + 1))
done
ln -s y/f1 in/x/soft
chmod 600 in/x/y/f2
(cd in && find . -type f | sort | xargs md5sum) >before
tar -cf - in | gzip >all.tgz
gunzip -c all.tgz | tar -tf - | sort | md5sum
mkdir out
gunzip -c all.tgz | tar -xf - -C out
(cd out/in && find . -type f | sort | xargs md5sum) >after
cmp before after && echo equal
readlink out/in/x/soft
ls -l out/in/x/y/f2 | cut -c1-10
head -c 300000 /dev/zero | gzip | gzip -d | md5sum
