//! The Rust side of drivers/program.py: one JSON object a line in, one answer a line out.

use std::collections::{BTreeMap, HashMap};
use std::error::Error;
use std::io::{self, BufRead, Write};
use std::iter::successors;

use base64::{Engine, engine::general_purpose::STANDARD as BASE64};
use chrono::{DateTime, Utc};
use rskafka::client::error::{Error as ClientError, ProtocolError};
use rskafka::record::{Record, RecordAndOffset};
use serde::{Deserialize, Deserializer};
use serde_json::{Value, json};

/// A verb with the arguments that it takes; the others have their defaults.
#[derive(Deserialize, Default)]
#[serde(default)]
pub struct Command {
    pub verb: String,
    pub producer: usize,
    pub topic: String,
    pub partition: i32,
    pub partitions: i32,
    pub starts: HashMap<i32, i64>,
    pub before: HashMap<i32, i64>,
    pub times_ms: HashMap<i32, i64>,
    pub count: usize,
    pub timeout_ms: u64,
    pub partition_bytes: Option<i32>,
    pub codec: String,
    pub max_bytes: Option<usize>,
    pub message: Message,
}

/// What is sent; no time means now.
#[derive(Deserialize, Default)]
#[serde(default)]
pub struct Message {
    pub partition: Option<i32>,
    timestamp_ms: Option<i64>,
    #[serde(deserialize_with = "bytes")]
    key: Option<Vec<u8>>,
    #[serde(deserialize_with = "bytes")]
    value: Option<Vec<u8>>,
    headers: Vec<(String, String)>,
}

impl Message {
    pub fn into_record(self) -> Result<Record, Refusal> {
        let mut headers = BTreeMap::new();
        for (name, value) in self.headers {
            headers.insert(name, BASE64.decode(value)?);
        }
        let timestamp = self.timestamp_ms.and_then(DateTime::from_timestamp_millis).unwrap_or_else(Utc::now);
        Ok(Record { key: self.key, value: self.value, headers, timestamp })
    }
}

fn bytes<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Vec<u8>>, D::Error> {
    let text = Option::<String>::deserialize(from)?;
    text.map(|text| BASE64.decode(text)).transpose().map_err(serde::de::Error::custom)
}

/// A record that was read, as the driver takes it.
pub fn shown(partition: i32, read: RecordAndOffset) -> Value {
    let record = read.record;
    let headers: Vec<_> = record.headers.iter().map(|(name, value)| (name, BASE64.encode(value))).collect();
    json!({
        "partition": partition,
        "offset": read.offset,
        "timestamp_ms": record.timestamp.timestamp_millis(),
        "key": record.key.map(|key| BASE64.encode(key)),
        "value": record.value.map(|value| BASE64.encode(value)),
        "headers": headers,
    })
}

/// An error that is answered: Kafka's code, or -1 for one of the client's own.
pub struct Refusal {
    code: i16,
    text: String,
}

impl Refusal {
    pub fn own(text: impl Into<String>) -> Self {
        Refusal { code: -1, text: text.into() }
    }

    /// Looks for the broker's error also behind that rskafka gave up trying again.
    pub fn of(error: &(dyn Error + 'static)) -> Self {
        let mut causes = successors(Some(error), |&cause| cause.source());
        let code = causes.find_map(|cause| match cause.downcast_ref() {
            Some(ClientError::ServerError { protocol_error, .. }) => code_of(*protocol_error),
            _ => None,
        });
        Refusal { code: code.unwrap_or(-1), text: error.to_string() }
    }
}

/// The inverse of what rskafka makes public.
fn code_of(error: ProtocolError) -> Option<i16> {
    (-1..i16::MAX).find(|code| ProtocolError::new(*code) == Some(error))
}

impl<E: Error + 'static> From<E> for Refusal {
    fn from(error: E) -> Self {
        Refusal::of(&error)
    }
}

/// The next command; none at the end of the input.
pub fn read() -> io::Result<Option<Command>> {
    let mut line = String::new();
    if io::stdin().lock().read_line(&mut line)? == 0 {
        return Ok(None);
    }
    Ok(Some(serde_json::from_str(&line)?))
}

pub fn write(answer: Result<Value, Refusal>) -> io::Result<()> {
    let line = match answer {
        Ok(value) => json!({ "ok": value }),
        Err(refusal) => json!({ "error": refusal.code, "text": refusal.text }),
    };
    let mut output = io::stdout().lock();
    writeln!(output, "{line}")?;
    output.flush()
}
