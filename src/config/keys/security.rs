//! Known only: TLS, SASL, who may do what.

use crate::config::keys::Standing::{Meaningless, Refused};
use crate::config::keys::known;
use crate::config::value::Check::{Any, AtLeast, Between, OneOf, OneOfAnyCase};

known! {
    TLS,
    Refused("TLS is not built yet");
    "ssl.allow.dn.changes" Boolean "false", Any, ReadOnly:
        "Whether a new certificate may carry another distinguished name.";
    "ssl.allow.san.changes" Boolean "false", Any, ReadOnly:
        "Whether a new certificate may carry other alternative names.";
    "ssl.cipher.suites" List "", Any, PerBroker:
        "Cipher suites that are allowed.";
    "ssl.client.auth" String "none", OneOf(&["required", "requested", "none"]), PerBroker:
        "Whether clients must show a certificate.";
    "ssl.enabled.protocols" List "TLSv1.2,TLSv1.3", Any, PerBroker:
        "Versions of TLS that are allowed.";
    "ssl.endpoint.identification.algorithm" String "https", Any, PerBroker:
        "How the other side's host name is checked.";
    "ssl.engine.factory.class" Class null, Any, PerBroker:
        "Java class that makes TLS engines.";
    "ssl.key.password" Password null, Any, PerBroker:
        "Password of the private key.";
    "ssl.keymanager.algorithm" String "SunX509", Any, PerBroker:
        "Java's algorithm for key managers.";
    "ssl.keystore.certificate.chain" Password null, Any, PerBroker:
        "The broker's certificates as PEM text.";
    "ssl.keystore.key" Password null, Any, PerBroker:
        "The broker's private key as PEM text.";
    "ssl.keystore.location" String null, Any, PerBroker:
        "File with the broker's key and certificates.";
    "ssl.keystore.password" Password null, Any, PerBroker:
        "Password of that file.";
    "ssl.keystore.type" String "JKS", Any, PerBroker:
        "Format of that file.";
    "ssl.principal.mapping.rules" String "DEFAULT", Any, ReadOnly:
        "How a certificate's name becomes a principal.";
    "ssl.protocol" String "TLSv1.3", Any, PerBroker:
        "Version of TLS that connections start with.";
    "ssl.provider" String null, Any, PerBroker:
        "Java's provider of TLS.";
    "ssl.secure.random.implementation" String null, Any, PerBroker:
        "Java's source of randomness for TLS.";
    "ssl.trustmanager.algorithm" String "PKIX", Any, PerBroker:
        "Java's algorithm for trust managers.";
    "ssl.truststore.certificates" Password null, Any, PerBroker:
        "Certificates that are trusted, as PEM text.";
    "ssl.truststore.location" String null, Any, PerBroker:
        "File with the certificates that are trusted.";
    "ssl.truststore.password" Password null, Any, PerBroker:
        "Password of that file.";
    "ssl.truststore.type" String "JKS", Any, PerBroker:
        "Format of that file.";
    "security.providers" String null, Any, ReadOnly:
        "Java classes that provide security algorithms.";
}

known! {
    SASL,
    Refused("SASL is not built yet");
    "connections.max.reauth.ms" Long "0", Any, ReadOnly:
        "Milliseconds after which a client must log in again.";
    "sasl.client.callback.handler.class" Class null, Any, ReadOnly:
        "Java class that answers for a SASL client.";
    "sasl.enabled.mechanisms" List "GSSAPI", Any, PerBroker:
        "SASL mechanisms that are offered.";
    "sasl.jaas.config" Password null, Any, PerBroker:
        "Java's login configuration.";
    "sasl.kerberos.kinit.cmd" String "/usr/bin/kinit", Any, PerBroker:
        "Path of the kinit program.";
    "sasl.kerberos.min.time.before.relogin" Long "60000", Any, PerBroker:
        "Milliseconds between two Kerberos logins.";
    "sasl.kerberos.principal.to.local.rules" List "DEFAULT", Any, PerBroker:
        "How a Kerberos principal becomes a short name.";
    "sasl.kerberos.service.name" String null, Any, PerBroker:
        "Kafka's name in Kerberos.";
    "sasl.kerberos.ticket.renew.jitter" Double "0.05", Any, PerBroker:
        "Random share of time added before a ticket is renewed.";
    "sasl.kerberos.ticket.renew.window.factor" Double "0.8", Any, PerBroker:
        "Share of a ticket's life after which it is renewed.";
    "sasl.login.callback.handler.class" Class null, Any, ReadOnly:
        "Java class that answers at a login.";
    "sasl.login.class" Class null, Any, ReadOnly:
        "Java class that logs in.";
    "sasl.login.connect.timeout.ms" Int null, Any, ReadOnly:
        "Milliseconds to connect to an authentication provider.";
    "sasl.login.read.timeout.ms" Int null, Any, ReadOnly:
        "Milliseconds to wait for an authentication provider.";
    "sasl.login.refresh.buffer.seconds" Short "300", Any, PerBroker:
        "Seconds of a credential's life that must be left when it is renewed.";
    "sasl.login.refresh.min.period.seconds" Short "60", Any, PerBroker:
        "Seconds between two renewals of a credential.";
    "sasl.login.refresh.window.factor" Double "0.8", Any, PerBroker:
        "Share of a credential's life after which it is renewed.";
    "sasl.login.refresh.window.jitter" Double "0.05", Any, PerBroker:
        "Random share of time added before a credential is renewed.";
    "sasl.login.retry.backoff.max.ms" Long "10000", Any, ReadOnly:
        "The most milliseconds between two tries to log in.";
    "sasl.login.retry.backoff.ms" Long "100", Any, ReadOnly:
        "Milliseconds between the first tries to log in.";
    "sasl.mechanism.controller.protocol" String "GSSAPI", Any, ReadOnly:
        "SASL mechanism towards controllers.";
    "sasl.mechanism.inter.broker.protocol" String "GSSAPI", Any, PerBroker:
        "SASL mechanism between brokers.";
    "sasl.oauthbearer.assertion.algorithm" String
        "RS256",
        OneOfAnyCase(&["ES256", "RS256"]), ReadOnly:
        "Algorithm that signs an OAuth assertion.";
    "sasl.oauthbearer.assertion.claim.aud" String null, Any, ReadOnly:
        "Audience of an OAuth assertion.";
    "sasl.oauthbearer.assertion.claim.exp.seconds" Int "300", Between(0, 86_400), ReadOnly:
        "Seconds that an OAuth assertion is valid.";
    "sasl.oauthbearer.assertion.claim.iss" String null, Any, ReadOnly:
        "Issuer of an OAuth assertion.";
    "sasl.oauthbearer.assertion.claim.jti.include" Boolean "false", Any, ReadOnly:
        "Whether an OAuth assertion carries an id.";
    "sasl.oauthbearer.assertion.claim.nbf.seconds" Int "60", Between(0, 3600), ReadOnly:
        "Seconds before now from which an OAuth assertion is valid.";
    "sasl.oauthbearer.assertion.claim.sub" String null, Any, ReadOnly:
        "Subject of an OAuth assertion.";
    "sasl.oauthbearer.assertion.file" String null, Any, ReadOnly:
        "File with a ready-made OAuth assertion.";
    "sasl.oauthbearer.assertion.private.key.file" String null, Any, ReadOnly:
        "File with the key that signs OAuth assertions.";
    "sasl.oauthbearer.assertion.private.key.passphrase" Password null, Any, ReadOnly:
        "Passphrase of that key.";
    "sasl.oauthbearer.assertion.template.file" String null, Any, ReadOnly:
        "File with the head and claims of OAuth assertions.";
    "sasl.oauthbearer.client.credentials.client.id" String null, Any, ReadOnly:
        "Client id for OAuth.";
    "sasl.oauthbearer.client.credentials.client.secret" Password null, Any, ReadOnly:
        "Client secret for OAuth.";
    "sasl.oauthbearer.clock.skew.seconds" Int "30", Any, ReadOnly:
        "Seconds by which the clocks of OAuth parties may differ.";
    "sasl.oauthbearer.expected.audience" List "", Any, ReadOnly:
        "Audiences that a token may have.";
    "sasl.oauthbearer.expected.issuer" String null, Any, ReadOnly:
        "Issuer that a token must have.";
    "sasl.oauthbearer.jwks.endpoint.refresh.ms" Long "3600000", Any, ReadOnly:
        "Milliseconds between two fetches of the token keys.";
    "sasl.oauthbearer.jwks.endpoint.retry.backoff.max.ms" Long "10000", Any, ReadOnly:
        "The most milliseconds between two tries to fetch the token keys.";
    "sasl.oauthbearer.jwks.endpoint.retry.backoff.ms" Long "100", Any, ReadOnly:
        "Milliseconds between the first tries to fetch the token keys.";
    "sasl.oauthbearer.jwks.endpoint.url" String null, Any, ReadOnly:
        "Where the token keys are.";
    "sasl.oauthbearer.jwt.retriever.class" Class
        "org.apache.kafka.common.security.oauthbearer.DefaultJwtRetriever",
        Any, ReadOnly:
        "Java class that fetches tokens.";
    "sasl.oauthbearer.jwt.validator.class" Class
        "org.apache.kafka.common.security.oauthbearer.DefaultJwtValidator",
        Any, ReadOnly:
        "Java class that checks tokens.";
    "sasl.oauthbearer.scope" String null, Any, ReadOnly:
        "Scope that is asked for in OAuth.";
    "sasl.oauthbearer.scope.claim.name" String "scope", Any, ReadOnly:
        "Claim of a token that holds its scope.";
    "sasl.oauthbearer.sub.claim.name" String "sub", Any, ReadOnly:
        "Claim of a token that holds its subject.";
    "sasl.oauthbearer.token.endpoint.url" String null, Any, ReadOnly:
        "Where OAuth tokens come from.";
    "sasl.server.callback.handler.class" Class null, Any, ReadOnly:
        "Java class that answers for the broker's side of SASL.";
    "sasl.server.max.receive.size" Int "524288", Any, ReadOnly:
        "Bytes of a SASL message before a client is known.";
}

known! {
    ACCESS,
    Refused("there is no access control yet, everybody may do everything");
    "authorizer.class.name" String "", Any, ReadOnly:
        "Java class that decides who may do what.";
    "principal.builder.class" Class
        "org.apache.kafka.common.security.authenticator.DefaultKafkaPrincipalBuilder",
        Any, PerBroker:
        "Java class that says who a client is.";
    "delegation.token.secret.key" Password null, Any, ReadOnly:
        "Secret that signs delegation tokens.";
}

known! {
    TOKENS,
    Meaningless("there are no delegation tokens and no logins yet");
    "connection.failed.authentication.delay.ms" Int "100", AtLeast(0), ReadOnly:
        "Milliseconds that a failed login keeps its connection.";
    "delegation.token.expiry.check.interval.ms" Long "3600000", AtLeast(1), ReadOnly:
        "Milliseconds between two looks for expired delegation tokens.";
    "delegation.token.expiry.time.ms" Long "86400000", AtLeast(1), ReadOnly:
        "Milliseconds until a delegation token must be renewed.";
    "delegation.token.max.lifetime.ms" Long "604800000", AtLeast(1), ReadOnly:
        "Milliseconds that a delegation token lives at most.";
}
