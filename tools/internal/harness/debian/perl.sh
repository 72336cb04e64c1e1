# programs: dash perl seq
# trees: /usr/lib/x86_64-linux-gnu/perl-base
exec perl -w <<'END'
use strict; use POSIX (); $| = 1;
my %h = map { $_ => $_ ** 2 } 1 .. 5; print join(",", map { "$_=$h{$_}" } sort keys %h), "\n";
my $text = "The quick brown fox"; (my $t = $text) =~ s/(\w+)/\u\L$1/g; print "$t\n", scalar reverse("abc"), "\n"; print "match $1\n" if $text =~ /(q\w+)/;
open(my $f, '>', 'file') or die; print $f "line $_\n" for 1 .. 3; close $f; open($f, '<', 'file'); my @l = <$f>; print scalar(@l), " $l[-1]"; print -s 'file', "\n";
my @out = `seq 3`; print "out @out"; print $? >> 8, "\n"; system("exit 5"); print $? >> 8, "\n";
my $pid = fork; if (!$pid) { exit 9 } waitpid $pid, 0; print "child ", $? >> 8, "\n";
pipe(my $r, my $w); if (!fork) { close $r; print $w "through a pipe\n"; exit 0 } close $w; print scalar <$r>; wait;
local $SIG{USR1} = sub { print "signal $_[0]\n" }; kill USR1 => $$; my @s = stat 'file'; printf "%o %d\n", $s[2] & 0777, $s[7];
eval { local $SIG{ALRM} = sub { die "alarm\n" }; alarm 1; sleep 10; }; print "caught $@"; print join(" ", sort { $a <=> $b } (10, 9, 2)), "\n"; printf "%.3f %s\n", sqrt 2, 10 / 4;
mkdir 'dir'; opendir(my $d, '.'); print join(" ", sort grep { !/^\./ } readdir $d), "\n"; rename 'file', 'dir/file'; print -e 'dir/file' ? "moved\n" : "lost\n"; unlink 'dir/file'; rmdir 'dir'; print "$!\n" unless -e 'dir';
socketpair(my $x, my $y, 1, 1, 0) or die $!; syswrite $x, "over a socket"; sysread $y, my $buf, 100; print "$buf\n"; my $sum = 0; $sum += $_ for 1 .. 200000; print "$sum\n"; print POSIX::strftime("%Y-%m-%d", gmtime 0), "\n";
END
