// franz-go behind the line protocol of drivers/program.py.
package main

import (
	"context"
	"errors"
	"os"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"

	"pykbroker/clients/protocol"
)

var about = protocol.About{
	Version:   "1.22.3",
	Codecs:    []string{"none", "gzip", "snappy", "lz4", "zstd"},
	Assignors: []string{"range", "roundrobin", "sticky", "cooperative-sticky"},
	Cannot: map[string]string{
		"send_offsets": "franz-go commits offsets in a transaction only for its own group member (GroupTransactSession)",
	},
}

var (
	seeds     = kgo.SeedBrokers(os.Args[1])
	producers []*producer
	ctx       = context.Background()
)

func main() {
	verbs := protocol.Verbs{
		"open_producer": openProducer,
		"send":          send,
		"flush":         flush,
		"begin":         begin,
		"end":           end,
		"close_producer": func(c protocol.Command) (any, error) {
			producers[c.Producer].client.Close()
			return nil, nil
		},
		"read":   read,
		"member": member,
	}
	addAdministration(verbs)
	protocol.Serve(about, verbs, code)
}

func code(err error) int {
	var refused *kerr.Error
	if errors.As(err, &refused) {
		return int(refused.Code)
	}
	return -1
}

// --- producing

type producer struct {
	client *kgo.Client
	sent   []outcome
}

type outcome struct {
	record *kgo.Record
	err    error
}

// partitioner obeys a record that names its partition and leaves the others to the library's hash of keys.
type partitioner struct{}

type topicPartitioner struct{ manual, keyed kgo.TopicPartitioner }

func (partitioner) ForTopic(topic string) kgo.TopicPartitioner {
	return topicPartitioner{kgo.ManualPartitioner().ForTopic(topic), kgo.StickyKeyPartitioner(nil).ForTopic(topic)}
}

func (p topicPartitioner) chosen(record *kgo.Record) kgo.TopicPartitioner {
	if record.Partition >= 0 {
		return p.manual
	}
	return p.keyed
}

func (p topicPartitioner) RequiresConsistency(record *kgo.Record) bool {
	return p.chosen(record).RequiresConsistency(record)
}

func (p topicPartitioner) Partition(record *kgo.Record, count int) int {
	return p.chosen(record).Partition(record, count)
}

func openProducer(c protocol.Command) (any, error) {
	acks := map[string]kgo.Acks{"0": kgo.NoAck(), "1": kgo.LeaderAck(), "all": kgo.AllISRAcks()}
	codecs := map[string]kgo.CompressionCodec{
		"none":   kgo.NoCompression(),
		"gzip":   kgo.GzipCompression(),
		"snappy": kgo.SnappyCompression(),
		"lz4":    kgo.Lz4Compression(),
		"zstd":   kgo.ZstdCompression(),
	}
	options := []kgo.Opt{
		seeds,
		kgo.RequiredAcks(acks[c.Acks]),
		kgo.ProducerBatchCompression(codecs[c.Codec]),
		kgo.RecordPartitioner(partitioner{}),
		kgo.AllowAutoTopicCreation(),
		kgo.MetadataMinAge(100 * time.Millisecond),
	}
	if !c.Idempotent {
		options = append(options, kgo.DisableIdempotentWrite())
	}
	if c.MaxBytes > 0 {
		options = append(options, kgo.ProducerBatchMaxBytes(c.MaxBytes))
	}
	if c.TransactionalID != "" {
		options = append(options, kgo.TransactionalID(c.TransactionalID))
	}
	client, err := kgo.NewClient(options...)
	if err != nil {
		return nil, err
	}
	producers = append(producers, &producer{client: client})
	if c.TransactionalID != "" {
		if _, _, err := client.ProducerID(ctx); err != nil {
			return nil, err
		}
	}
	return len(producers) - 1, nil
}

func send(c protocol.Command) (any, error) {
	record := &kgo.Record{
		Topic:     c.Topic,
		Partition: -1,
		Timestamp: c.Message.Time(),
		Key:       c.Message.Key,
		Value:     c.Message.Value,
	}
	if c.Message.Partition != nil {
		record.Partition = *c.Message.Partition
	}
	for _, header := range c.Message.Headers {
		record.Headers = append(record.Headers, kgo.RecordHeader(header))
	}
	p := producers[c.Producer]
	place := len(p.sent)
	p.sent = append(p.sent, outcome{record: record})
	p.client.Produce(ctx, record, func(record *kgo.Record, err error) {
		p.sent[place] = outcome{record, err}
	})
	return nil, nil
}

func flush(c protocol.Command) (any, error) {
	p := producers[c.Producer]
	limited, cancel := context.WithTimeout(ctx, c.For())
	defer cancel()
	if err := p.client.Flush(limited); err != nil {
		return nil, err
	}
	acknowledged := [][2]int64{}
	for _, done := range p.sent {
		if done.err != nil {
			return nil, done.err
		}
		acknowledged = append(acknowledged, [2]int64{int64(done.record.Partition), done.record.Offset})
	}
	p.sent = nil
	return acknowledged, nil
}

func begin(c protocol.Command) (any, error) {
	return nil, producers[c.Producer].client.BeginTransaction()
}

func end(c protocol.Command) (any, error) {
	return nil, producers[c.Producer].client.EndTransaction(ctx, kgo.TransactionEndTry(c.Commit))
}

// --- reading

func shown(record *kgo.Record) protocol.Record {
	var headers []protocol.Header
	for _, header := range record.Headers {
		headers = append(headers, protocol.Header(header))
	}
	return protocol.Read(record.Partition, record.Offset, record.Timestamp, record.Key, record.Value, headers)
}

func read(c protocol.Command) (any, error) {
	starts := map[int32]kgo.Offset{}
	for partition, offset := range c.Starts {
		starts[partition] = kgo.NewOffset().At(offset)
	}
	options := []kgo.Opt{
		seeds,
		kgo.ConsumePartitions(map[string]map[int32]kgo.Offset{c.Topic: starts}),
		kgo.FetchMaxWait(100 * time.Millisecond),
		kgo.MetadataMinAge(100 * time.Millisecond),
	}
	if c.CommittedOnly {
		options = append(options, kgo.FetchIsolationLevel(kgo.ReadCommitted()))
	}
	if limit := c.PartitionBytes; limit > 0 {
		options = append(options, kgo.FetchMaxPartitionBytes(limit), kgo.FetchMaxBytes(limit*3/2))
	}
	client, err := kgo.NewClient(options...)
	if err != nil {
		return nil, err
	}
	defer client.Close()
	limited, cancel := context.WithTimeout(ctx, c.For())
	defer cancel()
	got := []protocol.Record{}
	for len(got) < c.Count && limited.Err() == nil {
		fetches := client.PollFetches(limited)
		for _, failed := range fetches.Errors() {
			if limited.Err() == nil {
				return nil, failed.Err
			}
		}
		fetches.EachRecord(func(record *kgo.Record) { got = append(got, shown(record)) })
	}
	return got, nil
}

func member(c protocol.Command) (any, error) {
	told := protocol.NewMembership()
	balancers := map[string]kgo.GroupBalancer{
		"range":              kgo.RangeBalancer(),
		"roundrobin":         kgo.RoundRobinBalancer(),
		"sticky":             kgo.StickyBalancer(),
		"cooperative-sticky": kgo.CooperativeStickyBalancer(),
	}
	revoked := func(_ context.Context, _ *kgo.Client, lost map[string][]int32) { told.Revoked(lost[c.Topic]) }
	options := []kgo.Opt{
		seeds,
		kgo.ConsumerGroup(c.Group),
		kgo.ConsumeTopics(c.Topic),
		kgo.Balancers(balancers[c.Assignor]),
		kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()),
		kgo.HeartbeatInterval(200 * time.Millisecond),
		kgo.SessionTimeout(6 * time.Second),
		kgo.FetchMaxWait(100 * time.Millisecond),
		kgo.MetadataMinAge(100 * time.Millisecond),
		kgo.MetadataMaxAge(2 * time.Second),
		kgo.DisableAutoCommit(),
		kgo.BlockRebalanceOnPoll(),
		kgo.OnPartitionsAssigned(func(_ context.Context, _ *kgo.Client, added map[string][]int32) {
			told.Assigned(added[c.Topic])
		}),
		kgo.OnPartitionsRevoked(revoked),
		kgo.OnPartitionsLost(revoked),
	}
	if c.InstanceID != "" {
		options = append(options, kgo.InstanceID(c.InstanceID))
	}
	client, err := kgo.NewClient(options...)
	if err != nil {
		return nil, err
	}
	defer client.CloseAllowingRebalance()
	for !told.IsLeaving() {
		limited, cancel := context.WithTimeout(ctx, 50*time.Millisecond)
		client.PollFetches(limited).EachRecord(func(record *kgo.Record) { told.Polled(shown(record)) })
		cancel()
		// A commit that fails because the group moves on stays owed: the next one, or the next owner, settles it.
		if told.OwesACommit() && client.CommitUncommittedOffsets(ctx) == nil {
			told.Committed()
		}
		client.AllowRebalance()
	}
	return nil, nil
}
