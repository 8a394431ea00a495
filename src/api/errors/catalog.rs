//! What the catalog says, in Kafka's codes.
//!
//! The codes are those of ReplicationControlManager, ConfigurationControlManager and
//! ConfigAdminManager; the sentences say the same in other words.

use kafka_protocol::ResponseError;

use super::Refusal;
use crate::base::limits::{
    PARTITIONS_MAX, PARTITIONS_PER_REQUEST_MAX, SETTINGS_BYTES_MAX, TOPIC_NAME_MAX,
};
use crate::catalog::NoSuchTopic;
use crate::catalog::alter::{AlterError, ConfigFault, Resource};
use crate::catalog::create::{AssignmentFault, CreateError};
use crate::catalog::grow::GrowError;
use crate::catalog::names::{CLUSTER_METADATA, NameFault};

/// A topic that cannot be made.
pub(crate) fn create(name: &str, error: &CreateError) -> Refusal {
    use ResponseError as E;
    match error {
        CreateError::Repeated => Refusal::because(E::InvalidRequest, "Duplicate topic name."),
        CreateError::RequestTooLarge => request_too_large(),
        CreateError::MetadataTopic => Refusal::because(
            E::InvalidRequest,
            format!("The internal topic {CLUSTER_METADATA} cannot be created."),
        ),
        CreateError::Exists => {
            Refusal::because(E::TopicAlreadyExists, format!("Topic '{name}' already exists."))
        }
        CreateError::Collides { with } => Refusal::because(
            E::InvalidTopicException,
            format!("Topic '{name}' collides with the existing topic '{with}'."),
        ),
        CreateError::Name(fault) => illegal_name(name, *fault),
        CreateError::Config(fault) => config(fault),
        CreateError::AssignedAndReplicated => Refusal::because(
            E::InvalidRequest,
            "With a manual partition assignment the replication factor must be -1.",
        ),
        CreateError::AssignedAndCounted => Refusal::because(
            E::InvalidRequest,
            "With a manual partition assignment the number of partitions must be -1.",
        ),
        CreateError::Assignment(fault) => assignment(fault),
        CreateError::ReplicationFactor => Refusal::because(
            E::InvalidReplicationFactor,
            "The replication factor must be larger than 0, or -1 for the default.",
        ),
        CreateError::Partitions => Refusal::because(
            E::InvalidPartitions,
            "The number of partitions must be larger than 0, or -1 for the default.",
        ),
        CreateError::Replicas { asked } => Refusal::because(
            E::InvalidReplicationFactor,
            format!(
                "Unable to replicate the partition {asked} time(s): the target replication \
                 factor of {asked} cannot be reached because only 1 broker(s) are registered."
            ),
        ),
        CreateError::BrokerFull => broker_full(),
        CreateError::NumbersUsedUp => Refusal::because(
            E::PolicyViolation,
            "This broker has made as many topics as it can ever make.",
        ),
    }
}

/// Partitions that cannot be added.
pub(crate) fn grow(name: &str, error: &GrowError) -> Refusal {
    use ResponseError as E;
    match error {
        GrowError::Repeated => Refusal::because(E::InvalidRequest, "Duplicate topic name."),
        GrowError::NoSuchTopic => E::UnknownTopicOrPartition.into(),
        GrowError::Same { partitions } => Refusal::because(
            E::InvalidPartitions,
            format!("Topic already has {partitions} partition(s)."),
        ),
        GrowError::Fewer { partitions, asked } => Refusal::because(
            E::InvalidPartitions,
            format!(
                "The topic {name} has {partitions} partition(s) already; {asked} would not be \
                 an increase."
            ),
        ),
        GrowError::Assignment(fault) => assignment(fault),
        GrowError::RequestTooLarge => request_too_large(),
        GrowError::BrokerFull => broker_full(),
    }
}

/// Settings that are not altered.
pub(crate) fn alter(resource: &Resource, error: &AlterError) -> Refusal {
    use ResponseError as E;
    match error {
        AlterError::Config(fault) => match resource {
            Resource::Topic(_) => config(fault),
            // A value that does not fit is called an invalid request, but only for brokers: Kafka's
            // own mix-up, kept for compatibility (KAFKA-13609).
            Resource::Broker(_) if matches!(fault, ConfigFault::Refused(_)) => {
                Refusal { error: E::InvalidRequest, ..config(fault) }
            }
            Resource::Broker(_) => config(fault),
        },
        AlterError::NoName => {
            Refusal::because(E::InvalidRequest, "Topics have no default that could be altered.")
        }
        AlterError::Name(fault) => match resource {
            Resource::Topic(name) => illegal_name(name, *fault),
            Resource::Broker(_) => E::InvalidTopicException.into(),
        },
        AlterError::NoSuchTopic { name } => Refusal::because(
            E::UnknownTopicOrPartition,
            format!("The topic '{name}' does not exist."),
        ),
    }
}

/// A topic that is not there, given by name.
pub(crate) fn no_such_name(_: NoSuchTopic) -> Refusal {
    Refusal::because(ResponseError::UnknownTopicOrPartition, "There is no topic of this name.")
}

/// A topic that is not there, given by id.
pub(crate) fn no_such_id(_: NoSuchTopic) -> Refusal {
    Refusal::because(ResponseError::UnknownTopicId, "There is no topic of this id.")
}

/// A name that is no topic's name.
pub(crate) fn illegal_name(name: &str, fault: NameFault) -> Refusal {
    let why = match fault {
        NameFault::Empty => "it is empty".to_owned(),
        NameFault::Dots => format!("'{name}' is not allowed"),
        NameFault::TooLong => {
            format!("'{name}' is longer than {TOPIC_NAME_MAX} characters, the most allowed")
        }
        NameFault::Characters => {
            format!("'{name}' has characters other than ASCII letters, digits, '.', '_' and '-'")
        }
    };
    let message = format!("Topic name is invalid: {why}");
    Refusal::because(ResponseError::InvalidTopicException, message)
}

/// Replicas that are not where they can be.
pub(crate) fn assignment(fault: &AssignmentFault) -> Refusal {
    let message = match fault {
        AssignmentFault::Repeated { partition } => {
            format!("Partition {partition} has more than one manual assignment.")
        }
        AssignmentFault::NoBroker => "A manual assignment has no broker in it.".to_owned(),
        AssignmentFault::UnknownBroker { broker } => {
            format!("A manual assignment names broker {broker}, which is not registered.")
        }
        AssignmentFault::RepeatedBroker { broker } => {
            format!("A manual assignment names broker {broker} more than once.")
        }
        AssignmentFault::Uneven { replicas, before } => format!(
            "A manual assignment has {replicas} replica(s), other partitions have {before}."
        ),
        AssignmentFault::NotConsecutive => {
            "Manually assigned partitions must count up from 0.".to_owned()
        }
        AssignmentFault::Count { additional, given } => format!(
            "{additional} partition(s) are to be added, but {given} assignment(s) were given."
        ),
    };
    Refusal::because(ResponseError::InvalidReplicaAssignment, message)
}

fn config(fault: &ConfigFault) -> Refusal {
    let message = match fault {
        ConfigFault::NoValue { keys } => {
            format!("Null value not supported for topic configs: {}", keys.join(","))
        }
        ConfigFault::NotAList { key, edit } => {
            format!("Can't {edit} to key {key} because its type is not LIST.")
        }
        ConfigFault::Refused(error) => error.client_message(),
        ConfigFault::TooLong => {
            format!("All configs of one resource together may have {SETTINGS_BYTES_MAX} bytes.")
        }
    };
    Refusal::because(ResponseError::InvalidConfig, message)
}

fn request_too_large() -> Refusal {
    Refusal::because(
        ResponseError::PolicyViolation,
        format!("One request may create {PARTITIONS_PER_REQUEST_MAX} partitions at most."),
    )
}

fn broker_full() -> Refusal {
    Refusal::because(
        ResponseError::PolicyViolation,
        format!("One broker may have {PARTITIONS_MAX} partitions at most."),
    )
}

/// The client gave the broker less time than its request took, or none at all.
pub(crate) fn too_late() -> Refusal {
    ResponseError::RequestTimedOut.into()
}
