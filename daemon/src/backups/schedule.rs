//! Backups by the clock: when they are due, and how they went. A backup that was due while no daemon ran is
//! made up for once; one that failed is tried again, and told of until a good one is there.

use std::{
    str::FromStr,
    sync::{Arc, Mutex},
    time::Duration,
};

use agent_memory_proto::{response::BackupSchedule, settings::Settings};
use croner::Cron;
use jiff::{Timestamp, Zoned, tz::TimeZone};

use super::{BackupDirectory, blocking, clean_up_in, create_in_turn, names, to_the_end};
use crate::{
    services::Services,
    store::{ScheduledBackup, StoreError},
    supervisor::lock,
};

/// What scheduled backups are called. Only these are removed by themselves.
const LABEL: &str = "scheduled";
/// The clock may be set, and a machine may sleep: it is looked at this often at least.
const LOOK_EVERY: Duration = Duration::from_secs(30);
/// How long until a backup that failed is tried again.
const RETRY_MS: i64 = 10 * 60 * 1_000;

/// When backups are made, and how that goes. Clones share what is known of that.
#[derive(Clone, Debug)]
pub struct Schedule {
    expression: String,
    cron: Cron,
    retention: u32,
    status: Arc<Mutex<Status>>,
}

#[derive(Debug, Default)]
struct Status {
    /// Until when everything that was due is done.
    done_until_ms: i64,
    last_good_at_ms: Option<i64>,
    failure: Option<(i64, String)>,
}

impl Schedule {
    /// What the settings ask for; `None` where backups are not made by themselves.
    ///
    /// # Errors
    /// When the cron expression cannot be understood, or never comes.
    pub fn from_settings(settings: &Settings) -> Result<Option<Self>, String> {
        let Some(expression) = settings.text("BACKUP_SCHEDULE").filter(|_| settings.flag("BACKUP_ENABLED"))
        else {
            return Ok(None);
        };
        let refused = |why: String| {
            format!(
                "AGENT_MEMORY_BACKUP_SCHEDULE is {expression:?}: {why}; allowed is a cron expression of five fields in \
                 UTC (minute, hour, day, month, weekday), as \"0 3 * * *\", or six with seconds first"
            )
        };
        let cron = Cron::from_str(expression).map_err(|error| refused(error.to_string()))?;
        let schedule = Self {
            expression: expression.to_owned(),
            cron,
            retention: u32::try_from(settings.number("BACKUP_RETENTION")).unwrap_or(u32::MAX),
            status: Arc::default(),
        };
        // A day as the 30th of February never comes.
        match schedule.next_after(0) {
            Some(_) => Ok(Some(schedule)),
            None => Err(refused("it never comes".to_owned())),
        }
    }

    fn next_after(&self, at_ms: i64) -> Option<i64> {
        Some(self.cron.find_next_occurrence(&zoned(at_ms)?, false).ok()?.timestamp().as_millisecond())
    }

    /// The last time that a backup was due.
    fn due_at(&self, now_ms: i64) -> Option<i64> {
        Some(self.cron.find_previous_occurrence(&zoned(now_ms)?, true).ok()?.timestamp().as_millisecond())
    }

    /// When the backup was due that is to be made now; `None` while there is nothing to do.
    fn to_be_made(&self, now_ms: i64) -> Option<i64> {
        let status = lock(&self.status);
        let may_try = status.failure.as_ref().is_none_or(|(at_ms, _)| at_ms + RETRY_MS <= now_ms);
        self.due_at(now_ms).filter(|due_ms| may_try && *due_ms > status.done_until_ms)
    }

    /// How long until it is looked at again.
    fn pause(&self, now_ms: i64) -> Duration {
        let wait_ms = self.next_after(now_ms).and_then(|next_ms| u64::try_from(next_ms - now_ms).ok());
        wait_ms.map_or(LOOK_EVERY, Duration::from_millis).min(LOOK_EVERY)
    }

    /// Takes note of a good backup that another daemon of the store made.
    fn learn(&self, shared: &ScheduledBackup) {
        let mut status = lock(&self.status);
        status.last_good_at_ms = status.last_good_at_ms.max(shared.last_good_at_ms);
        let good_at_ms = status.last_good_at_ms;
        status.failure = status.failure.take().filter(|(at_ms, _)| Some(*at_ms) > good_at_ms);
    }

    /// What is wrong with the scheduled backups, for the health of the daemon.
    #[must_use]
    pub fn problem(&self) -> Option<String> {
        let status = lock(&self.status);
        let (at_ms, reason) = status.failure.as_ref()?;
        let good = status.last_good_at_ms.map_or_else(
            || "there is no good one".to_owned(),
            |good_ms| format!("the last good one is of {}", shown(good_ms)),
        );
        Some(format!("the scheduled backup failed at {}: {reason}; {good}", shown(*at_ms)))
    }

    /// How it goes, with what other daemons of the store did.
    fn told(&self, now_ms: i64, shared: Option<ScheduledBackup>) -> BackupSchedule {
        let shared = shared.unwrap_or_default();
        self.learn(&shared);
        let status = lock(&self.status);
        let last_good_at_ms = status.last_good_at_ms;
        let failures = [status.failure.clone(), shared.failure];
        let latest = failures.into_iter().flatten().max_by_key(|(at_ms, _)| *at_ms);
        BackupSchedule {
            schedule: self.expression.clone(),
            retention: self.retention,
            next_at_ms: self.next_after(now_ms),
            last_good_at_ms,
            failure: latest.filter(|(at_ms, _)| Some(*at_ms) > last_good_at_ms),
        }
    }
}

/// Makes backups when they are due, for ever.
pub(crate) async fn keep_up(services: Arc<Services>, schedule: Schedule) {
    remember(&schedule, &services.backups.directory).await;
    loop {
        if schedule.problem().is_some()
            && let Ok(Some(shared)) = services.store.backups.scheduled().await
        {
            schedule.learn(&shared);
        }
        if let Some(due_ms) = schedule.to_be_made(services.clock.now_ms()) {
            run(&services, &schedule, due_ms).await;
        }
        tokio::time::sleep(schedule.pause(services.clock.now_ms())).await;
    }
}

/// The scheduled backups that are there tell what was done before this daemon started.
async fn remember(schedule: &Schedule, directory: &BackupDirectory) {
    let directory = directory.clone();
    let last = blocking(move || {
        let is_scheduled = |name: &str| names::parse(name).is_some_and(|(label, _)| label == LABEL);
        let last = directory.list()?.into_iter().find(|backup| is_scheduled(&backup.filename));
        Ok(last.map(|backup| backup.created_at_ms))
    });
    if let Ok(Some(last_ms)) = last.await {
        let mut status = lock(&schedule.status);
        status.done_until_ms = status.done_until_ms.max(last_ms);
        status.last_good_at_ms = status.last_good_at_ms.max(Some(last_ms));
    }
}

/// Makes the backup that was due at that time, unless another daemon of the store does.
async fn run(services: &Arc<Services>, schedule: &Schedule, due_ms: i64) {
    let (backups, daemon) = (&services.store.backups, services.daemon_id);
    let made = match backups.claim_scheduled(due_ms, daemon).await {
        Ok(false) => {
            lock(&schedule.status).done_until_ms = due_ms;
            return;
        }
        Ok(true) => to_the_end(make(Arc::clone(services), schedule.retention)).await,
        Err(error) => Err(error),
    };
    let now_ms = services.clock.now_ms();
    let outcome = made.map_err(|error| error.to_string());
    match &outcome {
        Ok(()) => tracing::info!(due_ms, "the scheduled backup is there"),
        Err(reason) => {
            tracing::error!(due_ms, reason, "the scheduled backup failed; it is tried again later")
        }
    }
    if let Err(error) = backups.settle_scheduled(due_ms, daemon, now_ms, outcome.clone()).await {
        tracing::warn!(%error, "other daemons could not be told how the scheduled backup went");
    }
    let mut status = lock(&schedule.status);
    match outcome {
        Ok(()) => {
            (status.done_until_ms, status.last_good_at_ms, status.failure) = (due_ms, Some(now_ms), None);
        }
        Err(reason) => status.failure = Some((now_ms, reason)),
    }
}

/// Older ones are removed when the new one is there.
async fn make(services: Arc<Services>, retention: u32) -> Result<(), StoreError> {
    let turn = Arc::clone(&services.backups.turn).lock_owned().await;
    create_in_turn(&services, LABEL.to_owned(), &turn).await?;
    let directory = services.backups.directory.clone();
    let cleaned = blocking(move || clean_up_in(&directory, retention, |label| label == LABEL)).await;
    if let Err(error) = cleaned {
        tracing::warn!(%error, "old scheduled backups could not be removed");
    }
    Ok(())
}

/// How the schedule goes; `None` where there is none. While the store is away, what this daemon knows.
pub(super) async fn told(services: &Services) -> Option<BackupSchedule> {
    let schedule = services.backups.schedule.as_ref()?;
    let shared = services.store.backups.scheduled().await.unwrap_or_default();
    Some(schedule.told(services.clock.now_ms(), shared))
}

fn zoned(at_ms: i64) -> Option<Zoned> {
    Some(Timestamp::from_millisecond(at_ms).ok()?.to_zoned(TimeZone::UTC))
}

fn shown(at_ms: i64) -> String {
    Timestamp::from_millisecond(at_ms).map_or_else(|_| at_ms.to_string(), |time| time.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOON_MS: i64 = 1_750_075_200_000; // 2025-06-16T12:00:00Z, a Monday
    const HOUR_MS: i64 = 3_600_000;

    fn schedule(expression: &str) -> Result<Option<Schedule>, String> {
        let variable = ("AGENT_MEMORY_BACKUP_SCHEDULE".to_owned(), expression.to_owned());
        Schedule::from_settings(&Settings::resolve([variable], None).expect("resolves"))
    }

    #[test]
    fn what_was_due_and_what_comes_next() {
        let nightly = schedule("0 3 * * *").unwrap().unwrap();
        assert_eq!(nightly.due_at(NOON_MS), Some(NOON_MS - 9 * HOUR_MS));
        assert_eq!(nightly.next_after(NOON_MS), Some(NOON_MS + 15 * HOUR_MS));
        assert_eq!(nightly.due_at(NOON_MS - 9 * HOUR_MS), Some(NOON_MS - 9 * HOUR_MS), "that very moment");
        let weekly = schedule("30 4 * * SUN").unwrap().unwrap();
        assert_eq!(weekly.due_at(NOON_MS), Some(NOON_MS - (7 * HOUR_MS + HOUR_MS / 2) - 24 * HOUR_MS));
        let often = schedule("*/5 * * * * *").unwrap().unwrap();
        assert_eq!(often.next_after(NOON_MS), Some(NOON_MS + 5_000));
    }

    #[test]
    fn what_is_no_schedule_is_refused_with_what_is_allowed() {
        for bad in ["nonsense", "61 * * * *", "* * *", "0 0 30 2 *", "0 3 * * * * * *"] {
            let error = schedule(bad).unwrap_err();
            assert!(error.contains("AGENT_MEMORY_BACKUP_SCHEDULE") && error.contains("0 3 * * *"), "{error}");
        }
        assert!(schedule("").unwrap().is_none());
    }

    #[test]
    fn a_failure_is_told_of_until_a_good_one_is_there() {
        let nightly = schedule("0 3 * * *").unwrap().unwrap();
        assert_eq!(nightly.problem(), None);
        *lock(&nightly.status) = Status {
            done_until_ms: 0,
            last_good_at_ms: Some(NOON_MS - HOUR_MS),
            failure: Some((NOON_MS, "no space left".to_owned())),
        };
        let problem = nightly.problem().unwrap();
        assert!(problem.contains("no space left") && problem.contains("2025-06-16T11:00:00Z"), "{problem}");
        assert!(nightly.told(NOON_MS, None).failure.is_some());
        // Another daemon made a good one since.
        let shared = ScheduledBackup { last_good_at_ms: Some(NOON_MS + 1), failure: None };
        assert_eq!(nightly.told(NOON_MS, Some(shared)).failure, None);
        assert_eq!(nightly.problem(), None, "for the health, too");
    }
}
