//! rskafka behind the line protocol of drivers/program.py.
//!
//! rskafka knows topics and partitions and nothing of groups, transactions or settings. Its clients of a partition are made
//! anew for each verb; the client of the cluster lives as long as the program, also through a restart of the broker.

mod producer;
mod protocol;

use std::collections::HashMap;
use std::time::Duration;

use chrono::DateTime;
use futures::future::select_all;
use rskafka::BackoffConfig;
use rskafka::client::partition::{OffsetAt, PartitionClient, UnknownTopicHandling};
use rskafka::client::{Client, ClientBuilder};
use serde_json::{Value, json};
use tokio::time::timeout;

use producer::Producer;
use protocol::{Command, Refusal, shown};

const PATIENCE: Duration = Duration::from_secs(20);
const REQUEST_MS: i32 = 20_000;
const MAX_WAIT_MS: i32 = 100;
const FETCH_BYTES: i32 = 4 << 20;

fn about() -> Value {
    let groups = "rskafka has no consumer groups";
    let settings = "rskafka has no calls for settings";
    json!({
        "version": "0.6.0",
        "codecs": ["none", "gzip", "snappy", "lz4", "zstd"],
        "assignors": [],
        "cannot": {
            "acks 0": "rskafka always asks for acks=all",
            "acks 1": "rskafka always asks for acks=all",
            "idempotence": "rskafka has no idempotent producer",
            "transactions": "rskafka has no transactions",
            "partitioner": "rskafka leaves the choice of the partition to its user",
            "repeated headers": "rskafka keeps headers in a map, so that a name comes once",
            "append time": "rskafka reads the producer's timestamp whatever the batch's timestamp type says",
            "member": groups,
            "commit": groups,
            "committed": groups,
            "groups": groups,
            "describe_group": groups,
            "delete_group": groups,
            "topic configs": "rskafka creates topics without settings",
            "topic_configs": settings,
            "broker_configs": settings,
            "alter_topic_config": settings,
            "create_partitions": "rskafka has no call to add partitions",
            "look without creating": "rskafka's question about one topic always allows the broker to create it",
            "broker_ids": "rskafka does not tell the brokers",
        },
    })
}

struct Program {
    client: Client,
    producers: Vec<Option<Producer>>,
}

impl Program {
    async fn answer(&mut self, command: Command) -> Result<Value, Refusal> {
        match command.verb.as_str() {
            "open_producer" => {
                self.producers.push(Some(Producer::new(&command)?));
                Ok(json!(self.producers.len() - 1))
            }
            "send" => {
                open(&mut self.producers, command.producer)?.send(command.topic, command.message)?;
                Ok(Value::Null)
            }
            "flush" => {
                let patience = Duration::from_millis(command.timeout_ms);
                let producer = open(&mut self.producers, command.producer)?;
                Ok(json!(timeout(patience, producer.flush(&self.client)).await??))
            }
            "close_producer" => {
                self.producers[command.producer] = None;
                Ok(Value::Null)
            }
            "read" => self.read(command).await,
            "offsets_for_times" => self.offsets_for_times(command).await,
            "watermarks" => {
                let partition = self.partition(&command.topic, command.partition).await?;
                let low = partition.get_offset(OffsetAt::Earliest).await?;
                let high = partition.get_offset(OffsetAt::Latest).await?;
                Ok(json!([low, high]))
            }
            "create_topic" => {
                let controller = self.client.controller_client()?;
                controller.create_topic(command.topic, command.partitions, 1, REQUEST_MS).await?;
                Ok(Value::Null)
            }
            "delete_topic" => {
                let controller = self.client.controller_client()?;
                controller.delete_topic(command.topic, REQUEST_MS).await?;
                Ok(Value::Null)
            }
            "topics" => {
                let topics = self.client.list_topics().await?;
                Ok(topics.into_iter().map(|topic| topic.name).collect())
            }
            "partition_count" => {
                let topics = self.client.list_topics().await?;
                let found = topics.into_iter().find(|topic| topic.name == command.topic);
                Ok(json!(found.map(|topic| topic.partitions.len())))
            }
            "delete_records" => self.delete_records(command).await,
            verb => Err(Refusal::own(format!("no such verb: {verb}"))),
        }
    }

    async fn partition(&self, topic: &str, partition: i32) -> Result<PartitionClient, Refusal> {
        let made = self.client.partition_client(topic, partition, UnknownTopicHandling::Retry);
        Ok(made.await?)
    }

    /// Fetches all partitions at once until there are enough records, or time is up.
    async fn read(&self, command: Command) -> Result<Value, Refusal> {
        let mut got = Vec::new();
        let patience = Duration::from_millis(command.timeout_ms);
        let done = timeout(patience, self.read_into(&mut got, &command)).await;
        done.unwrap_or(Ok(()))?; // what came in time counts
        Ok(got.into())
    }

    async fn read_into(&self, got: &mut Vec<Value>, command: &Command) -> Result<(), Refusal> {
        let bytes = 1..command.partition_bytes.unwrap_or(FETCH_BYTES);
        let fetch = async |client: PartitionClient, offset| {
            let fetched = client.fetch_records(offset, bytes.clone(), MAX_WAIT_MS).await;
            (client, offset, fetched)
        };
        let mut fetches = Vec::new();
        for (&partition, &offset) in &command.starts {
            let client = self.partition(&command.topic, partition).await?;
            fetches.push(Box::pin(fetch(client, offset)));
        }
        while got.len() < command.count {
            let ((client, offset, fetched), _, others) = select_all(fetches).await;
            fetches = others;
            let (records, _) = fetched?;
            let next = records.last().map_or(offset, |last| last.offset + 1);
            got.extend(records.into_iter().map(|record| shown(client.partition(), record)));
            fetches.push(Box::pin(fetch(client, next)));
        }
        Ok(())
    }

    async fn offsets_for_times(&self, command: Command) -> Result<Value, Refusal> {
        let mut found = HashMap::new();
        for (partition, ms) in command.times_ms {
            let client = self.partition(&command.topic, partition).await?;
            let at = OffsetAt::Timestamp(DateTime::from_timestamp_millis(ms).unwrap_or_default());
            let offset = client.get_offset(at).await?;
            found.insert(partition, (offset >= 0).then_some(offset));
        }
        Ok(json!(found))
    }

    /// rskafka drops the new start of the log from the answer, so that it is asked for.
    async fn delete_records(&self, command: Command) -> Result<Value, Refusal> {
        let mut low = HashMap::new();
        for (partition, before) in command.before {
            let client = self.partition(&command.topic, partition).await?;
            client.delete_records(before, REQUEST_MS).await?;
            let earliest = client.get_offset(OffsetAt::Earliest).await?;
            low.insert(partition, earliest);
        }
        Ok(json!(low))
    }
}

fn open(producers: &mut [Option<Producer>], number: usize) -> Result<&mut Producer, Refusal> {
    producers[number].as_mut().ok_or_else(|| Refusal::own("the producer is closed"))
}

/// The client of the cluster asks it at once, so that it is made with the first verb that needs it.
async fn connect(address: &str) -> Result<Program, Refusal> {
    let backoff = BackoffConfig {
        init_backoff: Duration::from_millis(50),
        max_backoff: Duration::from_millis(500),
        deadline: Some(PATIENCE),
        ..BackoffConfig::default()
    };
    let client = ClientBuilder::new(vec![address.to_owned()]).backoff_config(backoff).build().await?;
    Ok(Program { client, producers: Vec::new() })
}

async fn answer(program: &mut Option<Program>, address: &str, command: Command) -> Result<Value, Refusal> {
    if command.verb == "about" {
        return Ok(about());
    }
    let connected = match program {
        Some(connected) => connected,
        None => program.insert(connect(address).await?),
    };
    connected.answer(command).await
}

async fn serve(address: String) -> Result<(), Box<dyn std::error::Error>> {
    let mut program = None;
    while let Some(command) = protocol::read()? {
        protocol::write(answer(&mut program, &address, command).await)?;
    }
    Ok(())
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let address = std::env::args().nth(1).ok_or("the broker's address is missing")?;
    tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(serve(address))
}
