//! Background work: retention, the end of silent producers, the space of deleted topics.
//!
//! Every job is a round over what there is; a round that fails is logged and comes again. What a
//! round decides comes from `log::retention`; here it is only carried out.

use std::sync::Arc;
use std::time::Duration;

use tracing::{debug, warn};

use crate::broker::Broker;
use crate::broker::partitions::TrimFault;
use crate::catalog::Topic;
use crate::config::keys;
use crate::log::retention::{self, Answers, LogFacts, RetentionRules};
use crate::store::StoreError;

impl Broker {
    /// Starts the background jobs.
    pub(super) fn start_janitor(self: &Arc<Self>) {
        let broker = Arc::downgrade(self);
        self.core().spawn(async move {
            loop {
                let Some(pause) = broker.upgrade().map(|broker| broker.retention_pause()) else {
                    return;
                };
                tokio::time::sleep(pause).await;
                let Some(broker) = broker.upgrade() else { return };
                broker.retention_round().await;
                broker.partitions().tidy(broker.core().now());
            }
        });
        let broker = Arc::downgrade(self);
        self.core().spawn(async move {
            loop {
                let Some(pause) = broker.upgrade().map(|broker| broker.producers_pause()) else {
                    return;
                };
                tokio::time::sleep(pause).await;
                let Some(broker) = broker.upgrade() else { return };
                broker.producers_round();
            }
        });
    }

    fn retention_pause(&self) -> Duration {
        millis(self.settings().get(keys::LOG_RETENTION_CHECK_INTERVAL_MS))
    }

    fn producers_pause(&self) -> Duration {
        millis(i64::from(self.settings().get(keys::PRODUCER_ID_EXPIRATION_CHECK_INTERVAL_MS)))
    }

    /// Lets go of what retention does not keep, in every partition.
    pub async fn retention_round(&self) {
        for topic in self.catalog().topics() {
            if !topic.config.cleanup.deletes() {
                continue;
            }
            for partition in 0..topic.partitions.len() {
                let partition = i32::try_from(partition).expect("partitions are counted in i32");
                if let Err(error) = self.retain(&topic, partition).await {
                    warn!(topic = %topic.name, partition, %error, "retention failed");
                }
            }
        }
    }

    async fn retain(&self, topic: &Topic, partition: i32) -> Result<(), StoreError> {
        let Some(cell) = self.partitions().cell(topic, partition).await? else { return Ok(()) };
        let bounds = cell.bounds();
        if bounds.log_start == bounds.high_watermark {
            return Ok(());
        }
        let engine = &self.core().engine;
        let log = LogFacts {
            log_start: bounds.log_start,
            high_watermark: bounds.high_watermark,
            has_timestamps: cell.max_time().is_some(),
            bytes: engine.size(cell.log(), bounds.log_start).await?,
        };
        let rules = RetentionRules {
            retention_ms: topic.config.retention_ms,
            retention_bytes: topic.config.retention_bytes,
        };
        let asked = retention::questions(self.core().now(), rules, log);
        let mut answers = Answers::default();
        if let Some(young) = asked.time {
            answers.time = engine.find_time(cell.log(), young.from, young.at_ms).await?;
        }
        if let Some(keep) = asked.keep_bytes {
            answers.size = engine.find_size(cell.log(), keep).await?;
        }
        if let Some(start) = retention::new_start(log, asked, answers) {
            match self.partitions().move_start(&cell, start).await {
                Ok(start) => debug!(topic = %topic.name, partition, start, "log start moved"),
                Err(TrimFault::Store(error)) => return Err(error),
                // It was trimmed further meanwhile: then there is nothing to do.
                Err(TrimFault::OutOfRange | TrimFault::Compacted) => {}
            }
        }
        Ok(())
    }

    fn producers_round(&self) {
        let now = self.core().now();
        let after_ms = i64::from(self.settings().get(keys::PRODUCER_ID_EXPIRATION_MS));
        for cell in self.partitions().loaded() {
            cell.expire_producers(self.core(), now, after_ms);
        }
    }

    /// Gives back the space of deleted topics, those of before the last stop too.
    pub(super) fn reclaim_dead(self: &Arc<Self>) {
        let broker = Arc::downgrade(self);
        self.core().spawn(async move {
            let Some(broker) = broker.upgrade() else { return };
            let _one_at_a_time = broker.reclaiming.lock().await;
            for (number, logs) in broker.catalog().dead() {
                let reclaimed = match broker.partitions().reclaim(&logs).await {
                    Ok(()) => broker.catalog().forget_dead(number).await,
                    Err(error) => Err(error),
                };
                match reclaimed {
                    Ok(()) => debug!(number, partitions = logs.len(), "deleted topic reclaimed"),
                    Err(error) => warn!(number, %error, "deleted topic not reclaimed yet"),
                }
            }
        });
    }
}

fn millis(value: i64) -> Duration {
    Duration::from_millis(u64::try_from(value).unwrap_or(u64::MAX).max(1))
}
