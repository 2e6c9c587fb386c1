#!/bin/sh
# FreeTDS: tsql and freebcp. Usage: freetds.sh PORT PASSWORD FOLDER
set -u
port=$1 password=$2 folder=$3
here=$(cd "$(dirname "$0")" && pwd)
failed=0
report() {
    if [ "$2" = 0 ]; then echo "freetds: ok: $1"; else echo "freetds: FAILED: $1"; failed=1; fi
}
cat >"$folder/freetds.conf" <<CONF
[global]
    tds version = 7.4
    client charset = UTF-8
[plain]
    host = 127.0.0.1
    port = $port
    encryption = off
[encrypted]
    host = 127.0.0.1
    port = $port
    encryption = require
CONF
export FREETDSCONF="$folder/freetds.conf"
ask() {
    { cat; printf '\ngo\nexit\n'; } | timeout 30 tsql -S "$1" -U sa -P "$2" -o fhq 2>&1
}
for server in plain encrypted; do
    echo 'SELECT 1' | ask "$server" wrong | grep -q 'Login failed'
    report "$server: a wrong password" $?
    grep -v '^--' "$here/every_type.sql" | ask "$server" "$password" >"$folder/prepare.txt"
    ! grep -q 'Msg ' "$folder/prepare.txt"
    report "$server: tables" $?
    echo 'SELECT * FROM every_type' | ask "$server" "$password" >"$folder/types.txt"
    for part in '-9223372036854775808' '-1000000000000000000000000000000000.0007' 'naïve 日本 😀' '<a>é</a>' '000102ff'; do
        grep -qi -- "$part" "$folder/types.txt"
        report "$server: every type: $part" $?
    done
    echo "RAISERROR('Raised.', 16, 7)" | ask "$server" "$password" | grep -q 'Msg 50000 (severity 16, state 7)'
    report "$server: an error" $?
    awk 'BEGIN { for (n = 0; n < 3000; n++) printf "%d\tzeile %d\t%g\t0102\n", n, n, n / 2 }' >"$folder/rows.txt"
    timeout 60 freebcp generated in "$folder/rows.txt" -S "$server" -U sa -P "$password" -c >"$folder/bcp.txt" 2>&1
    grep -q '3000 rows copied' "$folder/bcp.txt"
    report "$server: freebcp" $?
done
exit $failed
