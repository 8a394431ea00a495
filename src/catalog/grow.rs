//! Adding partitions to topics.

use std::sync::Arc;

use crate::base::limits::{PARTITIONS_MAX, PARTITIONS_PER_REQUEST_MAX};
use crate::catalog::create::{AssignmentFault, check_replicas, logs, repeated};
use crate::catalog::{Catalog, Change, Decided, Mode, Topic};
use crate::config::Settings;

/// A topic that is to have more partitions.
#[derive(Clone, Debug, Default)]
pub struct Growth {
    /// Its name.
    pub name: String,
    /// How many partitions it is to have in all.
    pub count: i32,
    /// The brokers of each added partition, or nothing.
    pub assignments: Option<Vec<Vec<i32>>>,
}

/// Why a topic does not grow.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum GrowError {
    /// The request names it more than once.
    Repeated,
    /// There is no such topic.
    NoSuchTopic,
    /// It has that many.
    Same {
        /// How many it has.
        partitions: usize,
    },
    /// It has more.
    Fewer {
        /// How many it has.
        partitions: usize,
        /// How many were asked for.
        asked: i32,
    },
    /// The assignment by hand is not right.
    Assignment(AssignmentFault),
    /// The request adds more than [`PARTITIONS_PER_REQUEST_MAX`] partitions.
    RequestTooLarge,
    /// The broker would have more than [`PARTITIONS_MAX`] partitions.
    BrokerFull,
}

impl Catalog {
    /// Adds partitions to topics.
    pub fn grow(
        &mut self,
        asked: &[Growth],
        mode: Mode,
        settings: &Settings,
    ) -> Decided<Result<Arc<Topic>, GrowError>> {
        let repeated = repeated(asked.iter().map(|growth| growth.name.as_str()));
        let mut added = 0;
        let mut changes = Vec::new();
        let mut answers = Vec::with_capacity(asked.len());
        for growth in asked {
            let planned = if repeated.contains(&growth.name) {
                Err(GrowError::Repeated)
            } else {
                self.plan_growth(growth, added, settings)
            };
            answers.push(planned.map(|(grown, additional)| {
                added += additional;
                let grown = Arc::new(grown);
                changes.push(Change::Topic(grown.clone()));
                grown
            }));
        }
        self.commit(mode, answers, changes)
    }

    fn plan_growth(
        &self,
        growth: &Growth,
        added: usize,
        settings: &Settings,
    ) -> Result<(Topic, usize), GrowError> {
        let topic = self.topic(&growth.name).ok_or(GrowError::NoSuchTopic)?;
        let partitions = topic.partitions.len();
        let fewer = GrowError::Fewer { partitions, asked: growth.count };
        let count = usize::try_from(growth.count).map_err(|_| fewer.clone())?;
        let additional = match count.checked_sub(partitions) {
            None => return Err(fewer),
            Some(0) => return Err(GrowError::Same { partitions }),
            Some(additional) => additional,
        };
        check_assignments(growth, additional, settings.node_id()).map_err(GrowError::Assignment)?;
        let added = added.saturating_add(additional);
        if added > PARTITIONS_PER_REQUEST_MAX {
            return Err(GrowError::RequestTooLarge);
        }
        if added > PARTITIONS_MAX.saturating_sub(self.partitions) {
            return Err(GrowError::BrokerFull);
        }
        let mut grown = topic.resolved(settings);
        let added = logs(&grown.config, topic.number, partitions..count);
        grown.partitions.extend(added);
        Ok((grown, additional))
    }
}

fn check_assignments(
    growth: &Growth,
    additional: usize,
    node_id: i32,
) -> Result<(), AssignmentFault> {
    let Some(assignments) = &growth.assignments else { return Ok(()) };
    if assignments.len() != additional {
        return Err(AssignmentFault::Count { additional, given: assignments.len() });
    }
    assignments.iter().try_for_each(|brokers| check_replicas(brokers, Some(1), node_id))
}
