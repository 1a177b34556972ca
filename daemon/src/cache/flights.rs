//! Questions under way: who asks what another asks just now waits for that answer, and takes it if
//! nothing that it depends on has changed since it was begun.

use std::{
    collections::{HashMap, hash_map::Entry},
    sync::{Arc, Mutex},
};

use bytes::Bytes;
use foldhash::fast::RandomState;
use tokio::sync::watch;

use crate::supervisor::lock;

type Landing<T> = watch::Receiver<Option<Arc<T>>>;

/// The questions under way, by the bytes of their request. Bounded by the requests under way.
#[derive(Debug)]
pub struct Flights<T>(Mutex<HashMap<Bytes, Landing<T>, RandomState>>);

impl<T> Default for Flights<T> {
    fn default() -> Self {
        Self(Mutex::default())
    }
}

/// What is to be done about a question.
#[derive(Debug)]
pub enum Boarding<'a, T> {
    /// Nobody asks it: find the answer, and land with it.
    Lead(Flight<'a, T>),
    /// Somebody does.
    Follow(Following<T>),
}

/// A question whose answer is sought. It may end without one.
#[derive(Debug)]
pub struct Flight<'a, T> {
    flights: &'a Flights<T>,
    question: Bytes,
    landing: watch::Sender<Option<Arc<T>>>,
}

/// The wait for another's answer.
#[derive(Debug)]
pub struct Following<T>(Landing<T>);

impl<T> Flights<T> {
    /// Joins those who ask the question, or begins to.
    pub fn board(&self, question: &Bytes) -> Boarding<'_, T> {
        match lock(&self.0).entry(question.clone()) {
            Entry::Occupied(under_way) => Boarding::Follow(Following(under_way.get().clone())),
            Entry::Vacant(free) => {
                let (landing, following) = watch::channel(None);
                free.insert(following);
                Boarding::Lead(Flight { flights: self, question: question.clone(), landing })
            }
        }
    }
}

impl<T> Flight<'_, T> {
    /// Whether anybody waits for the answer. Nobody comes later.
    #[must_use]
    pub fn is_followed(&self) -> bool {
        lock(&self.flights.0).remove(&self.question);
        self.landing.receiver_count() > 0
    }

    /// Gives the answer to those who wait.
    pub fn land(self, answer: T) {
        self.landing.send_replace(Some(Arc::new(answer)));
    }
}

impl<T> Drop for Flight<'_, T> {
    fn drop(&mut self) {
        let mut flights = lock(&self.flights.0);
        // After the landing, another flight may be under way with the same question.
        if flights.get(&self.question).is_some_and(|landing| landing.same_channel(&self.landing.subscribe()))
        {
            flights.remove(&self.question);
        }
    }
}

impl<T> Following<T> {
    /// The answer; `None` when there will be none.
    pub async fn landed(mut self) -> Option<Arc<T>> {
        self.0.wait_for(Option::is_some).await.ok()?.clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const QUESTION: Bytes = Bytes::from_static(b"question");

    #[tokio::test]
    async fn of_a_hundred_one_leads_and_all_have_its_answer() {
        let flights = Flights::<u32>::default();
        let Boarding::Lead(flight) = flights.board(&QUESTION) else { panic!("nobody leads") };
        let followers: Vec<_> = (1..100)
            .map(|_| match flights.board(&QUESTION) {
                Boarding::Follow(following) => following,
                Boarding::Lead(_) => panic!("two lead"),
            })
            .collect();
        assert!(flight.is_followed());
        flight.land(7);
        for follower in followers {
            assert_eq!(follower.landed().await.as_deref(), Some(&7));
        }
        assert!(matches!(flights.board(&QUESTION), Boarding::Lead(_)), "the next asks anew");
    }

    #[tokio::test]
    async fn who_gives_up_keeps_nobody_waiting_and_takes_no_other_along() {
        let flights = Flights::<u32>::default();
        let Boarding::Lead(flight) = flights.board(&QUESTION) else { panic!("nobody leads") };
        let Boarding::Follow(follower) = flights.board(&QUESTION) else { panic!("two lead") };
        drop(flight);
        assert_eq!(follower.landed().await, None);
        let Boarding::Lead(flight) = flights.board(&QUESTION) else { panic!("nobody leads") };
        assert!(!flight.is_followed());
        let Boarding::Lead(_next) = flights.board(&QUESTION) else { panic!("nobody leads") };
        drop(flight);
        assert!(matches!(flights.board(&QUESTION), Boarding::Follow(_)), "the next is still under way");
    }
}
