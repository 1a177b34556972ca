//! What answers are made of, whatever backend the rows come from: pages, cursors, which project is
//! meant, the plan of a context, and how similar two texts are,
//! and what is reached along relations.

pub(super) mod cursor;
pub(super) mod export;
pub(super) mod graph;
pub(super) mod heads;
pub(super) mod health;
pub(super) mod likeness;
pub(super) mod pages;
pub(super) mod plan;
pub(super) mod projects;
pub(super) mod related;
pub(super) mod texts;
pub(super) mod window;
