# The commands that CI runs, by short names. `just` is optional: each is a plain script.

# Lists the commands.
default:
    @just --list

# Builds the executables and runs every test; NAME runs only those that match.
test *NAME:
    scripts/test {{ NAME }}

# Format, lints, documentation, licences, units.
check:
    scripts/check

# Fuzzes the decoders for SECONDS.
fuzz SECONDS="60":
    AGENT_MEMORY_FUZZ_SECONDS={{ SECONDS }} scripts/fuzz

# All of it, as CI does.
ci:
    .ci/run

# Kills the daemon in the middle of load, 50 times.
campaign-kill ROUNDS="50":
    scripts/campaign-kill {{ ROUNDS }}

# Kills the PostgreSQL server in the middle of load, 20 times.
campaign-postgres ROUNDS="20":
    scripts/campaign-postgres {{ ROUNDS }}
