//! Through which channels other daemons' changes are heard. One that is whole is enough: each tells of
//! every change. What is told twice is passed on once.

use std::collections::{HashSet, VecDeque};

use agent_memory_proto::{Event, codec::Message};

/// Events that are remembered, to know the second of two.
const REMEMBERED_MAX: usize = 4_096;

/// The channels, each with why it is not whole, while it is not.
#[derive(Debug, Default)]
pub(crate) struct Channels(Vec<(&'static str, Option<String>)>);

impl Channels {
    /// Notes how a channel stands. Returns why it was not whole.
    pub(crate) fn set(&mut self, channel: &'static str, reason: Option<String>) -> Option<String> {
        match self.0.iter_mut().find(|(known, _)| *known == channel) {
            Some((_, standing)) => std::mem::replace(standing, reason),
            None => {
                self.0.push((channel, reason));
                None
            }
        }
    }

    /// Why nothing is heard; `None` while one channel is whole, or when there are none.
    pub(crate) fn deaf(&self) -> Option<String> {
        let reasons: Option<Vec<&str>> = self.0.iter().map(|(_, reason)| reason.as_deref()).collect();
        reasons.filter(|reasons| !reasons.is_empty()).map(|reasons| reasons.join("; "))
    }

    /// Why one channel is not whole.
    pub(crate) fn reason(&self, channel: &str) -> Option<String> {
        self.0.iter().find(|(known, _)| *known == channel).and_then(|(_, reason)| reason.clone())
    }
}

/// The events that were passed on last.
#[derive(Debug, Default)]
pub(crate) struct PassedOn {
    known: HashSet<Vec<u8>>,
    order: VecDeque<Vec<u8>>,
}

impl PassedOn {
    /// Whether the event is new, so that it is to be passed on.
    pub(crate) fn is_new(&mut self, event: &Event) -> bool {
        let Ok(bytes) = event.encode() else { return true };
        if !self.known.insert(bytes.clone()) {
            return false;
        }
        self.order.push_back(bytes);
        if self.order.len() > REMEMBERED_MAX
            && let Some(oldest) = self.order.pop_front()
        {
            self.known.remove(&oldest);
        }
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_whole_channel_is_enough() {
        let mut channels = Channels::default();
        assert_eq!(channels.deaf(), None, "without channels there are no others to hear");
        channels.set("one", Some("cut".to_owned()));
        assert_eq!(channels.deaf().as_deref(), Some("cut"));
        channels.set("other", Some("away".to_owned()));
        assert_eq!(channels.deaf().as_deref(), Some("cut; away"));
        assert_eq!(channels.set("other", None).as_deref(), Some("away"));
        assert_eq!((channels.deaf(), channels.reason("one").as_deref()), (None, Some("cut")));
        channels.set("other", Some("gone".to_owned()));
        assert_eq!(channels.deaf().as_deref(), Some("cut; gone"));
    }

    #[test]
    fn an_event_is_passed_on_once_and_what_is_remembered_is_bounded() {
        let mut passed_on = PassedOn::default();
        let event = |n: u32| Event::Lagged { missed: n.into() };
        assert!(passed_on.is_new(&event(0)) && !passed_on.is_new(&event(0)));
        for n in 1..=5_000 {
            assert!(passed_on.is_new(&event(n)));
        }
        assert_eq!(passed_on.known.len(), REMEMBERED_MAX);
        assert!(passed_on.is_new(&event(0)), "it was forgotten");
    }
}
