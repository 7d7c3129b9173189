// Sarama behind the line protocol of drivers/program.py.
package main

import (
	"errors"
	"os"
	"time"

	"github.com/IBM/sarama"

	"pykbroker/clients/protocol"
)

var about = protocol.About{
	Version:   "1.61.1",
	Codecs:    []string{"none", "gzip", "snappy", "lz4", "zstd"},
	Assignors: []string{"range", "roundrobin", "sticky"},
	Cannot:    map[string]string{},
}

var (
	addresses = []string{os.Args[1]}
	producers []*producer
)

func main() {
	verbs := protocol.Verbs{
		"open_producer":  openProducer,
		"send":           send,
		"flush":          flush,
		"begin":          begin,
		"send_offsets":   sendOffsets,
		"end":            end,
		"close_producer": closeProducer,
		"read":           read,
		"member":         member,
	}
	addAdministration(verbs)
	protocol.Serve(about, verbs, code)
}

func code(err error) int {
	var refused sarama.KError
	if errors.As(err, &refused) {
		return int(refused)
	}
	return -1
}

func newConfig() *sarama.Config {
	config := sarama.NewConfig()
	config.Version = sarama.MaxVersion
	config.Consumer.MaxWaitTime = 100 * time.Millisecond
	config.Consumer.Return.Errors = true
	config.Consumer.Offsets.Initial = sarama.OffsetOldest
	config.Consumer.Offsets.AutoCommit.Enable = false
	config.Producer.Return.Successes = true
	return config
}

// --- producing

type producer struct {
	sarama.AsyncProducer
	sent []*sarama.ProducerMessage
}

// partitioner obeys a message that names its partition and leaves the others to the library's hash of keys.
type partitioner struct{ manual, keyed sarama.Partitioner }

func newPartitioner(topic string) sarama.Partitioner {
	return partitioner{sarama.NewManualPartitioner(topic), sarama.NewHashPartitioner(topic)}
}

func (p partitioner) Partition(message *sarama.ProducerMessage, count int32) (int32, error) {
	if message.Partition >= 0 {
		return p.manual.Partition(message, count)
	}
	return p.keyed.Partition(message, count)
}

func (p partitioner) RequiresConsistency() bool { return true }

func openProducer(c protocol.Command) (any, error) {
	config := newConfig()
	config.Producer.RequiredAcks = map[string]sarama.RequiredAcks{
		"0": sarama.NoResponse, "1": sarama.WaitForLocal, "all": sarama.WaitForAll,
	}[c.Acks]
	config.Producer.Compression = map[string]sarama.CompressionCodec{
		"none":   sarama.CompressionNone,
		"gzip":   sarama.CompressionGZIP,
		"snappy": sarama.CompressionSnappy,
		"lz4":    sarama.CompressionLZ4,
		"zstd":   sarama.CompressionZSTD,
	}[c.Codec]
	config.Producer.Partitioner = newPartitioner
	config.Producer.Flush.Frequency = 5 * time.Millisecond
	config.Producer.Retry.Max = 200 // a broker may be away for a while
	if c.MaxBytes > 0 {
		config.Producer.MaxMessageBytes = int(c.MaxBytes)
	}
	if c.Idempotent {
		config.Producer.Idempotent = true
		config.Net.MaxOpenRequests = 1
	}
	config.Producer.Transaction.ID = c.TransactionalID
	made, err := sarama.NewAsyncProducer(addresses, config)
	if err != nil {
		return nil, err
	}
	producers = append(producers, &producer{AsyncProducer: made})
	return len(producers) - 1, nil
}

// bytesOrNull: a typed nil would be an empty value.
func bytesOrNull(data []byte) sarama.Encoder {
	if data == nil {
		return nil
	}
	return sarama.ByteEncoder(data)
}

// send hands over, and takes what was acknowledged meanwhile: the channels are short.
func send(c protocol.Command) (any, error) {
	message := &sarama.ProducerMessage{
		Topic:     c.Topic,
		Partition: -1,
		Timestamp: c.Message.Time(),
		Key:       bytesOrNull(c.Message.Key),
		Value:     bytesOrNull(c.Message.Value),
		Metadata:  new(outcome),
	}
	if c.Message.Partition != nil {
		message.Partition = *c.Message.Partition
	}
	for _, header := range c.Message.Headers {
		message.Headers = append(message.Headers, sarama.RecordHeader{Key: []byte(header.Key), Value: header.Value})
	}
	p := producers[c.Producer]
	p.sent = append(p.sent, message)
	for {
		select {
		case p.Input() <- message:
			return nil, nil
		case done := <-p.Successes():
			settle(done, nil)
		case failed := <-p.Errors():
			settle(failed.Msg, failed.Err)
		}
	}
}

type outcome struct {
	isSettled bool
	err       error
}

func settle(message *sarama.ProducerMessage, err error) {
	*message.Metadata.(*outcome) = outcome{true, err}
}

func flush(c protocol.Command) (any, error) {
	p := producers[c.Producer]
	sent := p.sent
	p.sent = nil
	timeout := time.After(c.For())
	acknowledged := [][2]int64{}
	for _, message := range sent {
		result := message.Metadata.(*outcome)
		for !result.isSettled {
			select {
			case done := <-p.Successes():
				settle(done, nil)
			case failed := <-p.Errors():
				settle(failed.Msg, failed.Err)
			case <-timeout:
				return nil, errors.New("not acknowledged in time")
			}
		}
		if result.err != nil {
			return nil, result.err
		}
		acknowledged = append(acknowledged, [2]int64{int64(message.Partition), message.Offset})
	}
	return acknowledged, nil
}

func begin(c protocol.Command) (any, error) {
	return nil, producers[c.Producer].BeginTxn()
}

func sendOffsets(c protocol.Command) (any, error) {
	places := []*sarama.PartitionOffsetMetadata{}
	for partition, offset := range c.Offsets {
		places = append(places, &sarama.PartitionOffsetMetadata{Partition: partition, Offset: offset})
	}
	offsets := map[string][]*sarama.PartitionOffsetMetadata{c.Topic: places}
	return nil, producers[c.Producer].AddOffsetsToTxn(offsets, c.Group)
}

func end(c protocol.Command) (any, error) {
	if c.Commit {
		return nil, producers[c.Producer].CommitTxn()
	}
	return nil, producers[c.Producer].AbortTxn()
}

func closeProducer(c protocol.Command) (any, error) {
	p := producers[c.Producer]
	p.AsyncClose()
	for range p.Successes() {
	}
	return nil, nil
}

// --- reading

func shown(message *sarama.ConsumerMessage) protocol.Record {
	var headers []protocol.Header
	for _, header := range message.Headers {
		headers = append(headers, protocol.Header{Key: string(header.Key), Value: header.Value})
	}
	return protocol.Read(message.Partition, message.Offset, message.Timestamp, message.Key, message.Value, headers)
}

func read(c protocol.Command) (any, error) {
	config := newConfig()
	if c.CommittedOnly {
		config.Consumer.IsolationLevel = sarama.ReadCommitted
	}
	if c.PartitionBytes > 0 {
		config.Consumer.Fetch.Default = c.PartitionBytes
	}
	consumer, err := sarama.NewConsumer(addresses, config)
	if err != nil {
		return nil, err
	}
	defer consumer.Close()
	messages := make(chan *sarama.ConsumerMessage)
	failures := make(chan error)
	isDone := make(chan struct{})
	defer close(isDone)
	for partition, offset := range c.Starts {
		reading, err := consumer.ConsumePartition(c.Topic, partition, offset)
		if err != nil {
			return nil, err
		}
		defer reading.AsyncClose()
		go forward(reading, messages, failures, isDone)
	}
	timeout := time.After(c.For())
	got := []protocol.Record{}
	for len(got) < c.Count {
		select {
		case message := <-messages:
			got = append(got, shown(message))
		case err := <-failures:
			return nil, err
		case <-timeout:
			return got, nil
		}
	}
	return got, nil
}

// forward gives on what one partition brings, and keeps its channels empty until they are closed.
func forward(
	reading sarama.PartitionConsumer, messages chan<- *sarama.ConsumerMessage, failures chan<- error, isDone <-chan struct{},
) {
	go func() {
		for failed := range reading.Errors() {
			select {
			case failures <- failed:
			case <-isDone:
			}
		}
	}()
	for message := range reading.Messages() {
		select {
		case messages <- message:
		case <-isDone:
		}
	}
}
