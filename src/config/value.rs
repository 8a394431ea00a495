//! A setting's value: types, parsing and checks as Kafka's ConfigDef has them.

use std::fmt;
use std::sync::Arc;

/// The type of a setting's value, as DescribeConfigs names it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// `true` or `false`.
    Boolean,
    /// Text.
    String,
    /// 32 bits, signed.
    Int,
    /// 16 bits, signed.
    Short,
    /// 64 bits, signed.
    Long,
    /// A floating-point number.
    Double,
    /// Texts with commas between them.
    List,
    /// The name of a Java class.
    Class,
    /// Text that is never shown.
    Password,
}

/// A parsed value.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// Not set, and there is no default.
    Null,
    /// Of kind Boolean.
    Boolean(bool),
    /// Of kind Int, Short or Long.
    Number(i64),
    /// Of kind Double.
    Double(f64),
    /// Of kind String, Class or Password.
    Text(Arc<str>),
    /// Of kind List.
    List(Arc<[Arc<str>]>),
}

/// What a value must be, beyond its type.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Check {
    /// Anything of the type.
    Any,
    /// At least this.
    AtLeast(i64),
    /// Within these, both included.
    Between(i64, i64),
    /// Within these, both included.
    Ratio(f64, f64),
    /// A gzip level: 1 to 9, or -1 for the library's own.
    GzipLevel,
    /// Text that is one of these.
    OneOf(&'static [&'static str]),
    /// Text that is one of these, in any case.
    OneOfAnyCase(&'static [&'static str]),
    /// A list of these only.
    EachOneOf(&'static [&'static str]),
    /// Text, or a list, with something in it.
    NonEmpty,
    /// Partitions and brokers as `0:1,1:1`, or `*`.
    ThrottledReplicas,
}

impl Value {
    /// Parses `text` as Kafka's `ConfigDef.parseType` does, spaces around it left out.
    pub fn parse(kind: Kind, text: &str) -> Result<Self, String> {
        let text = text.trim();
        match kind {
            Kind::Boolean if text.eq_ignore_ascii_case("true") => Ok(Self::Boolean(true)),
            Kind::Boolean if text.eq_ignore_ascii_case("false") => Ok(Self::Boolean(false)),
            Kind::Boolean => Err("Expected value to be either true or false".into()),
            Kind::Int => whole::<i32>(text, "INT"),
            Kind::Short => whole::<i16>(text, "SHORT"),
            Kind::Long => whole::<i64>(text, "LONG"),
            Kind::Double => match text.parse() {
                Ok(number) => Ok(Self::Double(number)),
                Err(_) => Err("Not a number of type DOUBLE".into()),
            },
            Kind::List if text.is_empty() => Ok(Self::List(Arc::from([]))),
            Kind::List => Ok(Self::List(text.split(',').map(|item| item.trim().into()).collect())),
            Kind::String | Kind::Class | Kind::Password => Ok(Self::Text(text.into())),
        }
    }

    /// The value as Kafka shows it (`ConfigDef.convertToString`); `None` for null.
    pub fn text(&self) -> Option<String> {
        match self {
            Self::Null => None,
            Self::Boolean(value) => Some(value.to_string()),
            Self::Number(value) => Some(value.to_string()),
            Self::Double(value) => Some(java_double(*value)),
            Self::Text(value) => Some(value.to_string()),
            Self::List(items) => Some(items.join(",")),
        }
    }
}

fn whole<T: std::str::FromStr + Into<i64>>(text: &str, kind: &str) -> Result<Value, String> {
    match text.parse::<T>() {
        Ok(number) => Ok(Value::Number(number.into())),
        Err(_) => Err(format!("Not a number of type {kind}")),
    }
}

/// A double as Java prints it: `0.5`, `1.0`, `1.7976931348623157E308`.
fn java_double(value: f64) -> String {
    let plain = value == 0.0 || (1e-3..1e7).contains(&value.abs());
    if plain || !value.is_finite() {
        return format!("{value:?}");
    }
    let text = format!("{value:E}");
    match text.split_once('E') {
        Some((digits, exponent)) if !digits.contains('.') => format!("{digits}.0E{exponent}"),
        _ => text,
    }
}

impl Check {
    /// Checks a value as Kafka's validators do, in their words; null is always fine.
    pub fn accepts(&self, value: &Value) -> Result<(), String> {
        match (self, value) {
            (Self::Any, _) | (_, Value::Null) => Ok(()),
            (Self::AtLeast(least), Value::Number(n)) => at_least(*n, *least),
            (Self::Between(least, most), Value::Number(n)) => {
                at_least(*n, *least).and_then(|()| at_most(*n, *most))
            }
            (Self::Ratio(least, most), Value::Double(n)) => {
                at_least(*n, *least).and_then(|()| at_most(*n, *most))
            }
            (Self::GzipLevel, Value::Number(n)) if *n == -1 || (1..=9).contains(n) => Ok(()),
            (Self::GzipLevel, _) => Err("Value must be between 1 and 9 or equal to -1".into()),
            (Self::OneOf(allowed), Value::Text(text)) => match allowed.contains(&&**text) {
                true => Ok(()),
                false => Err(format!("String must be one of: {}", allowed.join(", "))),
            },
            (Self::OneOfAnyCase(allowed), Value::Text(text)) => {
                match allowed.iter().any(|one| one.eq_ignore_ascii_case(text)) {
                    true => Ok(()),
                    false => Err(format!(
                        "String must be one of (case insensitive): {}",
                        allowed.join(", ")
                    )),
                }
            }
            (Self::EachOneOf(allowed), Value::List(items)) => each_one_of(allowed, items),
            (Self::NonEmpty, Value::Text(text)) if text.is_empty() => {
                Err("String must be non-empty".into())
            }
            (Self::ThrottledReplicas, Value::List(items)) => throttled_replicas(items),
            _ => Ok(()),
        }
    }
}

fn at_least<T: PartialOrd + fmt::Display>(value: T, least: T) -> Result<(), String> {
    if value >= least { Ok(()) } else { Err(format!("Value must be at least {least}")) }
}

fn at_most<T: PartialOrd + fmt::Display>(value: T, most: T) -> Result<(), String> {
    if value <= most { Ok(()) } else { Err(format!("Value must be no more than {most}")) }
}

/// The same item twice is fine, as in Kafka.
fn each_one_of(allowed: &[&str], items: &[Arc<str>]) -> Result<(), String> {
    match items.iter().all(|item| allowed.contains(&&**item)) {
        true => Ok(()),
        false => Err(format!("String must be one of: {}", allowed.join(", "))),
    }
}

fn throttled_replicas(items: &[Arc<str>]) -> Result<(), String> {
    let pair = |item: &str| match item.split_once(':') {
        Some((partition, broker)) => {
            partition.trim().parse::<u32>().is_ok() && broker.trim().parse::<u32>().is_ok()
        }
        None => false,
    };
    let all = items.len() == 1 && &*items[0] == "*";
    if all || items.iter().all(|item| pair(item)) {
        return Ok(());
    }
    Err("must be the literal '*' or a list of replicas in the following format: \
         [partitionId]:[brokerId],[partitionId]:[brokerId],..."
        .into())
}
