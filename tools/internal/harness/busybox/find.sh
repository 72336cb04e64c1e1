# A tree, walked and summed up.
for d in a b c; do
	mkdir -p tree/$d/sub
	for i in 1 2 3 4 5 6 7 8 9 10; do
		echo "$d $i" >tree/$d/sub/file$i
	done
	ln -s sub/file1 tree/$d/link
done
find tree | sort | md5sum
find tree -type f | sort | xargs cat | md5sum
find tree -name 'file1*' -type f | wc -l
find tree -type l | sort
rm -r tree/b
find tree -type f | wc -l
du -s tree >/dev/null && echo measured
