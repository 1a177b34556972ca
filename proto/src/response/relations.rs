//! Relations, and hits of a search along them.

use super::{Hit, SearchPage};
use crate::{
    codec::{Decode, Encode},
    model::{Id, Relation, RelationKind, ScopeRef},
};

/// A relation that is there now.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct RelationCreated {
    /// The relation.
    pub relation: Relation,
    /// Whether it was there before.
    pub existed: bool,
}

/// What the end of a relation is called, and where it belongs.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct RelationEnd {
    /// Its name or title.
    pub name: String,
    /// Its scope; of a project, the project itself.
    pub scope: ScopeRef,
}

/// A relation with its ends.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct ListedRelation {
    /// The relation.
    pub relation: Relation,
    /// Where it begins.
    pub source: RelationEnd,
    /// Where it ends.
    pub target: RelationEnd,
}

/// A page of relations.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct RelationPage {
    /// The relations.
    pub relations: Vec<ListedRelation>,
    /// Whether more follow.
    pub has_more: bool,
}

/// An entry that is no hit, but related to one.
#[derive(Clone, Debug, PartialEq, Encode, Decode)]
pub struct RelatedHit {
    /// The entry; its score is 0.
    pub hit: Hit,
    /// The hit that it was found from, the first one that leads to it.
    pub from: Id,
    /// The kind of the relation that led to it, the last one when there were several.
    pub kind: RelationKind,
    /// Whether that relation ends at this entry; else it begins there.
    pub is_target: bool,
    /// How many relations lie between the hit and this entry.
    pub distance: u8,
}

/// A page of hits, and what is related to them.
#[derive(Clone, Debug, PartialEq, Encode, Decode)]
pub struct RelatedSearchPage {
    /// The hits.
    pub page: SearchPage,
    /// What is related to them, the nearest first.
    pub related: Vec<RelatedHit>,
    /// Whether more is related than the limits let through.
    pub is_cut: bool,
}
