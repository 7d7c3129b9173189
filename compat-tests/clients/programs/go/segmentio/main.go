// segmentio/kafka-go behind the line protocol of drivers/program.py.
package main

import (
	"context"
	"errors"
	"os"
	"time"

	"github.com/segmentio/kafka-go"

	"pykbroker/clients/protocol"
)

var about = protocol.About{
	Version:   "0.4.51",
	Codecs:    []string{"none", "gzip", "snappy", "lz4", "zstd"},
	Assignors: []string{"range", "roundrobin"},
	Cannot: map[string]string{
		"idempotence":    "kafka-go has no idempotent producer",
		"transactions":   "kafka-go has the requests of transactions, but no producer that uses them",
		"static members": "kafka-go has no group.instance.id",
		"delete_records": "kafka-go has no call to delete records",
		"append time":    "kafka-go reads the producer's timestamp whatever the batch's timestamp type says",
		"empty":          "kafka-go reads empty keys, values and headers as null",
	},
}

var (
	address   = os.Args[1]
	producers []*producer
	ctx       = context.Background()
)

func main() {
	verbs := protocol.Verbs{
		"open_producer": openProducer,
		"send":          send,
		"flush":         flush,
		"close_producer": func(c protocol.Command) (any, error) {
			return nil, producers[c.Producer].Close()
		},
		"read":   read,
		"member": member,
	}
	addAdministration(verbs)
	protocol.Serve(about, verbs, code)
}

func code(err error) int {
	var several kafka.WriteErrors
	if errors.As(err, &several) {
		for _, one := range several {
			if one != nil {
				err = one
			}
		}
	}
	var refused kafka.Error
	if errors.As(err, &refused) {
		return int(refused)
	}
	return -1
}

// --- producing

type producer struct {
	*kafka.Writer
	waiting []kafka.Message
	places  [][2]int64 // partition and offset of each, as they are acknowledged
}

// order is what a message carries: its place among those that were sent, and the partition that it shall go to.
type order struct {
	place     int
	partition *int32
}

// balancer obeys a message that names its partition and leaves the others to the library's hash of keys.
type balancer struct{ keyed kafka.Hash }

func (b *balancer) Balance(message kafka.Message, partitions ...int) int {
	if wanted := message.WriterData.(order).partition; wanted != nil {
		return int(*wanted)
	}
	return b.keyed.Balance(message, partitions...)
}

func openProducer(c protocol.Command) (any, error) {
	p := &producer{}
	p.Writer = &kafka.Writer{
		Addr:         kafka.TCP(address),
		Balancer:     &balancer{},
		BatchTimeout: 5 * time.Millisecond,
		RequiredAcks: map[string]kafka.RequiredAcks{
			"0": kafka.RequireNone, "1": kafka.RequireOne, "all": kafka.RequireAll,
		}[c.Acks],
		Compression: map[string]kafka.Compression{
			"gzip": kafka.Gzip, "snappy": kafka.Snappy, "lz4": kafka.Lz4, "zstd": kafka.Zstd,
		}[c.Codec],
		BatchBytes:             int64(c.MaxBytes),
		AllowAutoTopicCreation: true,
		Completion: func(messages []kafka.Message, err error) {
			for _, message := range messages {
				p.places[message.WriterData.(order).place] = [2]int64{int64(message.Partition), message.Offset}
			}
		},
	}
	producers = append(producers, p)
	return len(producers) - 1, nil
}

// send keeps the message until flush: WriteMessages waits for what it is given.
func send(c protocol.Command) (any, error) {
	p := producers[c.Producer]
	message := kafka.Message{
		Topic:      c.Topic,
		Key:        c.Message.Key,
		Value:      c.Message.Value,
		Time:       c.Message.Time(),
		WriterData: order{len(p.waiting), c.Message.Partition},
	}
	for _, header := range c.Message.Headers {
		message.Headers = append(message.Headers, kafka.Header(header))
	}
	p.waiting = append(p.waiting, message)
	return nil, nil
}

func flush(c protocol.Command) (any, error) {
	p := producers[c.Producer]
	limited, cancel := context.WithTimeout(ctx, c.For())
	defer cancel()
	p.places = make([][2]int64, len(p.waiting))
	err := p.WriteMessages(limited, p.waiting...)
	// A topic that comes into being by this is not there at once; kafka-go leaves it to its user to try again.
	for errors.Is(err, kafka.UnknownTopicOrPartition) && limited.Err() == nil {
		time.Sleep(50 * time.Millisecond)
		err = p.WriteMessages(limited, p.waiting...)
	}
	p.waiting = nil
	return p.places, err
}

// --- reading

func shown(message kafka.Message) protocol.Record {
	var headers []protocol.Header
	for _, header := range message.Headers {
		headers = append(headers, protocol.Header(header))
	}
	return protocol.Read(int32(message.Partition), message.Offset, message.Time, message.Key, message.Value, headers)
}

func newReader(topic string, partition int32, offset int64, config kafka.ReaderConfig) *kafka.Reader {
	config.Brokers = []string{address}
	config.Topic = topic
	config.Partition = int(partition)
	config.MinBytes = 1
	if config.MaxBytes == 0 {
		config.MaxBytes = 1 << 20
	}
	config.MaxWait = 100 * time.Millisecond
	config.ReadBackoffMin = 10 * time.Millisecond
	reader := kafka.NewReader(config)
	reader.SetOffset(offset) // fails only for a reader in a group
	return reader
}

func read(c protocol.Command) (any, error) {
	config := kafka.ReaderConfig{MaxBytes: int(c.PartitionBytes)}
	if c.CommittedOnly {
		config.IsolationLevel = kafka.ReadCommitted
	}
	limited, cancel := context.WithTimeout(ctx, c.For())
	defer cancel()
	messages := make(chan kafka.Message)
	for partition, offset := range c.Starts {
		reader := newReader(c.Topic, partition, offset, config)
		defer reader.Close()
		go func() {
			for {
				message, err := reader.FetchMessage(limited)
				if err != nil {
					return // the time is up, or the reader closed
				}
				select {
				case messages <- message:
				case <-limited.Done():
					return
				}
			}
		}()
	}
	got := []protocol.Record{}
	for len(got) < c.Count {
		select {
		case message := <-messages:
			got = append(got, shown(message))
		case <-limited.Done():
			return got, nil
		}
	}
	return got, nil
}
