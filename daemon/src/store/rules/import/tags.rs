//! Tags of an import. A tag is known by its name, of which there is one in a store.

use agent_memory_proto::{
    model::{Tag, TagCategory},
    request::ConflictStrategy,
};

use super::{
    Run,
    extras::{Fate, there_already},
};
use crate::store::{
    StoreError,
    rules::transaction::{Step, WriteTransaction},
};

pub(super) async fn store(run: &Run<'_>, rows: &impl WriteTransaction, tag: &Tag) -> Step<Fate> {
    let Some(there) = rows.tag_named(&tag.name).await? else {
        let other = || Tag { id: run.import.clock.new_id(), ..tag.clone() };
        // Its id may be that of another tag.
        if rows.insert_tag(tag).await? || rows.insert_tag(&other()).await? {
            return Ok(Fate::Created);
        }
        return Err(StoreError::Contended("the tag came at the same time".to_owned()));
    };
    if (there.category, &there.description) == (tag.category, &tag.description) {
        return Ok(Fate::Skipped);
    }
    let is_bare = tag.category == TagCategory::Custom && tag.description.is_none();
    let fate = match run.staged.options.strategy {
        ConflictStrategy::Skip => return Ok(Fate::Skipped),
        // Nothing is known of it there.
        ConflictStrategy::Update if is_bare => return Ok(Fate::Skipped),
        ConflictStrategy::Update => Fate::Updated,
        ConflictStrategy::Replace => Fate::Replaced,
        ConflictStrategy::Error => return Err(there_already("tag", there.id)),
    };
    let told = Tag { category: tag.category, description: tag.description.clone(), ..there };
    rows.update_tag(&told).await?;
    Ok(fate)
}
