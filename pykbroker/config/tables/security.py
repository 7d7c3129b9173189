"""Broker settings of protection: authorization, SASL, TLS.

All that asks for protection is refused: nobody may believe to be protected who is not. What only tunes it is ignored.
The form of a row stands at the head of `pykbroker.config.setting`.
"""

# ruff: noqa: E501 - a row is one line

from __future__ import annotations

ROWS = """
# who may do what
authorizer.class.name | string '' |  | low | read-only | refused:protection
    Java class that decides who may do what.
principal.builder.class | class org.apache.kafka.common.security.authenticator.DefaultKafkaPrincipalBuilder |  | medium | per-broker | refused:protection
    Java class that names the user behind a connection.
connections.max.reauth.ms | long 0 |  | medium | read-only | refused:protection
    How long a login lasts.
delegation.token.secret.key | password null |  | medium | read-only | refused:protection
    Secret with which delegation tokens are signed.
delegation.token.master.key | password null |  | medium | read-only | refused:protection
    Old name of delegation.token.secret.key.
delegation.token.max.lifetime.ms | long 604800000 | >=1 | medium | read-only | ignored:security
    Longest life of a delegation token.
delegation.token.expiry.time.ms | long 86400000 | >=1 | medium | read-only | ignored:security
    Life of a delegation token until it is renewed.
delegation.token.expiry.check.interval.ms | long 3600000 | >=1 | low | read-only | ignored:security
    How often tokens are looked at for ones to forget.
security.providers | string null |  | low | read-only | refused:protection
    Java classes that supply security algorithms.
password.encoder.secret | password null |  | medium | read-only | ignored:zookeeper
    Secret under which passwords are kept in ZooKeeper; no password is kept here.
password.encoder.old.secret | password null |  | medium | read-only | ignored:zookeeper
    The former such secret.
password.encoder.keyfactory.algorithm | string null |  | low | read-only | ignored:zookeeper
    Key derivation for it.
password.encoder.cipher.algorithm | string AES/CBC/PKCS5Padding |  | low | read-only | ignored:zookeeper
    Cipher for it.
password.encoder.key.length | int 128 | >=8 | low | read-only | ignored:zookeeper
    Key length for it.
password.encoder.iterations | int 4096 | >=1024 | low | read-only | ignored:zookeeper
    Rounds of key derivation for it.

# SASL
sasl.enabled.mechanisms | list GSSAPI |  | medium | per-broker | refused:protection
    Login mechanisms on offer.
sasl.mechanism.inter.broker.protocol | string GSSAPI |  | medium | per-broker | refused:protection
    Login mechanism between brokers.
sasl.mechanism.controller.protocol | string GSSAPI |  | high | read-only | refused:protection
    Login mechanism towards the quorum.
sasl.jaas.config | password null |  | medium | per-broker | refused:protection
    Login modules and users.
sasl.server.callback.handler.class | class null |  | medium | read-only | refused:protection
    Java class that checks logins.
sasl.client.callback.handler.class | class null |  | medium | read-only | refused:protection
    Java class that supplies this broker's own login.
sasl.login.callback.handler.class | class null |  | medium | read-only | refused:protection
    Java class that answers a login module.
sasl.login.class | class null |  | medium | read-only | refused:protection
    Java class that logs in.
sasl.login.connect.timeout.ms | int null |  | low | read-only | ignored:security
    Wait for a connection to a login server.
sasl.login.read.timeout.ms | int null |  | low | read-only | ignored:security
    Wait for a login server's answer.
sasl.login.refresh.window.factor | double 0.8 |  | medium | per-broker | ignored:security
    Share of a login's life after which it is renewed.
sasl.login.refresh.window.jitter | double 0.05 |  | medium | per-broker | ignored:security
    Spread of that moment.
sasl.login.refresh.min.period.seconds | short 60 |  | medium | per-broker | ignored:security
    Least time before a login is renewed.
sasl.login.refresh.buffer.seconds | short 300 |  | medium | per-broker | ignored:security
    Time kept before a login ends.
sasl.login.retry.backoff.ms | long 100 |  | low | read-only | ignored:security
    Wait before a login is tried again.
sasl.login.retry.backoff.max.ms | long 10000 |  | low | read-only | ignored:security
    Longest wait before a login is tried again.
sasl.server.max.receive.size | int 524288 |  | medium | read-only | ignored:security
    Longest message of a login.
sasl.kerberos.service.name | string null |  | medium | per-broker | refused:protection
    Kerberos service name of the brokers.
sasl.kerberos.principal.to.local.rules | list DEFAULT |  | medium | per-broker | refused:protection
    Rules that turn a Kerberos name into a user.
sasl.kerberos.kinit.cmd | string /usr/bin/kinit |  | medium | per-broker | ignored:security
    Path of kinit.
sasl.kerberos.min.time.before.relogin | long 60000 |  | medium | per-broker | ignored:security
    Least time between two Kerberos logins.
sasl.kerberos.ticket.renew.jitter | double 0.05 |  | medium | per-broker | ignored:security
    Spread of the moment of renewal.
sasl.kerberos.ticket.renew.window.factor | double 0.8 |  | medium | per-broker | ignored:security
    Share of a ticket's life after which it is renewed.
sasl.oauthbearer.jwks.endpoint.url | string null |  | medium | read-only | refused:protection
    Where the keys are that tokens are checked with.
sasl.oauthbearer.jwks.endpoint.refresh.ms | long 3600000 |  | low | read-only | ignored:security
    How often those keys are read again.
sasl.oauthbearer.jwks.endpoint.retry.backoff.ms | long 100 |  | low | read-only | ignored:security
    Wait before those keys are asked for again.
sasl.oauthbearer.jwks.endpoint.retry.backoff.max.ms | long 10000 |  | low | read-only | ignored:security
    Longest wait before those keys are asked for again.
sasl.oauthbearer.token.endpoint.url | string null |  | medium | read-only | refused:protection
    Where tokens are got from.
sasl.oauthbearer.expected.audience | list '' |  | high | read-only | refused:protection
    Audience that a token must name.
sasl.oauthbearer.expected.issuer | string null |  | high | read-only | refused:protection
    Issuer that a token must name.
sasl.oauthbearer.clock.skew.seconds | int 30 |  | low | read-only | ignored:security
    Difference of clocks that is forgiven.
sasl.oauthbearer.scope | string null |  | medium | read-only | refused:protection
    Scope of the token that is asked for.
sasl.oauthbearer.scope.claim.name | string scope |  | low | read-only | ignored:security
    Claim that holds the scope.
sasl.oauthbearer.sub.claim.name | string sub |  | low | read-only | ignored:security
    Claim that holds the user.
sasl.oauthbearer.jwt.retriever.class | class org.apache.kafka.common.security.oauthbearer.DefaultJwtRetriever |  | medium | read-only | refused:protection
    Java class that gets tokens.
sasl.oauthbearer.jwt.validator.class | class org.apache.kafka.common.security.oauthbearer.DefaultJwtValidator |  | medium | read-only | refused:protection
    Java class that checks tokens.
sasl.oauthbearer.client.credentials.client.id | string null |  | medium | read-only | refused:protection
    Id with which a token is asked for.
sasl.oauthbearer.client.credentials.client.secret | password null |  | medium | read-only | refused:protection
    Secret with which a token is asked for.
sasl.oauthbearer.assertion.algorithm | string RS256 | any case of es256, rs256 | medium | read-only | ignored:security
    Algorithm that signs an assertion.
sasl.oauthbearer.assertion.claim.aud | string null |  | medium | read-only | ignored:security
    Audience in an assertion.
sasl.oauthbearer.assertion.claim.iss | string null |  | medium | read-only | ignored:security
    Issuer in an assertion.
sasl.oauthbearer.assertion.claim.sub | string null |  | medium | read-only | ignored:security
    Subject in an assertion.
sasl.oauthbearer.assertion.claim.exp.seconds | int 300 | 0..86400 | low | read-only | ignored:security
    Life of an assertion.
sasl.oauthbearer.assertion.claim.nbf.seconds | int 60 | 0..3600 | low | read-only | ignored:security
    How far before now an assertion begins to hold.
sasl.oauthbearer.assertion.claim.jti.include | boolean false |  | medium | read-only | ignored:security
    Give each assertion an id.
sasl.oauthbearer.assertion.file | string null |  | medium | read-only | refused:protection
    File with a ready assertion.
sasl.oauthbearer.assertion.template.file | string null |  | medium | read-only | refused:protection
    File with the frame of an assertion.
sasl.oauthbearer.assertion.private.key.file | string null |  | medium | read-only | refused:protection
    File with the key that signs an assertion.
sasl.oauthbearer.assertion.private.key.passphrase | password null |  | medium | read-only | refused:protection
    Password of that key.

# TLS
ssl.client.auth | string none | one of required, requested, none | medium | per-broker | refused:protection
    Whether a client must show a certificate.
ssl.protocol | string TLSv1.3 |  | medium | per-broker | refused:protection
    TLS version that is preferred.
ssl.enabled.protocols | list TLSv1.2,TLSv1.3 |  | medium | per-broker | refused:protection
    TLS versions that are allowed.
ssl.cipher.suites | list '' |  | medium | per-broker | refused:protection
    Cipher suites that are allowed.
ssl.provider | string null |  | medium | per-broker | refused:protection
    Java security provider for TLS.
ssl.engine.factory.class | class null |  | low | per-broker | refused:protection
    Java class that makes TLS connections.
ssl.key.password | password null |  | medium | per-broker | refused:protection
    Password of the private key.
ssl.keystore.location | string null |  | medium | per-broker | refused:protection
    File with the broker's key and certificate.
ssl.keystore.password | password null |  | medium | per-broker | refused:protection
    Password of that file.
ssl.keystore.type | string JKS |  | medium | per-broker | refused:protection
    Format of that file.
ssl.keystore.key | password null |  | medium | per-broker | refused:protection
    The broker's private key itself.
ssl.keystore.certificate.chain | password null |  | medium | per-broker | refused:protection
    The broker's certificates themselves.
ssl.truststore.location | string null |  | medium | per-broker | refused:protection
    File with the certificates to trust.
ssl.truststore.password | password null |  | medium | per-broker | refused:protection
    Password of that file.
ssl.truststore.type | string JKS |  | medium | per-broker | refused:protection
    Format of that file.
ssl.truststore.certificates | password null |  | medium | per-broker | refused:protection
    The certificates to trust themselves.
ssl.principal.mapping.rules | string DEFAULT |  | low | read-only | refused:protection
    Rules that turn a certificate's name into a user.
ssl.endpoint.identification.algorithm | string https |  | low | per-broker | ignored:security
    How the other side's host name is checked.
ssl.keymanager.algorithm | string SunX509 |  | medium | per-broker | ignored:security
    Java algorithm for keys.
ssl.trustmanager.algorithm | string PKIX |  | medium | per-broker | ignored:security
    Java algorithm for trust.
ssl.secure.random.implementation | string null |  | low | per-broker | ignored:security
    Java source of randomness.
ssl.allow.dn.changes | boolean false |  | low | read-only | ignored:security
    Let a new certificate carry another name.
ssl.allow.san.changes | boolean false |  | low | read-only | ignored:security
    Let a new certificate lack some of the old one's host names.
"""
