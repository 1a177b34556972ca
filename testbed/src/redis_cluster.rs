//! A Redis cluster: three masters, each with a replica that takes its place when it is lost.

use anyhow::{Context, Result};

use crate::{Redis, RedisOptions, files};

const MASTERS: usize = 3;
const SLOTS: usize = 16_384;

/// Six servers, each on a port of 127.0.0.1: the masters, then the replicas.
#[derive(Debug)]
pub struct RedisCluster {
    nodes: Vec<Redis>,
}

impl RedisCluster {
    /// Starts it with nothing in it, and waits until it serves every key and every master has its replica.
    ///
    /// # Errors
    /// When Redis is not installed, or does not start.
    pub fn start() -> Result<Self> {
        Self::start_with(RedisOptions::default())
    }

    /// Starts it with these options of each server.
    ///
    /// # Errors
    /// As [`RedisCluster::start`].
    pub fn start_with(options: RedisOptions) -> Result<Self> {
        let mut options = options
            .set("cluster-enabled", "yes")
            .set("cluster-node-timeout", "1000")
            .set("cluster-replica-validity-factor", "0")
            .set("repl-diskless-sync-delay", "0")
            .set("repl-diskless-load", "swapdb");
        if let Some(password) = options.password.clone() {
            options = options.set("masterauth", &password);
        }
        if options.certificate.is_some() {
            options = options.set("tls-cluster", "yes").set("tls-replication", "yes");
        }
        let (mut nodes, mut buses) = (Vec::new(), Vec::new());
        for _ in 0..2 * MASTERS {
            let bus = files::free_port()?.to_string();
            nodes.push(Redis::start_with(options.clone().set("cluster-port", &bus))?);
            buses.push(bus);
        }
        let mut cluster = Self { nodes };
        cluster.join(&buses)?;
        Ok(cluster)
    }

    /// Gives the masters their parts, makes all known to all, and the others replicas.
    fn join(&mut self, buses: &[String]) -> Result<()> {
        for (index, node) in self.nodes.iter().enumerate() {
            node.command(&["CLUSTER", "SET-CONFIG-EPOCH", &(index + 1).to_string()])?;
            if index < MASTERS {
                let first = (SLOTS * index / MASTERS).to_string();
                let last = (SLOTS * (index + 1) / MASTERS - 1).to_string();
                node.command(&["CLUSTER", "ADDSLOTSRANGE", &first, &last])?;
            }
            for (other, bus) in self.nodes[..index].iter().zip(buses) {
                let port = other.port().to_string();
                node.command(&["CLUSTER", "MEET", "127.0.0.1", &port, bus])?;
            }
        }
        for node in &mut self.nodes {
            node.wait_for_line("Cluster state changed: ok")?;
        }
        let (masters, replicas) = self.nodes.split_at_mut(MASTERS);
        for (master, replica) in masters.iter().zip(&*replicas) {
            replica.command(&["CLUSTER", "REPLICATE", &master.command(&["CLUSTER", "MYID"])?])?;
        }
        for replica in replicas {
            replica.wait_for_line("MASTER <-> REPLICA sync: Finished with success")?;
        }
        Ok(())
    }

    /// Where the nodes are, as `127.0.0.1:7000,127.0.0.1:7001`.
    #[must_use]
    pub fn addresses(&self) -> String {
        let addresses: Vec<_> = self.nodes.iter().map(|node| format!("127.0.0.1:{}", node.port())).collect();
        addresses.join(",")
    }

    /// The nodes: those that were masters at first, then the replica of each.
    pub fn nodes(&mut self) -> &mut [Redis] {
        &mut self.nodes
    }

    /// The master of a key, as a node that runs knows it.
    ///
    /// # Errors
    /// When no node runs.
    pub fn master_of(&mut self, key: &str) -> Result<&mut Redis> {
        let node = self.nodes.iter().find(|node| node.is_running()).context("a node")?;
        let slot: usize = node.command(&["CLUSTER", "KEYSLOT", key])?.parse()?;
        let known = node.command(&["CLUSTER", "NODES"])?;
        let port = known.lines().find_map(|line| port_of_master(line, slot)).context("the slot's master")?;
        self.nodes.iter_mut().find(|node| node.port() == port).context("one of the nodes")
    }
}

/// A slot on its way from one master to another.
#[derive(Debug)]
pub struct MovingSlot {
    slot: String,
    from: u16,
    to: u16,
}

impl RedisCluster {
    /// Begins to move the slot of a key to another master, as a resharding does: keys that the first one does
    /// not have are the other's business from now on.
    ///
    /// # Errors
    /// When a node refuses.
    pub fn begin_to_move(&mut self, key: &str) -> Result<MovingSlot> {
        let from = self.master_of(key)?.port();
        let to = self.nodes[..MASTERS].iter().map(Redis::port).find(|port| *port != from);
        let to = to.context("another master")?;
        let [owner, receiver] = [self.node(from)?, self.node(to)?];
        let slot = owner.command(&["CLUSTER", "KEYSLOT", key])?;
        let [owner_id, receiver_id] =
            [owner.command(&["CLUSTER", "MYID"])?, receiver.command(&["CLUSTER", "MYID"])?];
        receiver.command(&["CLUSTER", "SETSLOT", &slot, "IMPORTING", &owner_id])?;
        owner.command(&["CLUSTER", "SETSLOT", &slot, "MIGRATING", &receiver_id])?;
        Ok(MovingSlot { slot, from, to })
    }

    /// Moves the keys of the slot; returns how many.
    ///
    /// # Errors
    /// When a node refuses.
    pub fn move_keys(&self, moving: &MovingSlot) -> Result<usize> {
        let owner = self.node(moving.from)?;
        let keys = owner.command(&["CLUSTER", "GETKEYSINSLOT", &moving.slot, "1000"])?;
        let keys: Vec<_> = keys.lines().filter(|key| !key.is_empty()).collect();
        for key in &keys {
            owner.command(&["MIGRATE", "127.0.0.1", &moving.to.to_string(), key, "0", "5000"])?;
        }
        Ok(keys.len())
    }

    /// Tells all masters that the slot has moved.
    ///
    /// # Errors
    /// When a node refuses.
    pub fn end_move(&self, moving: MovingSlot) -> Result<()> {
        let id = self.node(moving.to)?.command(&["CLUSTER", "MYID"])?;
        // The one that has the keys is told first, so that there is no moment at which nobody has them.
        let others = self.nodes[..MASTERS].iter().filter(|node| node.port() != moving.to);
        for node in std::iter::once(self.node(moving.to)?).chain(others) {
            node.command(&["CLUSTER", "SETSLOT", &moving.slot, "NODE", &id])?;
        }
        Ok(())
    }

    fn node(&self, port: u16) -> Result<&Redis> {
        self.nodes.iter().find(|node| node.port() == port).context("one of the nodes")
    }
}

/// The port of a line of `CLUSTER NODES`, when it is of the master that has the slot.
fn port_of_master(line: &str, slot: usize) -> Option<u16> {
    let mut words = line.split_whitespace();
    let address = words.nth(1)?;
    if words.next()?.contains("fail") {
        return None;
    }
    let has_slot = |range: &str| {
        let (first, last) = range.split_once('-').unwrap_or((range, range));
        Some((first.parse::<usize>().ok()?..=last.parse().ok()?).contains(&slot))
    };
    words.skip(5).any(|range| has_slot(range) == Some(true)).then_some(())?;
    address.split('@').next()?.rsplit_once(':')?.1.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_serves_every_key_and_a_replica_takes_the_place_of_a_lost_master() {
        let mut cluster = RedisCluster::start().expect("a cluster");
        for key in ["a", "b", "c"] {
            let master = cluster.master_of(key).expect("a master");
            assert_eq!(master.command(&["SET", key, "1"]).expect("it takes writes"), "OK");
        }
        let lost = cluster.master_of("a").expect("a master").port();
        cluster.master_of("a").expect("a master").kill().expect("killed");
        let replica = cluster.nodes().iter().position(|node| node.port() == lost).expect("of ours") + MASTERS;
        let replica = &mut cluster.nodes()[replica];
        replica.wait_for_line("Failover election won").expect("elected");
        assert_eq!(replica.command(&["SET", "a", "2"]).expect("it takes writes"), "OK");
    }
}
