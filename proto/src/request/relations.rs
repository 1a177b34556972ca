//! Relations: create, list, delete; and searches along them.

use super::Search;
use crate::{
    codec::{Decode, Encode},
    limits::{FOLLOWED_DEFAULT, RELATED_DEFAULT, RELATION_DEPTH_DEFAULT},
    model::{Id, Json, Node, RelationKind, words},
};

/// Creates a relation. One of the same kind between the same two is answered as it is.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct CreateRelation {
    /// Where it begins; it must exist.
    pub source: Node,
    /// Where it ends; it must exist.
    pub target: Node,
    /// How the source stands to the target.
    pub kind: RelationKind,
    /// A JSON object of at most 50,000 bytes.
    pub metadata: Option<Json>,
    /// Which agent; the envelope's agent when not given.
    pub created_by: Option<String>,
}

/// Lists relations by id, which is by the time of their creation as a rule.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct ListRelations {
    /// Only from this one.
    pub source: Option<Node>,
    /// Only to this one.
    pub target: Option<Node>,
    /// Only of this kind.
    pub kind: Option<RelationKind>,
    /// At most this many, 1 to 100.
    pub limit: u32,
    /// Skip this many, at most 10,000.
    pub offset: u32,
}

/// Removes a relation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
pub struct DeleteRelation {
    /// Which one.
    pub id: Id,
}

words! {
    /// Which way relations are followed. Append only.
    Direction {
        /// From source to target.
        Forward = "forward",
        /// From target to source.
        Backward = "backward",
        /// Either way.
        Both = "both",
    }
}

/// How relations are followed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
pub struct RelationWalk {
    /// Only relations of this kind.
    pub kind: Option<RelationKind>,
    /// Which way.
    pub direction: Direction,
    /// Over how many relations, 1 to 5.
    pub depth: u8,
    /// To at most this many entries and projects, the nearest first: 1 to 1,000 of a filter, 1 to 100 of what
    /// is added to hits.
    pub limit: u32,
}

impl RelationWalk {
    /// As a filter follows them unless it is told otherwise.
    pub const FILTER: Self = Self {
        kind: None,
        direction: Direction::Both,
        depth: RELATION_DEPTH_DEFAULT,
        limit: RELATED_DEFAULT,
    };
    /// As they are followed from hits unless it is told otherwise.
    pub const FROM_HITS: Self = Self { limit: FOLLOWED_DEFAULT, ..Self::FILTER };
}

/// Only what is related to one entry or project.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
pub struct RelatedTo {
    /// To which one; it must exist.
    pub node: Node,
    /// How it is related.
    pub walk: RelationWalk,
}

/// A search along relations.
#[derive(Clone, Debug, PartialEq, Encode, Decode)]
pub struct SearchRelated {
    /// The search.
    pub search: Search,
    /// Only hits that are related to this.
    pub related_to: Option<RelatedTo>,
    /// Adds what is related to the hits of the page, within the same scopes, of the same kinds and as valid as
    /// they are.
    pub follow: Option<RelationWalk>,
}
