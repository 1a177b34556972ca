//! The real executables over the real socket: one module for each promise or request.

mod autostart;
mod backup;
mod backup_faults;
mod backup_schedule;
mod cluster;
mod cluster_status;
mod conflicts;
mod database_away;
mod database_commands;
mod db_copy;
mod deployment;
mod documentation;
mod drain;
mod durability;
mod events;
mod file_locks;
mod freshness;
mod full_disk;
mod hand_over;
mod hostile_fields;
mod hostile_peers;
mod hostile_values;
mod idempotency;
mod importers;
mod many_bridges;
<<<<<<< HEAD
mod permissions;
mod permissions_of_requests;
=======
mod model;
>>>>>>> e412ff9 (A model of the daemon: random sequences of requests are answered as plain lists in memory say, through reconnects and restarts)
mod postgres_faults;
mod postgres_kills;
mod postgres_server_faults;
mod rate_limits;
mod recall;
mod redis_events;
mod redis_kinds;
mod relations;
mod rolling_upgrade;
#[allow(dead_code, unused_imports, reason = "the samples are those of the protocol's own tests")]
#[path = "../../../proto/tests/samples/mod.rs"]
mod samples;
mod scaling_guide;
mod secrets;
mod service_manager;
mod sessions;
mod shared_cache;
mod shared_database;
mod shared_limits;
mod shared_locks;
mod slow_peers;
mod socket;
mod start_and_stop;
mod tasks;
mod transfer;
mod transfer_formats;
mod transfer_many;
mod user_story;
mod versions;
