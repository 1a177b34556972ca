//! Agents whose names are proved, as rows.

use agent_memory_proto::{ErrorCode, Response, model::Agent};

use super::fixtures::World;
use crate::store::{KnownAgent, SecretHash, Write};

impl World {
    pub(crate) fn known_agent(&self, name: &str, token: &str) -> KnownAgent {
        let (created_by, created_at_ms) = (Some("zoe".to_owned()), self.clock.now_ms());
        let agent = Agent { name: name.to_owned(), created_by, created_at_ms };
        KnownAgent { agent, token: SecretHash::of(token) }
    }

    /// Registers an agent; returns whether it had a token before.
    async fn register(&self, known: &KnownAgent) -> bool {
        match self.write(Write::RegisterAgent(known.clone())).await.expect("written") {
            Response::AgentRegistered(registered) => {
                assert_eq!((&registered.agent, registered.token.as_str()), (&known.agent, ""));
                registered.replaced
            }
            other => panic!("not registered: {other:?}"),
        }
    }

    async fn agents(&self) -> Vec<KnownAgent> {
        self.store.permissions.agents().await.expect("a readable store")
    }
}

pub(crate) async fn a_new_token_takes_the_place_of_the_old_one(world: World) {
    let (ada, bob) = (world.known_agent("ada", "first"), world.known_agent("Bob", "other"));
    assert!(!world.register(&ada).await);
    assert!(world.told_permissions());
    assert!(!world.register(&bob).await);
    assert_eq!(world.agents().await, [bob.clone(), ada], "by name, byte by byte");
    world.clock.advance(1);
    let ada = world.known_agent("ada", "second");
    assert!(world.register(&ada).await);
    assert_eq!(world.agents().await, [bob, ada]);
}

pub(crate) async fn a_revoked_agent_is_gone(world: World) {
    let (ada, bob) = (world.known_agent("ada", "one"), world.known_agent("bob", "two"));
    world.register(&ada).await;
    world.register(&bob).await;
    world.told_permissions();
    let revoked = world.write(Write::RevokeAgent("ada".to_owned())).await.expect("revoked");
    assert_eq!(revoked, Response::AgentRevoked(ada.agent));
    assert!(world.told_permissions());
    assert_eq!(world.agents().await, [bob]);
    let refused = world.refusal(Write::RevokeAgent("ada".to_owned())).await;
    assert_eq!((refused.code, refused.field.as_deref()), (ErrorCode::NotFound, Some("name")));
}
