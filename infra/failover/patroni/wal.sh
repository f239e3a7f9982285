#!/usr/bin/env bash
# Puts segments of the write-ahead log into a folder and takes them out again.
#   wal.sh archive FOLDER PATH NAME      wal.sh restore FOLDER PATH NAME
# Ends with 0 when it is done and durable; 1 when not; 2 for a wrong call. A segment is never replaced by another.
set -uo pipefail
[ $# -eq 4 ] || { echo "usage: wal.sh archive|restore FOLDER PATH NAME" >&2; exit 2; }
verb=$1 folder=$2 path=$3 name=$4
case $name in */* | .* | '') echo "wal.sh: no name of a segment: $name" >&2; exit 2 ;; esac
case $verb in
  archive)
    if [ -e "$folder/$name" ]; then
      # Told twice: a crash between the copy and PostgreSQL's note of it. Only the same content is fine.
      cmp -s "$path" "$folder/$name" && exit 0
      echo "wal.sh: $folder/$name is there with other content" >&2
      exit 1
    fi
    part="$folder/.$name.$$.part"
    trap 'rm -f "$part"' EXIT
    cp "$path" "$part" && sync "$part" && ln "$part" "$folder/$name" && sync "$folder" || exit 1
    ;;
  restore)
    # Absent is an ordinary answer: PostgreSQL then asks the primary.
    [ -e "$folder/$name" ] || exit 1
    cp "$folder/$name" "$path" || exit 1
    ;;
  *)
    echo "wal.sh: $verb is neither archive nor restore" >&2
    exit 2
    ;;
esac
