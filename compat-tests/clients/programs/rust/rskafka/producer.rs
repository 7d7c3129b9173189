//! A producer of several partitions, made of rskafka's one for each.

use std::collections::HashMap;
use std::sync::Arc;

use futures::future::try_join_all;
use rskafka::client::Client;
use rskafka::client::partition::{Compression, UnknownTopicHandling};
use rskafka::client::producer::aggregator::RecordAggregator;
use rskafka::client::producer::{BatchProducer, BatchProducerBuilder, Error};
use rskafka::record::Record;

use crate::protocol::{Command, Message, Refusal};

const BATCH_BYTES: usize = 500_000; // of keys, values and headers; half of what brokers take by default

type Place = (String, i32);

pub struct Producer {
    compression: Compression,
    batch_bytes: usize,
    partitions: HashMap<Place, BatchProducer<RecordAggregator>>,
    waiting: Vec<(Place, Record)>,
}

impl Producer {
    pub fn new(command: &Command) -> Result<Self, Refusal> {
        let compression = match command.codec.as_str() {
            "none" => Compression::NoCompression,
            "gzip" => Compression::Gzip,
            "snappy" => Compression::Snappy,
            "lz4" => Compression::Lz4,
            "zstd" => Compression::Zstd,
            codec => return Err(Refusal::own(format!("no such codec: {codec}"))),
        };
        let batch_bytes = command.max_bytes.unwrap_or(BATCH_BYTES);
        Ok(Producer { compression, batch_bytes, partitions: HashMap::new(), waiting: Vec::new() })
    }

    /// Keeps the message until the flush: rskafka waits for what it is given.
    pub fn send(&mut self, topic: String, message: Message) -> Result<(), Refusal> {
        let partition = message.partition.unwrap_or_default(); // the driver asks for no choice of rskafka's
        self.waiting.push(((topic, partition), message.into_record()?));
        Ok(())
    }

    /// Partition and offset of each message, in order of sending.
    pub async fn flush(&mut self, client: &Client) -> Result<Vec<(i32, i64)>, Refusal> {
        let waiting = std::mem::take(&mut self.waiting);
        for (place, _) in &waiting {
            if !self.partitions.contains_key(place) {
                let made = self.open(client, place).await?;
                self.partitions.insert(place.clone(), made);
            }
        }
        let sent = waiting.into_iter().map(async |(place, record)| {
            let offset = self.partitions[&place].produce(record).await?;
            Ok((place.1, offset))
        });
        try_join_all(sent).await.map_err(|error| match error {
            Error::Client(shared) => Refusal::of(&*shared),
            other => other.into(),
        })
    }

    async fn open(&self, client: &Client, place: &Place) -> Result<BatchProducer<RecordAggregator>, Refusal> {
        let (topic, partition) = place;
        let made = client.partition_client(topic, *partition, UnknownTopicHandling::Retry);
        let builder = BatchProducerBuilder::new(Arc::new(made.await?)).with_compression(self.compression);
        Ok(builder.build(RecordAggregator::new(self.batch_bytes)))
    }
}
