//! Altered settings.

use super::*;
use crate::catalog::alter::{AlterError, ConfigFault, in_force};
use crate::catalog::names::NameFault;

fn set(key: &str, value: &str) -> (String, Edit) {
    (key.into(), Edit::Set(value.into()))
}

fn of(resource: Resource, edits: Vec<(String, Edit)>) -> Alteration {
    Alteration { resource, edits: Edits::Some(edits) }
}

fn topic_a(edits: Vec<(String, Edit)>) -> Alteration {
    of(Resource::Topic("a".into()), edits)
}

fn alter(catalog: &mut Catalog, alteration: Alteration) -> Result<(), AlterError> {
    let decided = catalog.alter(&[alteration], Mode::Apply, &settings());
    decided.answers.into_iter().next().expect("one answer to one ask")
}

fn overrides(catalog: &Catalog) -> Vec<(&str, &str)> {
    let topic = catalog.topic("a").expect("made by the test");
    topic.overrides.iter().map(|(key, value)| (key.as_str(), value.as_str())).collect()
}

#[test]
fn a_setting_is_set_and_given_back() {
    let mut catalog = with(&["a"]);
    let default = catalog.topic("a").expect("just made").config.retention_ms;
    alter(&mut catalog, topic_a(vec![set("retention.ms", "5")])).expect("fits");
    assert_eq!(catalog.topic("a").expect("there").config.retention_ms, 5);
    alter(&mut catalog, topic_a(vec![("retention.ms".into(), Edit::Delete)])).expect("fits");
    assert_eq!(catalog.topic("a").expect("there").config.retention_ms, default);
    assert_eq!(overrides(&catalog), []);
    alter(&mut catalog, topic_a(vec![("no.such.key".into(), Edit::Delete)])).expect("as in Kafka");
}

#[test]
fn items_are_added_to_lists_and_taken_out() {
    let mut catalog = with(&["a"]);
    let key = || "cleanup.policy".to_owned();
    for (edit, expected) in [
        (Edit::Append("compact".into()), "delete,compact"),
        (Edit::Append("compact".into()), "delete,compact"),
        (Edit::Subtract("delete".into()), "compact"),
        (Edit::Subtract("delete".into()), "compact"),
        (Edit::Subtract("compact".into()), ""),
        (Edit::Append("delete".into()), "delete"),
    ] {
        let what = format!("{edit:?}");
        alter(&mut catalog, topic_a(vec![(key(), edit)])).expect("fits");
        assert_eq!(overrides(&catalog), [("cleanup.policy", expected)], "{what}");
    }
    for (edit, name) in
        [(Edit::Append("1".into()), "APPEND"), (Edit::Subtract("1".into()), "SUBTRACT")]
    {
        let wrong = alter(&mut catalog, topic_a(vec![("retention.ms".into(), edit)]));
        let fault = ConfigFault::NotAList { key: "retention.ms".into(), edit: name };
        assert_eq!(wrong, Err(AlterError::Config(fault)));
    }
}

#[test]
fn one_wrong_setting_spoils_its_resource_and_no_other() {
    let mut catalog = with(&["a", "b"]);
    let b = of(Resource::Topic("b".into()), vec![set("retention.ms", "7")]);
    let asked = [topic_a(vec![set("retention.ms", "7"), set("segment.bytes", "x")]), b];
    let decided = catalog.alter(&asked, Mode::Apply, &settings());
    assert!(decided.answers[0].is_err() && decided.answers[1].is_ok());
    assert_eq!(overrides(&catalog), []);
    assert_eq!(catalog.topic("b").expect("there").config.retention_ms, 7);
}

#[test]
fn the_old_way_replaces_all_settings() {
    let mut catalog = with(&["a"]);
    alter(&mut catalog, topic_a(vec![set("retention.ms", "5")])).expect("fits");
    let all = BTreeMap::from([("retention.bytes".to_owned(), "9".to_owned())]);
    let all = Alteration { resource: Resource::Topic("a".into()), edits: Edits::All(all) };
    alter(&mut catalog, all.clone()).expect("fits");
    assert_eq!(overrides(&catalog), [("retention.bytes", "9")]);
    let again = catalog.alter(&[all], Mode::Apply, &settings());
    assert!(again.writes.is_empty(), "nothing changed, so nothing is written");
}

#[test]
fn a_wrong_setting_is_told_before_a_missing_topic() {
    let mut catalog = Catalog::default();
    let missing = AlterError::NoSuchTopic { name: "a".into() };
    assert_eq!(alter(&mut catalog, topic_a(vec![set("retention.ms", "5")])), Err(missing));
    let wrong = alter(&mut catalog, topic_a(vec![set("no.such.key", "5")]));
    assert!(matches!(wrong, Err(AlterError::Config(ConfigFault::Refused(_)))), "{wrong:?}");
    let unnamed = of(Resource::Topic(String::new()), vec![]);
    assert_eq!(alter(&mut catalog, unnamed), Err(AlterError::NoName));
    let illegal = of(Resource::Topic("a/b".into()), vec![]);
    assert_eq!(alter(&mut catalog, illegal), Err(AlterError::Name(NameFault::Characters)));
}

#[test]
fn a_brokers_own_setting_wins_over_the_clusters() {
    let mut catalog = Catalog::default();
    let brokers = |scope, value| of(Resource::Broker(scope), vec![set("log.retention.ms", value)]);
    alter(&mut catalog, brokers(Scope::Cluster, "8")).expect("fits");
    alter(&mut catalog, brokers(Scope::Node(NODE), "9")).expect("fits");
    let resolved = |catalog: &Catalog| {
        let settings = in_force(&settings(), catalog.altered()).expect("was checked");
        TopicConfig::resolve(&BTreeMap::new(), &settings).retention_ms
    };
    assert_eq!(resolved(&catalog), 9);
    let delete = vec![("log.retention.ms".to_owned(), Edit::Delete)];
    alter(&mut catalog, of(Resource::Broker(Scope::Node(NODE)), delete)).expect("fits");
    assert_eq!(resolved(&catalog), 8);
    assert_eq!(catalog.altered().len(), 1, "an empty scope is not kept");

    for edits in [vec![set("node.id", "2")], vec![set("no.such.key", "1")]] {
        let refused = alter(&mut catalog, of(Resource::Broker(Scope::Cluster), edits));
        assert!(matches!(refused, Err(AlterError::Config(ConfigFault::Refused(_)))), "{refused:?}");
    }
}
