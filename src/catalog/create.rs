//! Making topics: what is asked, and the rules it must meet.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;

use crate::base::limits::{PARTITIONS_MAX, PARTITIONS_PER_REQUEST_MAX};
use crate::base::{LogId, TopicId};
use crate::catalog::alter::{self, ConfigFault};
use crate::catalog::names::{self, NameFault};
use crate::catalog::{Catalog, Change, Decided, Mode, Topic};
use crate::config::{Cleanup, Settings, TopicConfig, keys};
use crate::store::pool::{Policy, family_for};

/// A topic that somebody wants.
#[derive(Clone, Debug, Default)]
pub struct NewTopic {
    /// Its name.
    pub name: String,
    /// How many partitions; -1 for the broker's default, or when they are assigned by hand.
    pub partitions: i32,
    /// How many replicas of each; -1 likewise.
    pub replication_factor: i16,
    /// Partitions with the brokers they are to be on, or nothing.
    pub assignments: Vec<Assignment>,
    /// Settings of its own.
    pub configs: Vec<(String, Option<String>)>,
    /// The id it gets: random, not in use.
    pub id: TopicId,
}

/// Where a partition's replicas are to be.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Assignment {
    /// The partition's index.
    pub partition: i32,
    /// Ids of brokers.
    pub brokers: Vec<i32>,
}

/// Why a topic cannot be made.
#[derive(Clone, Debug, PartialEq)]
pub enum CreateError {
    /// The request names it more than once.
    Repeated,
    /// All topics of the request have more than [`PARTITIONS_PER_REQUEST_MAX`] partitions.
    RequestTooLarge,
    /// The name is Kafka's own metadata log's.
    MetadataTopic,
    /// There is one of this name.
    Exists,
    /// There is one whose name differs in '.' and '_' only.
    Collides {
        /// Its name.
        with: Arc<str>,
    },
    /// The name is not a topic's name.
    Name(NameFault),
    /// The settings are not right.
    Config(ConfigFault),
    /// Assigned by hand, so there must be no replication factor.
    AssignedAndReplicated,
    /// Assigned by hand, so there must be no number of partitions.
    AssignedAndCounted,
    /// The assignment by hand is not right.
    Assignment(AssignmentFault),
    /// Zero or less, but not -1.
    ReplicationFactor,
    /// Zero or less, but not -1.
    Partitions,
    /// There are fewer brokers than replicas asked for.
    Replicas {
        /// How many were asked for.
        asked: i32,
    },
    /// The broker would have more than [`PARTITIONS_MAX`] partitions.
    BrokerFull,
    /// Every number that a topic can have was used.
    NumbersUsedUp,
}

/// What is wrong with an assignment by hand.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AssignmentFault {
    /// The partition is assigned twice.
    Repeated {
        /// The partition.
        partition: i32,
    },
    /// No broker is given.
    NoBroker,
    /// A broker is given that is not registered.
    UnknownBroker {
        /// Its id.
        broker: i32,
    },
    /// A broker is given twice.
    RepeatedBroker {
        /// Its id.
        broker: i32,
    },
    /// Another number of replicas than other partitions have.
    Uneven {
        /// Replicas of this partition.
        replicas: usize,
        /// Replicas of the others.
        before: usize,
    },
    /// Partitions do not count up from 0.
    NotConsecutive,
    /// Not as many as there are partitions to add.
    Count {
        /// Partitions to add.
        additional: usize,
        /// Assignments given.
        given: usize,
    },
}

/// What a rule looks at.
struct Asked<'a> {
    catalog: &'a Catalog,
    settings: &'a Settings,
    topic: &'a NewTopic,
}

type Rule = fn(&Asked<'_>) -> Result<(), CreateError>;

/// The rules that a new topic must meet, in the order in which Kafka's answers take precedence.
const RULES: &[Rule] = &[
    is_not_the_metadata_topic,
    name_is_free,
    name_does_not_collide,
    name_is_legal,
    configs_are_right,
    assignment_stands_alone,
    assignment_is_right,
    replication_factor_is_positive,
    partitions_are_positive,
    brokers_are_enough,
];

impl Catalog {
    /// Makes topics, those that meet the rules.
    pub fn create(
        &mut self,
        asked: Vec<NewTopic>,
        mode: Mode,
        settings: &Settings,
    ) -> Decided<Result<Arc<Topic>, CreateError>> {
        let repeated = repeated(asked.iter().map(|topic| topic.name.as_str()));
        let unique = asked.iter().filter(|topic| !repeated.contains(topic.name.as_str()));
        let sizes = unique.map(|topic| partition_count(topic, settings));
        let too_large = sizes.sum::<usize>() > PARTITIONS_PER_REQUEST_MAX;

        let mut room = PARTITIONS_MAX.saturating_sub(self.partitions);
        let mut number = self.counters.next_topic;
        let mut changes = Vec::new();
        let mut answers = Vec::with_capacity(asked.len());
        for topic in &asked {
            let planned = if repeated.contains(topic.name.as_str()) {
                Err(CreateError::Repeated)
            } else if too_large {
                Err(CreateError::RequestTooLarge)
            } else {
                self.plan(topic, number, room, settings)
            };
            answers.push(planned.map(|made| {
                room -= made.partitions.len();
                number += 1;
                let made = Arc::new(made);
                changes.push(Change::Topic(made.clone()));
                made
            }));
        }
        self.commit(mode, answers, changes)
    }

    fn plan(
        &self,
        topic: &NewTopic,
        number: u32,
        room: usize,
        settings: &Settings,
    ) -> Result<Topic, CreateError> {
        let asked = Asked { catalog: self, settings, topic };
        RULES.iter().try_for_each(|rule| rule(&asked))?;
        let count = partition_count(topic, settings);
        if count > room {
            return Err(CreateError::BrokerFull);
        }
        // The last number stays unused, so that the counter can always stand after it.
        if number == u32::MAX {
            return Err(CreateError::NumbersUsedUp);
        }
        let overrides: BTreeMap<String, String> = topic
            .configs
            .iter()
            .filter_map(|(key, value)| Some((key.clone(), value.clone()?)))
            .collect();
        let config = TopicConfig::resolve(&overrides, settings);
        let partitions = logs(&config, number, 0..count);
        Ok(Topic {
            id: topic.id,
            number,
            name: topic.name.as_str().into(),
            partitions,
            overrides,
            config: Arc::new(config),
            internal: names::is_internal(&topic.name),
        })
    }
}

/// Where new partitions of a topic are put.
pub(super) fn logs(
    config: &TopicConfig,
    topic: u32,
    partitions: std::ops::Range<usize>,
) -> Vec<LogId> {
    let policy = if config.cleanup == Cleanup::Delete { Policy::Delete } else { Policy::Compact };
    let log = |partition: usize| {
        let partition = u32::try_from(partition).expect("far fewer than PARTITIONS_MAX");
        LogId { family: family_for(policy, topic, partition), topic, partition }
    };
    partitions.map(log).collect()
}

/// Names that occur more than once.
pub fn repeated<'a>(names: impl Iterator<Item = &'a str>) -> HashSet<String> {
    let mut seen = HashMap::new();
    names.for_each(|name| *seen.entry(name).or_insert(0_usize) += 1);
    seen.into_iter().filter(|(_, count)| *count > 1).map(|(name, _)| name.to_owned()).collect()
}

/// How many partitions the topic would have; nothing when the number asked for is nonsense.
fn partition_count(topic: &NewTopic, settings: &Settings) -> usize {
    if !topic.assignments.is_empty() {
        return topic.assignments.len();
    }
    let asked = match topic.partitions {
        -1 => settings.get(keys::NUM_PARTITIONS),
        asked => asked,
    };
    usize::try_from(asked).unwrap_or(0)
}

fn is_not_the_metadata_topic(asked: &Asked<'_>) -> Result<(), CreateError> {
    if asked.topic.name == names::CLUSTER_METADATA {
        Err(CreateError::MetadataTopic)
    } else {
        Ok(())
    }
}

fn name_is_free(asked: &Asked<'_>) -> Result<(), CreateError> {
    match asked.catalog.topic(&asked.topic.name) {
        Some(_) => Err(CreateError::Exists),
        None => Ok(()),
    }
}

fn name_does_not_collide(asked: &Asked<'_>) -> Result<(), CreateError> {
    let unified = names::unified(&asked.topic.name);
    let similar = unified.and_then(|unified| asked.catalog.similar.get(&unified));
    match similar.and_then(|names| names.first()) {
        Some(name) => Err(CreateError::Collides { with: name.clone() }),
        None => Ok(()),
    }
}

fn name_is_legal(asked: &Asked<'_>) -> Result<(), CreateError> {
    names::check(&asked.topic.name).map_err(CreateError::Name)
}

fn configs_are_right(asked: &Asked<'_>) -> Result<(), CreateError> {
    alter::check_new(&asked.topic.configs, asked.settings).map_err(CreateError::Config)
}

fn assignment_stands_alone(asked: &Asked<'_>) -> Result<(), CreateError> {
    match asked.topic {
        topic if topic.assignments.is_empty() => Ok(()),
        topic if topic.replication_factor != -1 => Err(CreateError::AssignedAndReplicated),
        topic if topic.partitions != -1 => Err(CreateError::AssignedAndCounted),
        _ => Ok(()),
    }
}

fn assignment_is_right(asked: &Asked<'_>) -> Result<(), CreateError> {
    let mut seen = HashSet::new();
    let mut before = None;
    for Assignment { partition, brokers } in &asked.topic.assignments {
        if !seen.insert(*partition) {
            let fault = AssignmentFault::Repeated { partition: *partition };
            return Err(CreateError::Assignment(fault));
        }
        check_replicas(brokers, before, asked.settings.node_id())
            .map_err(CreateError::Assignment)?;
        before = Some(brokers.len());
    }
    let consecutive = (0..).zip(&asked.topic.assignments).all(|(index, _)| seen.contains(&index));
    if consecutive { Ok(()) } else { Err(CreateError::Assignment(AssignmentFault::NotConsecutive)) }
}

/// Checks one partition's brokers as Kafka does, in the order of their ids.
pub fn check_replicas(
    brokers: &[i32],
    before: Option<usize>,
    node_id: i32,
) -> Result<(), AssignmentFault> {
    if brokers.is_empty() {
        return Err(AssignmentFault::NoBroker);
    }
    let mut sorted = brokers.to_vec();
    sorted.sort_unstable();
    let mut previous = None;
    for broker in sorted {
        if broker != node_id {
            return Err(AssignmentFault::UnknownBroker { broker });
        }
        if previous == Some(broker) {
            return Err(AssignmentFault::RepeatedBroker { broker });
        }
        previous = Some(broker);
    }
    match before {
        Some(before) if before != brokers.len() => {
            Err(AssignmentFault::Uneven { replicas: brokers.len(), before })
        }
        _ => Ok(()),
    }
}

fn replication_factor_is_positive(asked: &Asked<'_>) -> Result<(), CreateError> {
    match asked.topic.replication_factor {
        -1 | 1.. => Ok(()),
        _ => Err(CreateError::ReplicationFactor),
    }
}

fn partitions_are_positive(asked: &Asked<'_>) -> Result<(), CreateError> {
    match asked.topic.partitions {
        -1 | 1.. => Ok(()),
        _ => Err(CreateError::Partitions),
    }
}

fn brokers_are_enough(asked: &Asked<'_>) -> Result<(), CreateError> {
    if !asked.topic.assignments.is_empty() {
        return Ok(());
    }
    let replicas = match asked.topic.replication_factor {
        -1 => asked.settings.get(keys::DEFAULT_REPLICATION_FACTOR),
        factor => i32::from(factor),
    };
    if replicas <= 1 { Ok(()) } else { Err(CreateError::Replicas { asked: replicas }) }
}
