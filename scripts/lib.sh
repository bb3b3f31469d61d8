# Shared by ./sluice, scripts/test, scripts/package and .ci/run: finds Java, installs what is missing, builds.
# Needs $top, the top of the repository.

die() {
  echo "sluice: $*" >&2
  exit 1
}

# The major version of the Java installation in directory $1, from its "release" file; 0 if none.
java_major() {
  local line version=0
  if [ -x "$1/bin/java" ] && [ -r "$1/release" ]; then
    while IFS= read -r line; do
      case $line in
        JAVA_VERSION=*)
          version=${line#*=\"}
          version=${version%%[!0-9]*}
          ;;
      esac
    done <"$1/release"
  fi
  echo "${version:-0}"
}

# Sets $java_home and $java_version to the first JDK of version 17 or newer; fails if there is none.
find_java() {
  local home path
  path=$(command -v java) && path=$(readlink -f "$path") && path=${path%/bin/java}
  for home in "${JAVA_HOME:-}" "$path" /usr/lib/jvm/*; do
    [ -n "$home" ] && [ -x "$home/bin/javac" ] || continue
    java_version=$(java_major "$home")
    if [ "$java_version" -ge 17 ]; then
      java_home=$home
      return 0
    fi
  done
  return 1
}

has_libfuse2() {
  ldconfig -p 2>/dev/null | grep 'libfuse\.so\.2 ' >/dev/null \
    || PATH=$PATH:/sbin:/usr/sbin ldconfig -p 2>/dev/null | grep 'libfuse\.so\.2 ' >/dev/null
}

as_root() {
  if [ "$(id -u)" = 0 ]; then
    "$@"
  else
    sudo "$@"
  fi
}

# The first of some packages that apt can install; the last if it knows none.
available() {
  local package
  for package in "$@"; do
    apt-cache show "$package" >/dev/null 2>&1 && break
  done
  echo "$package"
}

# Without a UTF-8 locale, Java cannot open files whose names are not ASCII.
utf8_locale() {
  case ${LC_ALL:-${LC_CTYPE:-${LANG:-}}} in
    *.[Uu][Tt][Ff]-8 | *.[Uu][Tt][Ff]8) ;;
    *) export LC_ALL=C.UTF-8 ;;
  esac
}

# Installs what is missing of a JDK, Maven, libfuse 2, fusermount, sqlite3 and the commands named, if anything
# is. A command's package has its name.
setup() {
  local missing=() packages=() log=$top/target/setup.log command
  find_java || missing+=("a JDK, version 17 or newer")
  command -v mvn >/dev/null || missing+=("Maven")
  has_libfuse2 || missing+=("libfuse 2 (libfuse.so.2)")
  command -v fusermount >/dev/null || missing+=("fusermount (fuse3)")
  for command in sqlite3 "$@"; do
    command -v "$command" >/dev/null || missing+=("$command")
  done
  [ ${#missing[@]} -gt 0 ] || return 0

  local list
  list=$(printf '%s, ' "${missing[@]}")
  list=${list%, }
  command -v apt-get >/dev/null \
    || die "missing: $list; install that with your system's package manager (only Debian and Ubuntu are set up automatically)"
  [ "$(id -u)" = 0 ] || command -v sudo >/dev/null \
    || die "missing: $list; run this as root once, or install sudo, so that it can be installed"

  mkdir -p "$top/target"
  as_root apt-get update >"$log" 2>&1 || { tail -n 5 "$log" >&2; die "apt-get update failed; see $log"; }
  find_java || packages+=("$(available openjdk-17-jdk-headless default-jdk-headless)")
  command -v mvn >/dev/null || packages+=(maven)
  has_libfuse2 || packages+=("$(available libfuse2t64 libfuse2)")
  command -v fusermount >/dev/null || packages+=(fuse3)
  for command in sqlite3 "$@"; do
    command -v "$command" >/dev/null || packages+=("$command")
  done
  echo "sluice: installing ${packages[*]}" >&2
  as_root env DEBIAN_FRONTEND=noninteractive \
    apt-get install -y --no-install-recommends "${packages[@]}" >>"$log" 2>&1 \
    || { tail -n 5 "$log" >&2; die "apt-get install ${packages[*]} failed; see $log"; }
  find_java || die "no JDK of version 17 or newer after the installation; install one and set JAVA_HOME"
}

# True when the jar is older than a source it is made of. A deleted file shows in its directory.
build_is_due() {
  local jar=$top/cli/target/sluice.jar stamp=$top/target/build.stamp
  [ -e "$stamp" ] && [ -e "$jar" ] || return 0
  [ -n "$(find "$top"/pom.xml "$top"/*/pom.xml "$top"/*/src/main -newer "$stamp" -print -quit)" ]
}

# Sets $flags to the JVM's for Java of the major version $1. A small heap that grows with what is kept: the defaults begin
# with 1/64 of the machine's memory, all of which garbage would fill before it is collected for the first time.
jvm_flags() {
  flags=(-XX:+UseSerialGC -Xms12m -XX:NewSize=6m -XX:MaxNewSize=6m -XX:TieredStopAtLevel=1 -XX:-UsePerfData)
  [ "$1" -lt 22 ] || flags+=(--enable-native-access=ALL-UNNAMED)
  [ "$1" -lt 23 ] || flags+=(--sun-misc-unsafe-memory-access=allow)
}

# Writes to file $3 which classes a mount, a restore and a replication load, run by the Java at $1 from the jar $2. Not by
# -XX:ArchiveClassesAtExit: such an archive leaves out classes of old versions, as picocli's are.
list_classes() {
  local java=$1/bin/java jar=$2 practice
  practice=$(mktemp -d)
  mkdir "$practice/mnt"
  # Where nothing can be mounted, the classes are those up to the error.
  timeout -k 5 20 "$java" "${flags[@]}" "-XX:DumpLoadedClassList=$practice/classes1" -jar "$jar" \
    mount --data "$practice/data" --store "file://$practice/store" --listen 127.0.0.1:0 "$practice/mnt" \
    >"$practice/out" 2>/dev/null &
  for _ in {1..100}; do
    ! grep -q serving "$practice/out" && kill -0 $! 2>/dev/null || break
    sleep 0.1
  done
  ! grep -q serving "$practice/out" || timeout 5 sqlite3 "$practice/mnt/a.db" 'CREATE TABLE t(x)' || true
  kill $! 2>/dev/null || true
  wait $! || true
  ! grep -qs "$practice/mnt" /proc/self/mounts || fusermount -uz "$practice/mnt" || true
  timeout -k 5 20 "$java" "${flags[@]}" "-XX:DumpLoadedClassList=$practice/classes2" -jar "$jar" \
    restore "file://$practice/store/a.db" -o "$practice/b.db" >"$practice/out" 2>&1 || true
  ! [ -e "$practice/data/a.db" ] || timeout -k 5 20 "$java" "${flags[@]}" \
    "-XX:DumpLoadedClassList=$practice/classes3" -jar "$jar" \
    replicate "$practice/data/a.db" "file://$practice/beside" >"$practice/out" 2>&1 &
  for _ in {1..50}; do
    ! compgen -G "$practice/beside/ltx/*/*.ltx" >/dev/null && kill -0 $! 2>/dev/null || break
    sleep 0.1
  done
  kill $! 2>/dev/null || true
  wait $! || true
  # From JDK 24 on, classes have numbers, which differ between lists.
  cat "$practice"/classes? 2>/dev/null | awk '/ source: / { next } { sub(/ id: [0-9]+$/, "") } !seen[$0]++' \
    >"$3" || true
  rm -rf "$practice"/{data,store,beside,out,classes1,classes2,classes3,b.db}
  rmdir "$practice/mnt" "$practice" 2>/dev/null || true
}

# Makes the archive $4 of the classes that file $3 lists, as the JVM has them in memory: with it Sluice starts in half the
# time. $1 is the Java, $2 the jar. Without success there is no archive.
dump_classes() {
  timeout -k 5 60 "$1/bin/java" "${flags[@]}" -Xshare:dump "-XX:SharedClassListFile=$3" "-XX:SharedArchiveFile=$4" \
    -cp "$2" >/dev/null 2>&1 || true
}

# Where the archive of loaded classes for this Java and this build is.
class_archive() {
  echo "$top/target/sluice-$(cksum <<<"$java_home $(cat "$java_home/release")" | cut -d ' ' -f 1).jsa"
}

# Builds, once at a time however many ask.
build() (
  mkdir -p "$top/target"
  exec 9>"$top/target/build.lock"
  flock 9
  build_is_due || exit 0
  log=$top/target/build.log
  started=$top/target/build.started
  echo "sluice: building, the first time takes some minutes" >&2
  touch "$started"
  # The lock is this shell's only, not that of what Maven may leave running.
  if ! (cd "$top" && JAVA_HOME=$java_home mvn -q -B -DskipTests -Dspotless.check.skip=true \
      -Dassembly.skipAssembly -pl cli -am package) >"$log" 2>&1 9>&-; then
    grep -E '^\[ERROR\]' "$log" | head -n 20 >&2
    die "the build failed; all of its output is in $log"
  fi
  mv "$started" "$top/target/build.stamp"
)

# Prints "tests failures errors skipped" of all Surefire reports.
count_tests() {
  find "$top" -path '*/target/surefire-reports/TEST-*.xml' -exec grep -h -m 1 '<testsuite ' {} + \
    | awk '
        function number(name) {
          return match($0, " " name "=\"[0-9]+\"") ? substr($0, RSTART + length(name) + 3) + 0 : 0
        }
        { tests += number("tests"); failures += number("failures"); errors += number("errors")
          skipped += number("skipped") }
        END { print tests + 0, failures + 0, errors + 0, skipped + 0 }'
}
