//! What the metrics page shows of the broker's state, asked for at each scrape.
//!
//! Names follow Prometheus' rules: a unit at the end, `_total` for what only grows.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use crate::broker::Broker;
use crate::catalog::Topic;

/// Topics and partitions above this number are shown as sums over each topic only: a page with a
/// line for every one of 10,000 partitions helps nobody.
const PARTITIONS_SHOWN_MAX: usize = 1_000;

/// One line of the metrics page.
#[derive(Clone, Debug, PartialEq)]
pub struct Figure {
    /// The metric's name.
    pub name: &'static str,
    /// What it means.
    pub help: &'static str,
    /// Its labels.
    pub labels: Vec<(&'static str, String)>,
    /// Its value now.
    pub value: f64,
}

impl Figure {
    #[expect(clippy::cast_precision_loss, reason = "Prometheus knows floating point only")]
    fn new(name: &'static str, help: &'static str, value: u64) -> Self {
        Self { name, help, labels: Vec::new(), value: value as f64 }
    }

    fn of(mut self, label: &'static str, value: impl Into<String>) -> Self {
        self.labels.push((label, value.into()));
        self
    }
}

impl Broker {
    /// Why the broker should be restarted, if so.
    pub fn ailment(&self) -> Option<String> {
        self.core().journal.failure().map(|error| error.to_string())
    }

    /// Everything the page shows of the broker's state.
    pub async fn figures(&self) -> Vec<Figure> {
        let topics = self.catalog().topics();
        let partitions: usize = topics.iter().map(|topic| topic.partitions.len()).sum();
        let mut figures = vec![
            Figure::new("klamm_topics", "Topics", topics.len() as u64),
            Figure::new("klamm_partitions", "Partitions of all topics", partitions as u64),
            Figure::new(
                "klamm_tail_cache_bytes",
                "Memory held by the newest batches",
                self.partitions().tail_bytes() as u64,
            ),
            Figure::new(
                "klamm_fetch_sessions",
                "Incremental fetch sessions",
                self.sessions().len() as u64,
            ),
        ];
        for topic in &topics {
            self.topic_figures(topic, &mut figures);
            if partitions <= PARTITIONS_SHOWN_MAX {
                self.log_figures(topic, &mut figures).await;
            }
        }
        self.lag_figures(&mut figures).await;
        figures.extend(self.core().engine.figures().into_iter().map(|figure| Figure {
            name: figure.name,
            help: figure.help,
            labels: Vec::new(),
            value: figure.value,
        }));
        figures
    }

    fn topic_figures(&self, topic: &Topic, figures: &mut Vec<Figure>) {
        let totals = self.partitions().totals(topic);
        let lines = [
            ("klamm_topic_in_bytes_total", "Bytes of record batches appended", &totals.bytes_in),
            ("klamm_topic_in_records_total", "Records appended", &totals.records_in),
            ("klamm_topic_out_bytes_total", "Bytes given to consumers", &totals.bytes_out),
            ("klamm_topic_out_records_total", "Records given to consumers", &totals.records_out),
        ];
        figures.extend(lines.map(|(name, help, value)| {
            Figure::new(name, help, value.load(Ordering::Relaxed)).of("topic", topic.name.as_ref())
        }));
    }

    async fn log_figures(&self, topic: &Topic, figures: &mut Vec<Figure>) {
        for index in (0..).take(topic.partitions.len()) {
            let Ok(Some(cell)) = self.partitions().cell(topic, index).await else { continue };
            let bounds = cell.bounds();
            let size = self.core().engine.size(cell.log(), bounds.log_start).await.unwrap_or(0);
            let offset = |offset: i64| u64::try_from(offset).unwrap_or(0);
            let lines = [
                ("klamm_log_bytes", "Bytes from a log's start to its end", size),
                ("klamm_log_start_offset", "A log's first offset", offset(bounds.log_start)),
                (
                    "klamm_log_high_watermark",
                    "What consumers may read up to",
                    offset(bounds.high_watermark),
                ),
            ];
            figures.extend(lines.map(|(name, help, value)| {
                Figure::new(name, help, value)
                    .of("topic", topic.name.as_ref())
                    .of("partition", index.to_string())
            }));
        }
    }

    async fn lag_figures(&self, figures: &mut Vec<Figure>) {
        let mut topics: BTreeMap<Arc<str>, Option<Arc<Topic>>> = BTreeMap::new();
        for committed in self.groups().committed().into_iter().take(PARTITIONS_SHOWN_MAX) {
            let topic = topics
                .entry(committed.topic.clone())
                .or_insert_with(|| self.catalog().topic(&committed.topic));
            let Some(topic) = topic else { continue };
            let cell = self.partitions().cell(topic, committed.partition).await;
            let Ok(Some(cell)) = cell else { continue };
            let lag = cell.bounds().high_watermark.saturating_sub(committed.offset);
            let help = "Records between a group's committed offset and the high watermark";
            figures.push(
                Figure::new("klamm_group_lag_records", help, u64::try_from(lag).unwrap_or(0))
                    .of("group", committed.group.to_string())
                    .of("topic", committed.topic.as_ref())
                    .of("partition", committed.partition.to_string()),
            );
        }
    }
}
