//! `listeners` and `advertised.listeners`: where to listen, and what to tell clients.
//!
//! Kafka's rules (`SocketServerConfigs.listenerListToEndPoints`, `KafkaConfig.validateValues`):
//! names are upper case and each stands once; ports differ, except 0 and an IPv4 and IPv6 pair;
//! what is advertised is also listened on, and never 0.0.0.0. A controller's listener is not bound,
//! since there is no controller to talk to.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use crate::config::error::{ConfigError, Reason};
use crate::config::keys;
use crate::config::settings::Settings;

/// One place to listen on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listener {
    /// Its name, upper case.
    pub name: Arc<str>,
    /// The host as given; empty is every interface.
    pub host: String,
    /// The port; 0 takes a free one.
    pub port: u16,
    /// What is spoken there.
    pub protocol: Protocol,
}

/// What is spoken on a listener.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Protocol {
    /// No encryption, no authentication.
    Plaintext,
}

/// Where clients reach a listener.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Endpoint {
    /// The listener's name.
    pub listener: Arc<str>,
    /// The host that clients are told.
    pub host: String,
    /// The port that clients are told.
    pub port: u16,
}

/// The listeners of this broker.
#[derive(Debug, Default)]
pub struct Listeners {
    bind: Vec<Listener>,
    advertised: Vec<Place>,
    unbound: Vec<String>,
}

/// `NAME://host:port` as given.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Place {
    name: String,
    host: String,
    port: u16,
}

impl Listeners {
    /// The listeners to bind, in the order given.
    pub fn bind(&self) -> &[Listener] {
        &self.bind
    }

    /// What clients are told, now that it is known which address each listener got, in the order
    /// of [`Listeners::bind`]. `hostname` is the machine's own, for listeners without any host.
    pub fn advertise(&self, bound: &[SocketAddr], hostname: &str) -> Vec<Endpoint> {
        let endpoint = |(listener, address): (&Listener, &SocketAddr)| {
            let told = self.advertised.iter().find(|place| *place.name == *listener.name)?;
            let host = match (told.host.as_str(), address.ip()) {
                ("", ip) if ip.is_unspecified() => hostname.to_owned(),
                ("", ip) => ip.to_string(),
                (host, _) => host.to_owned(),
            };
            let port = if told.port == 0 { address.port() } else { told.port };
            Some(Endpoint { listener: listener.name.clone(), host, port })
        };
        self.bind.iter().zip(bound).filter_map(endpoint).collect()
    }

    /// Lines for the log.
    pub(crate) fn notes(&self) -> Vec<String> {
        let note = |name: &String| {
            format!("listener {name} is for controllers and is not opened: Klamm needs none")
        };
        self.unbound.iter().map(note).collect()
    }

    pub(crate) fn resolve(settings: &Settings) -> Result<Self, ConfigError> {
        let listen = places(settings, keys::LISTENERS, settings.get(keys::LISTENERS))?;
        let told = match settings.get(keys::ADVERTISED_LISTENERS) {
            Some(items) => places(settings, keys::ADVERTISED_LISTENERS, items)?,
            None => listen.clone(),
        };
        let controllers = upper(settings.get(keys::CONTROLLER_LISTENER_NAMES));
        let is_controller = |place: &Place| controllers.contains(&place.name);
        let (unbound, listen): (Vec<_>, Vec<_>) = listen.into_iter().partition(is_controller);
        let told: Vec<_> = told.into_iter().filter(|place| !is_controller(place)).collect();
        check_listeners(settings, &listen)?;
        check_advertised(settings, &listen, &told)?;
        let protocols = protocols(settings)?;
        let bind = listen
            .into_iter()
            .map(|place| {
                let protocol = protocol(settings, &protocols, &place.name)?;
                let Place { name, host, port } = place;
                Ok(Listener { name: name.into(), host, port, protocol })
            })
            .collect::<Result<_, _>>()?;
        let unbound = unbound.into_iter().map(|place| place.name).collect();
        Ok(Self { bind, advertised: told, unbound })
    }
}

fn error<T>(settings: &Settings, key: keys::Key<T>, why: impl Into<String>) -> ConfigError {
    settings.blame(key.definition(), Reason::Invalid(why.into()))
}

fn upper(items: Arc<[Arc<str>]>) -> Vec<String> {
    items.iter().map(|item| item.to_uppercase()).collect()
}

fn places<T>(
    settings: &Settings,
    key: keys::Key<T>,
    items: Arc<[Arc<str>]>,
) -> Result<Vec<Place>, ConfigError> {
    let place = |item: &Arc<str>| {
        let why = || format!("Unable to parse {item} to a broker endpoint: NAME://host:port");
        Place::parse(item).ok_or_else(|| error(settings, key, why()))
    };
    let places = items.iter().map(place).collect::<Result<Vec<_>, _>>()?;
    for (index, place) in places.iter().enumerate() {
        if places[..index].iter().any(|other| other.name == place.name) {
            return Err(error(settings, key, "Each listener must have a different name"));
        }
    }
    Ok(places)
}

impl Place {
    fn parse(text: &str) -> Option<Self> {
        let (name, address) = text.split_once("://")?;
        let (host, port) = address.rsplit_once(':')?;
        let bare = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host);
        let sound = |c: char| c.is_ascii_alphanumeric() || "-%._:".contains(c);
        let sound = !name.is_empty() && bare.chars().all(sound);
        let port = port.parse().ok()?;
        sound.then(|| Self { name: name.to_uppercase(), host: bare.to_owned(), port })
    }
}

fn check_listeners(settings: &Settings, listen: &[Place]) -> Result<(), ConfigError> {
    if listen.is_empty() {
        return Err(error(settings, keys::LISTENERS, "there must be at least one for clients"));
    }
    for (index, place) in listen.iter().enumerate() {
        let mut same = listen[..index].iter().filter(|other| other.port == place.port);
        if place.port != 0 && same.any(|other| !one_of_each_family(&other.host, &place.host)) {
            return Err(error(
                settings,
                keys::LISTENERS,
                "Each listener must have a different port",
            ));
        }
    }
    Ok(())
}

fn one_of_each_family(one: &str, other: &str) -> bool {
    match (one.parse::<IpAddr>(), other.parse::<IpAddr>()) {
        (Ok(one), Ok(other)) => one.is_ipv4() != other.is_ipv4(),
        _ => false,
    }
}

fn check_advertised(
    settings: &Settings,
    listen: &[Place],
    told: &[Place],
) -> Result<(), ConfigError> {
    let error = |why: String| match settings.get(keys::ADVERTISED_LISTENERS) {
        Some(_) => error(settings, keys::ADVERTISED_LISTENERS, why),
        None => error(settings, keys::LISTENERS, why),
    };
    for place in told {
        if !listen.iter().any(|listener| listener.name == place.name) {
            let why = format!("{} is not one of the listeners", place.name);
            return Err(error(why));
        }
        if place.host.parse().is_ok_and(|ip: IpAddr| ip.is_unspecified()) {
            let why = format!(
                "clients cannot connect to {}: say in advertised.listeners (or with \
                 --advertise) which host name or address they are to use",
                place.host
            );
            return Err(error(why));
        }
    }
    match listen.iter().find(|place| !told.iter().any(|other| other.name == place.name)) {
        // Kafka opens such a listener and answers metadata requests on it with LISTENER_NOT_FOUND.
        Some(place) => {
            let why =
                format!("listener {} is missing: clients could not be told of it", place.name);
            Err(error(why))
        }
        None => Ok(()),
    }
}

fn protocols(settings: &Settings) -> Result<Vec<(String, String)>, ConfigError> {
    let key = keys::LISTENER_SECURITY_PROTOCOL_MAP;
    let text = settings.get(key);
    let pair = |item: &str| {
        let why = || format!("{item} is not of the form LISTENER:PROTOCOL");
        let (name, protocol) = item.split_once(':').ok_or_else(|| error(settings, key, why()))?;
        let protocol = protocol.trim().to_uppercase();
        if !["PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL"].contains(&protocol.as_str()) {
            let why = format!("there is no security protocol {protocol}");
            return Err(error(settings, key, why));
        }
        Ok((name.trim().to_uppercase(), protocol))
    };
    text.split(',').map(str::trim).filter(|item| !item.is_empty()).map(pair).collect()
}

fn protocol(
    settings: &Settings,
    map: &[(String, String)],
    name: &str,
) -> Result<Protocol, ConfigError> {
    let found = map.iter().rfind(|(listener, _)| listener == name);
    match found.map(|(_, protocol)| protocol.as_str()) {
        Some("PLAINTEXT") => Ok(Protocol::Plaintext),
        Some("SSL") => Err(settings.blame(keys::LISTENERS.definition(), Reason::Refused(NO_TLS))),
        Some(_) => Err(settings.blame(keys::LISTENERS.definition(), Reason::Refused(NO_SASL))),
        None => {
            let why = format!(
                "No security protocol defined for listener {name}: add {name}:PLAINTEXT to \
                 listener.security.protocol.map"
            );
            Err(error(settings, keys::LISTENERS, why))
        }
    }
}

const NO_TLS: &str = "TLS is not built yet, and speaking plaintext instead would betray its users";
const NO_SASL: &str = "SASL is not built yet, and letting everybody in instead would betray users";
