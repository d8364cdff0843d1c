package repotest

// watcherScript waits until the process $1, started at $2, is gone; then it stops every server below the
// folder $3 and removes the folder. It repeats that for a while, since a test process that outlives a killed go
// command may still be starting a server. It is POSIX shell and needs no ps where there is /proc.
const watcherScript = `
pid=$1 started=$2 dir=$3
alive() {
	kill -0 "$pid" 2>/dev/null || return 1
	[ -r "/proc/$pid/stat" ] || return 0
	read -r stat <"/proc/$pid/stat" || return 1
	set -- ${stat##*) }
	[ "$1" != Z ] && [ "${20}" = "$started" ]
}
stop() {
	for file in "$dir"/*/postgres/data/postmaster.pid "$dir"/*/.postgres-init-*/data/postmaster.pid; do
		[ -r "$file" ] && read -r server <"$file" && kill "-$1" "$server" 2>/dev/null
	done
}
left() {
	for file in "$dir"/*/postgres/data/postmaster.pid; do
		[ -r "$file" ] && read -r server <"$file" && kill -0 "$server" 2>/dev/null && return 0
	done
	return 1
}
nap() { sleep 0.2 2>/dev/null || sleep 1; }

while alive; do nap; done
tries=0
while [ -d "$dir" ] && [ "$tries" -lt 100 ]; do
	if [ "$tries" -lt 25 ]; then stop INT; else stop QUIT; fi
	nap
	left || rm -rf "$dir" 2>/dev/null
	tries=$((tries + 1))
done
`
