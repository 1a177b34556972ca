"""Stands between a client and a server on stdio, and logs every line with its direction.
Usage: wiretap.py LOG SERVER [ARGUMENT...]"""

import subprocess
import sys
import threading

log = open(sys.argv[1], "a", buffering=1, encoding="utf-8")
server = subprocess.Popen(sys.argv[2:], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
log.write(f"# start {server.pid}\n")


def forward_requests():
    for line in sys.stdin.buffer:
        log.write("c>s " + line.decode())
        server.stdin.write(line)
        server.stdin.flush()
    server.stdin.close()


threading.Thread(target=forward_requests, daemon=True).start()
for line in server.stdout:
    log.write("s>c " + line.decode())
    sys.stdout.buffer.write(line)
    sys.stdout.buffer.flush()
sys.exit(server.wait())
