//! The real executables over the real socket: one module for each promise or request.

mod autostart;
mod database_away;
mod documentation;
mod drain;
mod durability;
mod events;
mod freshness;
mod full_disk;
mod hand_over;
mod hostile_fields;
mod hostile_peers;
mod hostile_values;
mod idempotency;
mod many_bridges;
mod postgres_faults;
mod postgres_kills;
mod postgres_server_faults;
mod rate_limits;
mod recall;
mod service_manager;
mod shared_database;
mod slow_peers;
mod socket;
mod start_and_stop;
mod user_story;
mod versions;
