# programs: dash find xargs mkdir touch sort seq echo wc ln chmod rm stat cat false
mkdir -p a/b/c a/d; for i in $(seq 20); do echo $i >a/b/f$i; done; touch -d '2001-01-01' a/old; ln -s ../a a/loop; touch 'a/with space'; chmod 600 a/d
find a -type f -name 'f1*' | sort; find a -maxdepth 1 -printf '%y %f %d\n' | sort; find a -newer a/old -type d | sort; find a -type l -printf '%p -> %l\n'
find a -size -1k -o -size +1 | sort | wc -l; find a -perm 600; find a -empty | sort; find -L a -maxdepth 3 -name f1 2>/dev/null | sort
find a -name 'f*' -print0 | xargs -0 -n 5 echo | wc -l; find a/b -type f | sort | xargs -I{} -n1 echo '<{}>' | wc -l; seq 100 | xargs -P 4 -n 10 echo | sort -n | wc -l
find a -type f -exec cat {} + | sort -n | wc -l; find a -name 'f2*' -delete; find a -name 'f2*'; echo a b c | xargs -n1 false 2>/dev/null; echo $?
find a -regex '.*/f1[0-3]' | sort; find a -mindepth 2 -type d -prune -print | sort; find /nowhere 2>/dev/null; echo $?
