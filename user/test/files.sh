# Names: links, renames, directories, permissions.
umask 022
mkdir d d/e; echo hi >d/f; ln d/f hard; ln -s d/f soft
cat hard; cat soft; rm d/f; cat hard; cat soft 2>/dev/null || echo dangling
[ -L soft ] && echo link; [ -e soft ] || echo absent
mv hard d/e/g; cat d/e/g; rmdir d 2>/dev/null || echo "not empty"
rm -r d; [ -d d ] || echo gone
i=0; while [ $i -lt 300 ]; do : >n$i; i=$((i+1)); done; set -- n*; echo $#
rm n1*; set -- n*; echo $#
: >./-x; rm ./-x; echo "$?"
mkdir 'a b'; cd 'a b'; pwd | wc -w; cd ..; rmdir 'a b'
chmod 000 soft 2>/dev/null; : >p; chmod 640 p; ls -l p | cut -c1-10
